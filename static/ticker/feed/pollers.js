/** How each kind of channel is polled: REST's rows, told as `subscribed`, `snapshot` and `update`. */

/** @import { Candle } from "../types.js" */
/** @import { Browser, Events, Wish } from "./types.js" */

import { isMessage } from "./parsed.js";
import { PAGE, addressOf, get, polled, rowsOf, tellAfter, tellTradesAfter, tickerOf } from "./rest.js";
import { modeOf } from "./wanted.js";

/** @typedef {(init: RequestInit) => Promise<void>} Poller  asks once and tells what is new */

// States are counted by us, since REST does not number them; an epoch of its own keeps these numbers from being
// taken for the stream's.
const EPOCH = "poll";

/**
 * @param {Wish} wish
 * @param {string} url  of the site
 * @param {Events} events
 * @param {Browser} browser
 * @returns {Poller}
 */
export function pollerOf(wish, url, events, browser) {
  const [kind, symbol = "", interval = ""] = wish.ch.split(".");
  if (kind === "trade") return tradesPoller(wish, symbol, url, events, browser);
  if (kind === "candle") {
    const address = addressOf(url, symbol, "candles", { interval, limit: 1 });
    return candlePoller(address, stateTeller(wish.ch, events), browser);
  }
  if (kind !== "ticker" || symbol === "all") return cursorPoller(wish, url, events, browser);
  return tickerPoller(addressOf(url, symbol, "ticker"), stateTeller(wish.ch, events), browser);
}

/**
 * @param {Wish} wish
 * @param {string} symbol
 * @param {string} url
 * @param {Events} events
 * @param {Browser} browser
 * @returns {Poller}
 */
function tradesPoller(wish, symbol, url, events, browser) {
  /** @type {number | undefined} */
  let seq;
  return async (init) => {
    if (seq === undefined) {
      seq = wish.seq ?? (await newestOf(init));
      events.message({ type: "subscribed", ch: wish.ch, mode: "log", seq });
    }
    seq = await tellTradesAfter(browser, url, { ...wish, seq }, events, init);
  };

  /**
   * @param {RequestInit} init
   * @returns {Promise<number>}
   */
  async function newestOf(init) {
    const [row] = await rowsOf(browser, addressOf(url, symbol, "trades", { limit: 1 }), init);
    return row?.id ?? 0;
  }
}

/**
 * @param {URL} address
 * @param {(data: unknown, ts: number) => void} tell
 * @param {Browser} browser
 * @returns {Poller}
 */
function tickerPoller(address, tell, browser) {
  let etag = "";
  return async (init) => {
    const response = await get(browser, address, etag ? { ...init, headers: { "If-None-Match": etag } } : init);
    if (response.status === 304) return;
    etag = response.headers.get("ETag") ?? "";
    const row = await response.json();
    if (row.last !== null) tell(tickerOf(row), row.time_ms ?? 0); // a pair without a trade has no prices
  };
}

/**
 * @param {URL} address  of the newest candle
 * @param {(data: unknown, ts: number) => void} tell
 * @param {Browser} browser
 * @returns {Poller}
 */
function candlePoller(address, tell, browser) {
  /** @type {Candle | undefined} */
  let known;
  return async (init) => {
    // From the one that was open on, however many have begun since: its last word comes before the next one's first.
    if (known !== undefined) {
      address.searchParams.set("start", String(known.open_ms));
      address.searchParams.set("limit", String(PAGE));
    }
    for (const candle of /** @type {Candle[]} */ (await rowsOf(browser, address, init))) {
      if (JSON.stringify(candle) === JSON.stringify(known)) continue;
      known = candle;
      tell(candle, candle.open_ms);
    }
  };
}

/**
 * What REST does not have is polled where streams are, without waiting; the cursor says what is new.
 *
 * @param {Wish} wish
 * @param {string} url
 * @param {Events} events
 * @param {Browser} browser
 * @returns {Poller}
 */
function cursorPoller(wish, url, events, browser) {
  const { ch } = wish;
  let cursor = "";
  return async (init) => {
    const query = new URLSearchParams({ ch, wait: "0", ...(cursor && { cursor }) });
    const answer = await polled(browser, url, query, init);
    if (cursor === "" && wish.seq !== undefined) await tellAfter(browser, url, wish, events, init);
    if (cursor === "" || answer.reset) {
      const seq = Number(answer.cursor.split(":")[1]);
      events.message({ type: "subscribed", ch, mode: modeOf(ch), seq, ...(answer.reset && { resume: "reset" }) });
    }
    cursor = answer.cursor;
    for (const message of answer.messages.filter(isMessage)) events.message(message);
  };
}

/**
 * @param {string} ch
 * @param {Events} events
 * @returns {(data: unknown, ts: number) => void}
 */
function stateTeller(ch, events) {
  let seq = 0;
  return (data, ts) => {
    seq += 1;
    if (seq === 1) events.message({ type: "subscribed", ch, mode: "state", epoch: EPOCH, seq });
    events.message({ type: seq === 1 ? "snapshot" : "update", ch, seq, ts, data });
  };
}
