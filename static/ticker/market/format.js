/**
 * Numbers as people read them, from decimal strings and without floats; ticker/templatetags/prices.py says
 * the same numbers the same way, so that nothing jumps when the script takes over.
 */

export const UNKNOWN = "—"; // never 0: zero is a price
const MINUS = "\u2212"; // as wide as a plus, unlike a hyphen
const PLAIN = /^-?\d+(\.\d+)?$/;

/** @typedef {"up" | "down" | "flat"} Direction */

/**
 * A decimal string as a whole number of 10^-decimals; more decimals are rounded half to even.
 *
 * @param {string} text
 * @param {number} decimals
 */
function units(text, decimals) {
  const negative = text.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  const kept = fraction.slice(0, decimals).padEnd(decimals, "0");
  let value = BigInt(whole + kept);
  const rest = fraction.slice(decimals).replace(/0+$/, "");
  if (rest && (rest > "5" || (rest === "5" && value % 2n === 1n))) value += 1n;
  return negative ? -value : value;
}

/**
 * @param {bigint} value  of 10^-decimals
 * @param {number} decimals
 */
function written(value, decimals) {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0n ? MINUS : "") + whole + (decimals ? `.${digits.slice(-decimals)}` : "");
}

/** For programs: no grouping. @param {bigint} value @param {number} decimals */
const plain = (value, decimals) => written(value, decimals).replaceAll(",", "").replace(MINUS, "-");

/** How many digits follow the point. @param {string} text */
const decimalsIn = (text) => text.split(".")[1]?.length ?? 0;

/**
 * The number with exactly so many decimals, grouped by commas, never in scientific notation.
 *
 * @param {string | null | undefined} text  a plain decimal; anything else is unknown
 * @param {number} decimals
 */
export function fixed(text, decimals) {
  return text && PLAIN.test(text) ? written(units(text, decimals), decimals) : UNKNOWN;
}

/**
 * The exact difference of two plain decimals.
 *
 * @param {string} left
 * @param {string} right
 */
export function minus(left, right) {
  const decimals = Math.max(decimalsIn(left), decimalsIn(right));
  return plain(units(left, decimals) - units(right, decimals), decimals);
}

/**
 * Exactly so many ticks or steps, as a plain decimal.
 *
 * @param {number} count  a whole number, below 2^53
 * @param {string} step
 */
export function times(count, step) {
  const decimals = decimalsIn(step);
  return plain(BigInt(count) * units(step, decimals), decimals);
}

/**
 * @param {string | null | undefined} text
 * @returns {Direction}
 */
export function direction(text) {
  if (!text || !PLAIN.test(text) || /^-?0*(\.0*)?$/.test(text)) return "flat";
  return text.startsWith("-") ? "down" : "up";
}

/** The change without colour. @param {Direction} way */
export function arrow(way) {
  return { up: "▲", down: "▼", flat: "=" }[way];
}

/**
 * @param {string | null | undefined} text
 * @param {number} decimals
 */
export function signed(text, decimals) {
  const said = fixed(text, decimals);
  return direction(text) === "up" && /[1-9]/.test(said) ? `+${said}` : said;
}

/** Signed, with two decimals: +1.77%. @param {string | null | undefined} text */
export function percent(text) {
  const said = signed(text, 2);
  return said === UNKNOWN ? said : `${said === `${MINUS}0.00` ? "0.00" : said}%`;
}

/** @type {[number, string][]} */
const UNITS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
];

/**
 * Three figures and a unit: 6.91M, 88.1K, 412; the full number belongs into a title.
 *
 * @param {string | null | undefined} text
 */
export function compact(text) {
  if (!text || !PLAIN.test(text)) return UNKNOWN;
  const number = Number(text); // three figures of a volume: a float is exact enough
  for (const [size, unit] of UNITS) {
    // 999,950 would round to 1000.0K: it is 1.00M already.
    if (Math.abs(number) >= size * 0.9995) return figures(number / size) + unit;
  }
  return figures(number);
}

/** @param {number} number  below a thousand */
function figures(number) {
  const whole = Math.abs(number);
  return number.toFixed(whole >= 99.95 ? 0 : whole >= 9.995 ? 1 : 2).replace("-", MINUS);
}

/**
 * Every figure of it, grouped.
 *
 * @param {string | null | undefined} text
 */
export function full(text) {
  return text ? fixed(text, decimalsIn(text)) : UNKNOWN;
}

/**
 * What a buyer pays above a seller, in quote currency and in basis points of the middle: 0.02 · 1.4 bps.
 *
 * @param {string} bid
 * @param {string} ask
 * @param {number} decimals
 */
export function spread(bid, ask, decimals) {
  const gap = minus(ask, bid);
  if (direction(gap) !== "up") return UNKNOWN;
  const points = (Number(gap) * 20_000) / (Number(ask) + Number(bid));
  const said = points >= 1 ? points.toFixed(1) : points >= 0.01 ? points.toFixed(2) : "<0.01";
  return `${fixed(gap, decimals)} · ${said} bps`;
}

/** The time of day, UTC: 12:03:22. @param {number} ms */
export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}

/** @param {number} ms */
export function dayAndClock(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** A length of time in its largest unit: 18 s, 4 min, 3 h, 2 d. @param {number} ms */
export function age(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min`;
  return `${seconds} s`;
}

/** The time left on a clock: 0:42, 3:07:12. @param {number} ms */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
