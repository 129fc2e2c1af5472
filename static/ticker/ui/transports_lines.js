/** The four that are compared: three streams as every page has them, pinned to one transport each, and plain polling. */

/** @import { FeedState, Trade } from "../types.js" */
/** @import { Name, Tally } from "../market/comparison.js" */
/** @import { Content } from "./transports_counted.js" */
/** @import { Gate } from "./transports_gate.js" */
import { openFeed } from "../feed/feed.js";
import { counted } from "./transports_counted.js";

/**
 * @typedef {object} Line
 * @property {() => FeedState} state
 * @property {() => void} cut
 * @property {() => void} close
 */

/**
 * @typedef {object} Wiring
 * @property {string} symbol
 * @property {Tally} tally
 * @property {() => number} now  by the server's clock
 * @property {Gate} gate  through which all comes that is heard
 * @property {() => void} moved  something is to be painted
 */

const GIVE_UP_MS = 10_000; // an answer that takes longer does not come

/**
 * The client of all other pages, which resumes by itself and asks for what it misses; only its constructors count.
 *
 * @param {Exclude<Name, "poll">} name
 * @param {Wiring} wiring
 * @returns {Line}
 */
export function openStream(name, { symbol, tally, now, gate, moved }) {
  const browser = counted(tally, now, readAnswer, gate);
  const { WebSocket, EventSource, fetch } = browser;
  const feed = openFeed({ pin: name, WebSocket, EventSource, fetch });
  feed.follow(`trade.${symbol}`, {}, ({ kind, data }) => {
    if (kind === "reset") return; // what is missing shows in the numbers of the next trades
    tally.told(/** @type {Trade[]} */ (data), now());
    moved();
  });
  feed.on("status", ({ reconnects }) => {
    tally.reconnects = reconnects;
    moved();
  });
  return { state: () => feed.status.state, cut: () => void browser.cut(), close: () => feed.close() };
}

/**
 * @param {number} _status
 * @param {string} body
 * @param {URL} address
 * @returns {Content} of a long poll, or of what was read again over REST
 */
function readAnswer(_status, body, address) {
  if (!address.pathname.startsWith("/live/")) return { messages: 1, isEmpty: false };
  const { messages = [] } = JSON.parse(body);
  const isFirst = !address.searchParams.has("cursor"); // it was asked for a cursor, and has it
  const isNews = messages.some((/** @type {{type: string}} */ { type }) => type === "update");
  return { messages: messages.length, isEmpty: !isFirst && !isNews };
}

/**
 * Asks for the ticker at a steady pace, with the ETag of the last answer, as a careful program does.
 *
 * @param {string} url  of the ticker
 * @param {() => number} everyMs
 * @param {Wiring} wiring
 * @returns {Line & {hurry: () => void}} hurry: the pace has changed
 */
export function openPoll(url, everyMs, { tally, now, gate, moved }) {
  const read = (/** @type {number} */ status) => ({ messages: Number(status === 200), isEmpty: status === 304 });
  const browser = counted(tally, now, read, gate);
  const stop = new AbortController();
  /** @type {FeedState} */
  let state = "connecting";
  let etag = "";
  let isCut = false;
  let askedMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} undefined while an answer is awaited */
  let timer;

  async function ask() {
    timer = undefined;
    askedMs = performance.now();
    try {
      const isNews = await look();
      if (stop.signal.aborted) return;
      if (state === "reconnecting") tally.reconnects += 1;
      state = "live";
      if (isNews === false) tally.empty += 1;
    } catch {
      state = "reconnecting"; // which polling does by asking again, no sooner than it would have
    }
    if (stop.signal.aborted) return;
    moved();
    plan();
  }

  /** @returns {Promise<boolean | null>} whether the answer was news; null where it had no body */
  async function look() {
    const headers = etag ? { "If-None-Match": etag } : undefined;
    const asked = browser.fetch(url, { cache: "no-store", signal: stop.signal, ...(headers && { headers }) });
    if (isCut) browser.cut();
    isCut = false;
    const limit = setTimeout(browser.cut, GIVE_UP_MS);
    const response = await asked.finally(() => clearTimeout(limit));
    if (response.status === 304) return null;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    etag = response.headers.get("ETag") ?? "";
    const ticker = await response.json();
    return !stop.signal.aborted && tally.looked(ticker, now());
  }

  function plan() {
    clearTimeout(timer);
    timer = setTimeout(ask, Math.max(0, askedMs + everyMs() - performance.now()));
  }

  void ask();
  return {
    state: () => state,
    // Between two requests there is nothing to cut: then it is the next one.
    cut: () => void (isCut = !browser.cut()),
    close() {
      stop.abort();
      clearTimeout(timer);
    },
    hurry: () => timer !== undefined && plan(),
  };
}
