/** What is read over REST: candles of another interval, older ones, those whose end was missed, and trades after a hole. */

/** @import { Candle, Trade } from "../types.js" */
/** @import { Bar } from "../market/candles.js" */
import { barOf } from "../market/candles.js";

/**
 * @param {string} address
 * @param {Record<string, string | number>} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<any[]>} throws what fetch throws, and an Error for every answer but 200
 */
async function read(address, query, signal) {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetch(url, { signal: signal ?? null, cache: "no-store" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()).results;
}

/**
 * @param {string} address
 * @param {{interval: string, start?: number, end?: number, limit?: number}} query  `end` is exclusive
 * @param {AbortSignal} [signal]
 * @returns {Promise<Bar[]>} ascending
 */
export async function readBars(address, query, signal) {
  const candles = /** @type {Candle[]} */ (await read(address, { limit: 500, ...query }, signal));
  return candles.map(barOf);
}

/**
 * The newest trades, as the feed would tell them.
 *
 * @param {string} address
 * @param {number} limit
 * @returns {Promise<Trade[]>} ascending
 */
export async function readTrades(address, limit) {
  const rows = await read(address, { limit });
  return rows.map(({ id, price, qty, side, time_ms }) => ({ id, p: price, q: qty, s: side, ts: time_ms }));
}
