/** What a connection needs of the browser, in one value, so that tests can be the browser. */

/** @import { Browser, Timers } from "./types.js" */
/** @import { FeedOptions } from "./feed.js" */

/** @type {Timers} called as methods of anything but the window, the browser's own throw */
const TIMERS = {
  setTimeout: /** @type {typeof setTimeout} */ ((...args) => setTimeout(.../** @type {[any]} */ (args))),
  clearTimeout: (timer) => clearTimeout(timer),
  setInterval: /** @type {typeof setInterval} */ ((...args) => setInterval(.../** @type {[any]} */ (args))),
  clearInterval: (timer) => clearInterval(timer),
};

/**
 * @param {FeedOptions} options
 * @returns {Browser}
 */
export function browserOf(options) {
  return {
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    EventSource: options.EventSource ?? globalThis.EventSource,
    fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    timers: options.timers ?? TIMERS,
    bookmark: { channels: "", cursor: "" },
  };
}

const REACH_MS = 3_000;

/**
 * Whether the server answers at all: a transport is only to blame for a failure where another would have got through.
 *
 * @param {Browser} browser
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export async function isReachable(browser, url) {
  const stop = new AbortController();
  const timer = browser.timers.setTimeout(() => stop.abort(), REACH_MS);
  try {
    const { status } = await browser.fetch(new URL("/healthz", url), { cache: "no-store", signal: stop.signal });
    return status < 500;
  } catch {
    return false;
  } finally {
    browser.timers.clearTimeout(timer);
  }
}
