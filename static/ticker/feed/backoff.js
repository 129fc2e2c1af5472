/** How long to wait before connecting again, so that a thousand browsers do not come back in the same second. */

import { mayReturn, mustWait } from "./codes.js";

/** What the server said last, if it said goodbye: `{"type":"bye","after_ms":[0,5000],"reconnect":true}`. */
/** @typedef {{reconnect?: boolean, after_ms?: [number, number]}} Bye */

const CROWDED_MS = 5_000; // codes 4100–4499: the least that the protocol allows

/**
 * Full jitter: anything up to a ceiling that doubles.
 *
 * @param {number} attempt  0 for the first retry
 * @param {() => number} [random]  0 ≤ x < 1; tests pass their own
 * @returns {number} milliseconds, from 250 to 20 000
 */
export function backoff(attempt, random = Math.random) {
  const ceiling = Math.min(20_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.max(250, Math.floor(random() * ceiling));
}

/**
 * The wait after a connection ended: what the server asked for, then our own backoff.
 *
 * @param {number} code  of the close
 * @param {Bye | null} bye
 * @param {number} attempt  0 for the first retry
 * @param {() => number} [random]
 * @returns {number | null} milliseconds; null means never by itself
 */
export function waitAfter(code, bye, attempt, random = Math.random) {
  if (!mayReturn(code) || bye?.reconnect === false) return null;
  const [least, most] = bye?.after_ms ?? [0, 0];
  const asked = least + random() * Math.max(0, most - least);
  const own = backoff(attempt, random);
  return Math.round(asked + (mustWait(code) ? Math.max(CROWDED_MS, own) : own));
}
