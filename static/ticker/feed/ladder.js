/** Which transport to try next: the best one that gets through. Pure: a ladder is a value, each step a new one. */

/** @import { TransportName } from "../types.js" */

/** @type {readonly TransportName[]} best first */
export const RUNGS = ["websocket", "sse", "longpoll", "poll"];
export const HELLO_MS = 4_000; // a proxy that swallows WebSockets keeps them open without a word
export const CLIMB_MS = 5 * 60_000; // often enough for a laptop that left the hotel, rare enough for a firewall's log
const TRIES = 2; // one failure may be a restart; two in a row on the same rung are the rung's fault

/**
 * @typedef {object} Ladder
 * @property {number} rung  index into RUNGS
 * @property {number} failures  attempts on this rung that ended without a hello, since the last hello
 * @property {TransportName | null} pinned
 * @property {number} climbAtMs  when to look for something better; Infinity on the top, when pinned, and until a hello
 */

/**
 * @param {TransportName | null} [pinned]  stay on this rung, whatever happens
 * @returns {Ladder}
 */
export function ladder(pinned = null) {
  return { rung: pinned === null ? 0 : RUNGS.indexOf(pinned), failures: 0, pinned, climbAtMs: Infinity };
}

/**
 * @param {Ladder} at
 * @returns {TransportName}
 */
export function transportOf(at) {
  return /** @type {TransportName} */ (RUNGS[at.rung]);
}

/**
 * An attempt ended without a hello. A step down after the second failure, or after one that took HELLO_MS. Below the
 * last rung is the first: where nothing gets through, nothing is known about any of them.
 *
 * @param {Ladder} at
 * @param {{silent: boolean}} how  silent: it was open for HELLO_MS and said nothing
 * @returns {Ladder}
 */
export function failed(at, { silent }) {
  if (at.pinned !== null) return at;
  if (!silent && at.failures + 1 < TRIES) return { ...at, failures: at.failures + 1 };
  const rung = (at.rung + 1) % RUNGS.length;
  return { ...at, rung, failures: 0 };
}

/**
 * A hello came.
 *
 * @param {Ladder} at
 * @param {TransportName} name  who said it; a higher rung than ours means that we climbed
 * @param {number} nowMs
 * @returns {Ladder}
 */
export function lived(at, name, nowMs) {
  const rung = RUNGS.indexOf(name);
  const top = rung === 0 || at.pinned !== null;
  return { ...at, rung, failures: 0, climbAtMs: top ? Infinity : nowMs + CLIMB_MS };
}

/**
 * @param {Ladder} at
 * @param {number} nowMs
 * @returns {TransportName[]} the better ones to try now, best first; empty when it is not time
 */
export function better(at, nowMs) {
  return nowMs >= at.climbAtMs ? RUNGS.slice(0, at.rung) : [];
}

/**
 * None of the better ones got through.
 *
 * @param {Ladder} at
 * @param {number} nowMs
 * @returns {Ladder}
 */
export function stayed(at, nowMs) {
  return { ...at, climbAtMs: nowMs + CLIMB_MS };
}
