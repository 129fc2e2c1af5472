/** What REST knows, said as the protocol says it: for plain polling, and for holes where a transport cannot rewind. */

/** @import { Ticker, Trade } from "../types.js" */
/** @import { Browser, Events, Wish } from "./types.js" */

import { LOST, codeOfHttp } from "./codes.js";
import { isMessage } from "./parsed.js";
import { modeOf } from "./wanted.js";

export const PAGE = 1_000; // trades in one answer

/** An answer that is none: the transport that asked has to end, or do without. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} error  code of the one error shape; "" when the answer was not ours, a proxy's for example
   * @param {string} detail
   */
  constructor(status, error, detail) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.error = error;
  }
}

/**
 * @param {unknown} error
 * @returns {error is Refusal} whether it is about what was asked for, and not about who asked how
 */
export function isOfChannel(error) {
  return error instanceof Refusal && error.error !== "" && [400, 401, 403, 404].includes(error.status);
}

/**
 * @param {unknown} error  whatever a request threw
 * @returns {number} the close code it stands for
 */
export function codeOf(error) {
  return error instanceof Refusal && error.error ? codeOfHttp(error.status) : LOST;
}

/**
 * @param {Browser} browser
 * @param {URL} address
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} 200, or 304 where an ETag was sent; throws a Refusal otherwise
 */
export async function get(browser, address, init = {}) {
  const response = await browser.fetch(address, { cache: "no-store", ...init });
  if (response.ok || response.status === 304) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refusal(response.status, String(body?.error ?? ""), String(body?.detail ?? ""));
}

/**
 * @param {string} url  of the site
 * @param {string} symbol
 * @param {string} what  "ticker", "trades" or "candles"
 * @param {Record<string, string | number>} [query]
 * @returns {URL}
 */
export function addressOf(url, symbol, what, query = {}) {
  const address = new URL(`/api/v1/pairs/${encodeURIComponent(symbol)}/${what}/`, url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
  return address;
}

/** @typedef {{cursor: string, reset?: boolean, messages: unknown[], time?: number, next_ms?: number}} Answer  to a poll */

/**
 * Ask for what is new of these channels; an address that every transport falls back on.
 *
 * @param {Browser} browser
 * @param {string} url
 * @param {URLSearchParams} query
 * @param {RequestInit} init
 * @returns {Promise<Answer>}
 */
export async function polled(browser, url, query, init) {
  return (await get(browser, new URL(`/live/v1/poll?${query}`, url), init)).json();
}

/**
 * Tell what a log has after the wish's position, where a transport cannot be rewound. A state begins anew by itself.
 *
 * @param {Browser} browser
 * @param {string} url
 * @param {Wish} wish
 * @param {Events} events
 * @param {RequestInit} init
 */
export async function tellAfter(browser, url, wish, events, init) {
  const { ch, seq = 0 } = wish;
  if (ch.startsWith("trade.")) return void (await tellTradesAfter(browser, url, wish, events, init));
  if (modeOf(ch) === "state") return;
  const query = new URLSearchParams({ ch, wait: "0" });
  const { cursor } = await polled(browser, url, query, init); // its first part names the log and its epoch
  query.set("cursor", `${cursor.split(":")[0]}:${seq}`);
  for (const message of (await polled(browser, url, query, init)).messages.filter(isMessage)) events.message(message);
}

/**
 * Tell all recorded trades after the wish's position, as updates.
 *
 * @param {Browser} browser
 * @param {string} url
 * @param {Wish} wish  of a `trade.` channel; others have no history and nothing is told
 * @param {Events} events
 * @param {RequestInit} [init]
 * @returns {Promise<number>} the newest number told, or the wish's own
 */
export async function tellTradesAfter(browser, url, wish, events, init = {}) {
  const [kind, symbol = ""] = wish.ch.split(".");
  let after = wish.seq ?? 0;
  if (kind !== "trade") return after;
  for (;;) {
    const rows = await rowsOf(browser, addressOf(url, symbol, "trades", { after, limit: PAGE }), init);
    const items = rows.map(tradeOf);
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return after;
    after = last.id;
    events.message({ type: "update", ch: wish.ch, from: first.id, seq: last.id, ts: last.ts, data: items });
    if (items.length < PAGE) return after;
  }
}

/**
 * @param {Browser} browser
 * @param {URL} address
 * @param {RequestInit} [init]
 * @returns {Promise<any[]>} rows of one page
 */
export async function rowsOf(browser, address, init = {}) {
  const body = await (await get(browser, address, init)).json();
  return body.results;
}

/**
 * @param {{id: number, price: string, qty: string, side: "buy" | "sell", time_ms: number}} row
 * @returns {Trade}
 */
export function tradeOf({ id, price, qty, side, time_ms }) {
  return { id, p: price, q: qty, s: side, ts: time_ms };
}

/**
 * @param {Record<string, string | null>} row  null where nothing is known yet
 * @returns {Ticker}
 */
export function tickerOf(row) {
  const told = (/** @type {string} */ name) => row[name] ?? "";
  return {
    last: told("last"),
    bid: told("bid"),
    ask: told("ask"),
    open: told("open"),
    high: told("high"),
    low: told("low"),
    vol: told("volume"),
    qvol: told("quote_volume"),
    chg: told("change_percent"),
  };
}
