/** What to do with an update, told from its numbers alone: never twice, never with a hole before it. */

/**
 * @template T
 * @typedef {{act: "drop"} | {act: "gap"} | {act: "apply", from: number, data: T}} Verdict
 */

/**
 * An update covers the range `from`…`seq`; merging widens it, so wanted merging never looks like loss.
 *
 * @template T
 * @param {number | null} last  the last number known; null when any beginning will do
 * @param {number} from
 * @param {number} seq
 * @param {T} data  of a log an array with one item for each number: what is known already is cut off
 * @returns {Verdict<T>}
 */
export function apply(last, from, seq, data) {
  if (last !== null && seq <= last) return { act: "drop" };
  if (last !== null && from > last + 1) return { act: "gap" };
  if (last === null || !Array.isArray(data)) return { act: "apply", from, data };
  // Fewer items than numbers is a loss inside the range: as bad as one before it.
  if (data.length !== seq - from + 1) return { act: "gap" };
  const known = last + 1 - from;
  return { act: "apply", from: from + known, data: known === 0 ? data : /** @type {T} */ (data.slice(known)) };
}
