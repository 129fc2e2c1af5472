/** The last resort: ask REST every two seconds. Works wherever a page can be read. */

/** @import { Events, Open, Wish } from "./types.js" */
/** @import { Poller } from "./pollers.js" */

import { pollerOf } from "./pollers.js";
import { codeOf, get, isOfChannel } from "./rest.js";
import { Wanted } from "./wanted.js";

export const EVERY_MS = 2_000;

/** @type {Open} */
export function open(url, events, browser) {
  const { setTimeout, clearTimeout } = browser.timers;
  const wanted = new Wanted();
  const stop = new AbortController();
  /** @type {Map<string, Poller>} */
  let pollers = new Map();
  let hasGreeted = false;
  let isBusy = false;
  let timer = setTimeout(round, 0);

  /** What comes after the end is not told. @type {Events} */
  const told = { ...events, message: (message) => void (stop.signal.aborted || events.message(message)) };

  async function round() {
    isBusy = true;
    try {
      if (!hasGreeted) await greet();
      await Promise.all(wanted.wishes.map(ask));
      told.message({ type: "hb" });
    } catch (error) {
      end(error);
    }
    isBusy = false;
    if (!stop.signal.aborted) timer = setTimeout(round, EVERY_MS);
  }

  async function greet() {
    await get(browser, new URL("/api/v1/pairs/", url), { signal: stop.signal });
    hasGreeted = true;
    told.message({ type: "hello", conn: "", server: "", hb_ms: EVERY_MS * 5 });
  }

  /** @param {Wish} wish */
  async function ask(wish) {
    try {
      const poller = pollers.get(wish.ch) ?? pollerOf(wish, url, told, browser);
      pollers.set(wish.ch, poller);
      await poller({ signal: stop.signal });
    } catch (error) {
      // A pair that does not exist, or is not ours to hear, is that channel's trouble; anything else the connection's.
      if (!isOfChannel(error)) throw error;
      wanted.drop(wish.ch);
      const code = error.status === 404 ? "unknown_channel" : error.error;
      told.message({ type: "error", ch: wish.ch, code, retry: false, msg: error.message });
    }
  }

  /** @param {unknown} error */
  function end(error) {
    if (stop.signal.aborted) return;
    stop.abort();
    events.close(codeOf(error), error instanceof Error ? error.message : "");
  }

  return {
    name: "poll",
    send(request) {
      const { again } = wanted.take(request);
      const anew = again.map(({ ch }) => ch); // their wishes have the position to begin from
      pollers = new Map([...pollers].filter(([ch]) => wanted.has(ch) && !anew.includes(ch)));
      if (request.op === "subscribe" && !isBusy) {
        clearTimeout(timer);
        timer = setTimeout(round, 0); // a new panel does not wait for the next round
      }
      return !stop.signal.aborted;
    },
    close() {
      stop.abort();
      clearTimeout(timer);
    },
  };
}
