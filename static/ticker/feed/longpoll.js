/** Where streams are held back by a proxy: one request at a time, answered as soon as there is something to tell. */

/** @import { Bookmark, Message, Open } from "./types.js" */

import { isMessage } from "./parsed.js";
import { codeOf, get, tellTradesAfter } from "./rest.js";
import { Wanted } from "./wanted.js";

const WAIT_S = 10; // as long as a heartbeat: an empty answer is one

/** @typedef {{cursor: string, messages: unknown[], time?: number, next_ms?: number}} Answer */

/** @type {Open} */
export function open(url, events, browser) {
  const { setTimeout, clearTimeout } = browser.timers;
  const wanted = new Wanted();
  const stop = new AbortController();
  let asking = new AbortController();
  let hasGreeted = false;
  /** @type {Bookmark | null} where we were when the channels changed */
  let left = null;
  /** @type {Set<string>} channels that are known to be told on this line */
  let begun = new Set();
  let timer = setTimeout(ask, 0);

  async function ask() {
    const mine = (asking = new AbortController());
    try {
      const channels = wanted.channels.join(",");
      const answer = await answerTo(channels, mine.signal);
      if (stop.signal.aborted || mine.signal.aborted) return;
      browser.bookmark = { channels, cursor: answer.cursor };
      tell(answer);
      await catchUp();
      if (!stop.signal.aborted && !mine.signal.aborted) timer = setTimeout(ask, answer.next_ms ?? 0);
    } catch (error) {
      if (stop.signal.aborted || mine.signal.aborted) return;
      close();
      events.close(codeOf(error), error instanceof Error ? error.message : "");
    }
  }

  /**
   * @param {string} channels
   * @param {AbortSignal} signal
   * @returns {Promise<Answer>}
   */
  async function answerTo(channels, signal) {
    const query = wanted.query();
    query.set("wait", String(hasGreeted ? WAIT_S : 0)); // the first answer is our hello
    if (browser.bookmark.channels === channels) query.set("cursor", browser.bookmark.cursor);
    return (await get(browser, new URL(`/live/v1/poll?${query}`, url), { signal })).json();
  }

  /** Other channels begin where the market is now: the old ones' cursor tells what came before that. */
  async function catchUp() {
    if (left === null) return;
    const query = new URLSearchParams({ ch: left.channels, cursor: left.cursor, wait: "0" });
    left = null;
    try {
      tell(await (await get(browser, new URL(`/live/v1/poll?${query}`, url), { signal: stop.signal })).json());
    } catch {
      // What is missing now shows as a hole, and is read from what is recorded.
    }
  }

  /** @param {Answer} answer */
  function tell({ messages, time = 0 }) {
    const said = messages.filter(isMessage);
    if (!hasGreeted && said[0]?.type !== "hello") events.message({ type: "hello", time, hb_ms: WAIT_S * 1000 });
    hasGreeted = true;
    introduce(said);
    for (const message of said) if (!stop.signal.aborted) events.message(message);
    if (said.length === 0) events.message({ type: "hb", time });
  }

  /**
   * An answer that goes on from a cursor does not say again what is followed.
   *
   * @param {Message[]} said
   */
  function introduce(said) {
    for (const { type, ch } of said) if (ch && (type === "subscribed" || type === "error")) begun.add(ch);
    for (const ch of wanted.channels) if (!begun.has(ch)) events.message({ type: "subscribed", ch });
    begun = new Set(wanted.channels);
  }

  function close() {
    stop.abort();
    asking.abort();
    clearTimeout(timer);
  }

  return {
    name: "longpoll",
    send(request) {
      if (stop.signal.aborted || request.op === "ping") return false;
      const { changed, again } = wanted.take(request);
      if (changed) {
        // What was asked is not answered any more, and so has moved no cursor.
        if (hasGreeted) left ??= browser.bookmark;
        asking.abort();
        clearTimeout(timer);
        timer = setTimeout(ask, 0);
      }
      for (const wish of again) tellTradesAfter(browser, url, wish, events, { signal: stop.signal }).catch(() => {});
      return true;
    },
    close,
  };
}
