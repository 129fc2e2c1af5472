/** Close codes: what they ask of us, and what to tell people. */

export const SIGNED_OUT = 4503;
export const LOST = 1006; // what a browser says about a connection that ended without a word

/** @type {Record<number, string>} */
const WORDS = {
  1000: "closed",
  1001: "server going away",
  1006: "connection lost",
  1011: "server error",
  4000: "server restarting",
  4001: "time for a fresh connection",
  4002: "your connection was too slow",
  4003: "server lost its place in the stream",
  4100: "server full",
  4101: "too many requests",
  4102: "server error",
  4500: "we did not understand each other; reload the page",
  4503: "sign in again",
  4504: "too many connections from here",
  4505: "message too big",
  4506: "removed by staff",
};

/**
 * @param {number} code
 * @returns {boolean} false for 4500–4999: the server does not want us back
 */
export function mayReturn(code) {
  return code < 4500 || code > 4999;
}

/**
 * @param {number} code
 * @returns {boolean} true for 4100–4499: five seconds or more
 */
export function mustWait(code) {
  return code >= 4100 && code <= 4499;
}

/**
 * The code that an HTTP answer stands for, so that all transports end alike. A 400 is not the end: one channel that
 * does not exist spoils a whole request, and a transport that asks for each by itself gets through.
 *
 * @param {number} status
 * @returns {number}
 */
export function codeOfHttp(status) {
  if (status === 401 || status === 403) return 4503;
  if (status === 429) return 4101;
  if (status === 503) return 4100;
  return LOST;
}

/**
 * @param {number} code
 * @returns {string} for people
 */
export function wordsOf(code) {
  return WORDS[code] ?? "connection lost";
}
