/** How far away the server is, and how its clock differs from ours. Pure: readings in, an estimate out. */

/** @typedef {{latencyMs: number, offsetMs: number, atMs: number}} Reading */

const KEEP = 6; // a minute of pings: old enough to smooth, young enough to follow a change of network

/**
 * @param {readonly Reading[]} readings  newest last
 * @param {number} sentMs  our clock when the ping left
 * @param {number} serverMs  the server's clock in the pong
 * @param {number} heardMs  our clock when the pong came
 * @returns {Reading[]}
 */
export function measured(readings, sentMs, serverMs, heardMs) {
  const latencyMs = Math.max(0, heardMs - sentMs);
  const reading = { latencyMs, offsetMs: Math.round(serverMs - (sentMs + heardMs) / 2), atMs: heardMs };
  return [...readings, reading].slice(-KEEP);
}

/**
 * The offset of the quickest round trip: it can be wrong by half of it at most.
 *
 * @param {readonly Reading[]} readings
 * @returns {number} the server's clock minus ours; 0 before the first reading
 */
export function offsetOf(readings) {
  const best = readings.reduce(
    (quickest, one) => (quickest === null || one.latencyMs < quickest.latencyMs ? one : quickest),
    /** @type {Reading | null} */ (null),
  );
  return best?.offsetMs ?? 0;
}
