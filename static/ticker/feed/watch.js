/** What happens to the page that a connection must know of: network gone or back, tab shown, laptop woken. */

/** @import { Timers } from "./types.js" */

const TICK_MS = 1_000;
const JUMP_MS = 10_000; // a clock that leaps so far has slept, or was set

/**
 * @typedef {object} Page
 * @property {EventTarget} window
 * @property {EventTarget & {visibilityState: string}} document
 * @property {{onLine: boolean}} navigator
 */

/**
 * @typedef {object} Watcher
 * @property {() => void} online  the browser says that there is a network again
 * @property {() => void} offline
 * @property {() => void} awake  the page was away: what we believe of the connection may be old
 * @property {() => void} tick  once a second, or as often as a hidden tab is let
 */

/**
 * @param {Page} page
 * @param {Timers} timers
 * @param {() => number} now
 * @param {Watcher} watcher
 * @returns {() => void} ends it
 */
export function watch(page, timers, now, watcher) {
  const stop = new AbortController();
  const { signal } = stop;
  let last = now();

  const timer = timers.setInterval(() => {
    const jumped = Math.abs(now() - last - TICK_MS) > JUMP_MS;
    last = now();
    if (jumped) watcher.awake();
    watcher.tick();
  }, TICK_MS);

  page.window.addEventListener("online", watcher.online, { signal });
  page.window.addEventListener("offline", watcher.offline, { signal });
  page.window.addEventListener("pageshow", watcher.awake, { signal });
  page.document.addEventListener(
    "visibilitychange",
    () => {
      if (page.document.visibilityState === "visible") watcher.awake();
    },
    { signal },
  );

  return () => {
    stop.abort();
    timers.clearInterval(timer);
  };
}
