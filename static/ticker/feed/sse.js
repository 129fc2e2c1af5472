/** Where WebSockets do not get through: one stream of server-sent events, its channels in its address. */

/** @import { Open } from "./types.js" */

import { LOST } from "./codes.js";
import { parsed } from "./parsed.js";
import { tellAfter } from "./rest.js";
import { Wanted } from "./wanted.js";

// The names of events are the types of messages; an EventSource hears only those it was told of.
const TYPES = ["hello", "subscribed", "unsubscribed", "snapshot", "update", "hb", "status", "flow", "bye", "error"];
const SETTLE_MS = 50; // panels come and go in bursts; each change of channels costs a request
const OVERLAP_MS = 1_000; // what was on its way when the new stream began still comes over the old one

/** @typedef {{source: EventSource, channels: string, unanswered: Set<string>}} Stream */

/** @type {Open} */
export function open(url, events, browser) {
  const { setTimeout, clearTimeout } = browser.timers;
  const wanted = new Wanted();
  const stop = new AbortController();
  /** @type {Stream | null} what we hear */
  let stream = null;
  /** @type {Stream | null} will take over once it has answered for all its channels */
  let next = null;
  /** @type {Stream | null} was taken over from a moment ago */
  let old = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer = setTimeout(begin, 0);

  function begin() {
    timer = undefined;
    const channels = wanted.channels.join(",");
    const query = wanted.query();
    if (browser.bookmark.channels === channels) query.set("cursor", browser.bookmark.cursor);
    const source = new browser.EventSource(new URL(`/live/v1/sse?${query}`, url));
    const begun = { source, channels, unanswered: new Set(wanted.channels) };
    next?.source.close();
    if (stream === null) stream = begun;
    else next = begun;
    for (const type of TYPES) source.addEventListener(type, (event) => heard(begun, event));
  }

  /**
   * @param {Stream} from
   * @param {Event} event  "error" is both a message of ours and the browser's word for a lost stream
   */
  function heard(from, event) {
    if (from !== stream && from !== next && from !== old) return;
    const message = "data" in event ? parsed(event.data) : null;
    if (from === old && (message === null || message.type === "bye")) return retire();
    if (message === null) return event.type === "error" ? lost() : undefined;
    if ("lastEventId" in event && event.lastEventId && from === (next ?? stream)) {
      browser.bookmark = { channels: from.channels, cursor: String(event.lastEventId) };
    }
    if (message.type === "subscribed" || message.type === "error") from.unanswered.delete(message.ch ?? "");
    if (message.type !== "hello" || from === stream) events.message(message);
    if (from === next && from.unanswered.size === 0) takeOver(from);
  }

  /** @param {Stream} from */
  function takeOver(from) {
    retire();
    old = stream;
    stream = from;
    next = null;
    setTimeout(retire, OVERLAP_MS);
  }

  function retire() {
    old?.source.close();
    old = null;
  }

  function lost() {
    close();
    // The browser does not tell why; it would come back by itself, but knows nothing of backoff or of other transports.
    events.close(LOST, "");
  }

  function close() {
    stop.abort();
    clearTimeout(timer);
    stream?.source.close();
    next?.source.close();
    retire();
    stream = next = null;
  }

  return {
    name: "sse",
    send(request) {
      if (stop.signal.aborted || request.op === "ping" || request.op === "publish") return false;
      const { changed, again } = wanted.take(request);
      if (changed && timer === undefined) timer = setTimeout(begin, SETTLE_MS);
      // A stream cannot be rewound by one channel: what it misses is read from what is recorded.
      for (const wish of again) tellAfter(browser, url, wish, events, { signal: stop.signal }).catch(() => {});
      return true;
    },
    close,
  };
}
