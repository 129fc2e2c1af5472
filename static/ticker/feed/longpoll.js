/** Where streams are held back by a proxy: one request at a time, answered as soon as there is something to tell. */

/** @import { Answer } from "./rest.js" */
/** @import { Bookmark, Open } from "./types.js" */

import { isMessage } from "./parsed.js";
import { codeOf, polled, tellAfter } from "./rest.js";
import { Wanted, modeOf } from "./wanted.js";

const WAIT_S = 10; // as long as a heartbeat: an empty answer is one

// While prices are stale every answer says so, at once.
const STALE_PAUSE_MS = 1_000;

/** @type {Open} */
export function open(url, events, browser) {
  const { setTimeout, clearTimeout } = browser.timers;
  const wanted = new Wanted();
  const stop = new AbortController();
  let asking = new AbortController();
  let hasGreeted = false;
  /** @type {Bookmark | null} where we were when the channels changed */
  let left = null;
  /** @type {string} the channels that have been introduced */
  let introduced = "";
  let isStale = false;
  let timer = setTimeout(ask, 0);

  async function ask() {
    const mine = (asking = new AbortController());
    try {
      const channels = wanted.channels.join(",");
      const cursor = browser.bookmark.channels === channels ? browser.bookmark.cursor : "";
      const answer = await answerTo(cursor, mine.signal);
      if (stop.signal.aborted || mine.signal.aborted) return;
      browser.bookmark = { channels, cursor: answer.cursor };
      greet(answer);
      introduce(channels, cursor, answer);
      tell(answer);
      await catchUp();
      if (stop.signal.aborted || mine.signal.aborted) return;
      timer = setTimeout(ask, Math.max(answer.next_ms ?? 0, isStale ? STALE_PAUSE_MS : 0));
    } catch (error) {
      if (stop.signal.aborted || mine.signal.aborted) return;
      close();
      events.close(codeOf(error), error instanceof Error ? error.message : "");
    }
  }

  /**
   * @param {string} cursor  "" to begin anew
   * @param {AbortSignal} signal
   * @returns {Promise<Answer>}
   */
  async function answerTo(cursor, signal) {
    const query = wanted.query();
    query.set("wait", String(hasGreeted ? WAIT_S : 0)); // the first answer is our hello
    if (cursor) query.set("cursor", cursor);
    return polled(browser, url, query, { signal });
  }

  /** Other channels begin where the market is now: the old ones' cursor tells what came before that. */
  async function catchUp() {
    if (left === null) return;
    const query = new URLSearchParams({ ch: left.channels, cursor: left.cursor, wait: "0" });
    left = null;
    try {
      tell(await polled(browser, url, query, { signal: stop.signal }));
    } catch {
      // What is missing now shows as a hole, and is read from what is recorded.
    }
  }

  /** @param {Answer} answer */
  function greet({ time = 0 }) {
    if (!hasGreeted) events.message({ type: "hello", time, hb_ms: WAIT_S * 1000 });
    hasGreeted = true;
  }

  /**
   * An answer says only by its cursor what is followed and from where.
   *
   * @param {string} channels
   * @param {string} cursor  that was asked from, "" for none
   * @param {Answer} answer
   */
  function introduce(channels, cursor, answer) {
    const isReset = answer.reset === true;
    if (channels === introduced && !isReset) return;
    introduced = channels;
    const isResumed = cursor !== "" && !isReset;
    const seqs = seqsOf(isResumed ? cursor : answer.cursor);
    channels.split(",").forEach((ch, place) => {
      const seq = seqs[place];
      events.message({ type: "subscribed", ch, mode: modeOf(ch), seq, ...(isReset && { resume: "reset" }) });
    });
  }

  /** @param {Answer} answer */
  function tell({ messages, time = 0 }) {
    const said = messages.filter(isMessage);
    for (const message of said) if (!stop.signal.aborted) events.message(message);
    if (said.length === 0) events.message({ type: "hb", time });
    const wasStale = isStale;
    isStale = said.some(({ type, feed }) => type === "status" && feed === "stale");
    if (wasStale && !isStale) events.message({ type: "status", feed: "live" });
  }

  function close() {
    stop.abort();
    asking.abort();
    clearTimeout(timer);
  }

  return {
    name: "longpoll",
    send(request) {
      if (stop.signal.aborted || request.op === "ping" || request.op === "publish") return false;
      const { changed, again } = wanted.take(request);
      if (changed) {
        // What was asked is not answered any more, and so has moved no cursor.
        if (hasGreeted) left ??= browser.bookmark;
        asking.abort();
        clearTimeout(timer);
        timer = setTimeout(ask, 0);
      }
      for (const wish of again) tellAfter(browser, url, wish, events, { signal: stop.signal }).catch(() => {});
      return true;
    },
    close,
  };
}

/**
 * @param {string} cursor  `a81c20:88127,1050`: a number for each channel, in the order asked for
 * @returns {number[]}
 */
function seqsOf(cursor) {
  return cursor.slice(cursor.indexOf(":") + 1).split(",").map(Number);
}
