/** The order of the rows of the markets table. */

/**
 * @typedef {object} Figures
 * @property {string} name  "SOL/USDT"
 * @property {string} last  plain decimals; "" when not known
 * @property {string} change
 * @property {string} high
 * @property {string} low
 * @property {string} volume
 */

/** @typedef {keyof Figures} Column */

/**
 * Compares two rows: names by letter, figures by size, what is not known always last, equals by name.
 *
 * @param {Column} column
 * @param {boolean} descending
 * @returns {(a: Figures, b: Figures) => number}
 */
export function by(column, descending) {
  return (a, b) => {
    if (column === "name") return a.name.localeCompare(b.name, "en") * (descending ? -1 : 1);
    const [left, right] = [a[column], b[column]];
    if (left === "" || right === "") return Number(left === "") - Number(right === "") || a.name.localeCompare(b.name, "en");
    return (Number(left) - Number(right)) * (descending ? -1 : 1) || a.name.localeCompare(b.name, "en");
  };
}
