/** How the server's clock differs from ours: delays are measured from moments that the server tells. */

import { measured, offsetOf } from "../feed/latency.js";

const SAMPLES = 5; // the quickest of five round trips is a good one

/**
 * @param {string} symbol
 * @returns {Promise<{offsetMs: number, wrongMs: number}>} the server's clock minus ours, and how wrong that can be
 */
export async function readClock(symbol) {
  /** @type {import("../feed/latency.js").Reading[]} */
  let readings = [];
  for (let i = 0; i < SAMPLES; i++) {
    const sentMs = Date.now();
    // A long poll without a cursor is answered at once, with the time at the server.
    const response = await fetch(`/live/v1/poll?ch=ticker.${symbol}&wait=0`, { cache: "no-store" });
    const heardMs = Date.now();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    readings = measured(readings, sentMs, (await response.json()).time, heardMs);
  }
  return { offsetMs: offsetOf(readings), wrongMs: Math.min(...readings.map(({ latencyMs }) => latencyMs)) / 2 };
}
