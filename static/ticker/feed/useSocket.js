/** Channels as a React hook, on the page's one connection; React itself is handed in, so that nothing has to be built. */

/** @import { Feed, FeedEvent, FollowOptions, Position, Status } from "../types.js" */

import { openFeed } from "./feed.js";

/**
 * The three hooks of React that are used, as React exports them.
 *
 * @typedef {object} React
 * @property {<T>(initial: T | (() => T)) => [T, (next: T | ((before: T) => T)) => void]} useState
 * @property {<T>(initial: T) => {current: T}} useRef
 * @property {(effect: () => void | (() => void), dependencies?: readonly unknown[]) => void} useEffect
 */

/**
 * @typedef {object} SocketOptions
 * @property {FollowOptions["throttle"]} [throttle]  of all channels; changing it follows them anew
 * @property {Record<string, Position>} [positions]  where to go on in a log; read when a channel is first followed
 * @property {(event: FeedEvent) => void} [onEvent]  told everything, in order: what a component that shows each item of
 *   a log has to listen to, since what is rendered is only the newest
 */

/**
 * @typedef {object} Socket
 * @property {Status} status
 * @property {Record<string, FeedEvent>} latest  by channel, the newest event; a channel that has not spoken is absent
 * @property {Feed["send"]} send  false when nothing was sent, because there is no connection that could carry it; it is
 *   not kept for later either, so the component decides what becomes of it
 * @property {Feed["publish"]} publish  resolves with the number that the server gave it, or rejects with the reason
 */

/**
 * Make the hook. Call it once, beside React:
 *
 *     import { useEffect, useRef, useState } from "react";
 *     export const useSocket = makeUseSocket({ useEffect, useRef, useState });
 *
 *     function Price({ symbol }) {
 *       const { status, latest } = useSocket([`ticker.${symbol}`]);
 *       return <b title={status.state}>{latest[`ticker.${symbol}`]?.data.last ?? "–"}</b>;
 *     }
 *
 * All components share one connection, which opens with the first and stays for the page's life. A channel that two of
 * them follow is subscribed to once, and ended when the last one unmounts.
 *
 * @param {React} react
 * @param {() => Feed} [open]  makes the page's connection; tests, and pages that have one already, hand in their own
 * @returns {(channels: readonly string[], options?: SocketOptions) => Socket}
 */
export function makeUseSocket({ useEffect, useRef, useState }, open = openFeed) {
  /** @type {Feed | null} */
  let shared = null;
  const feedOf = () => (shared ??= open());

  return function useSocket(channels, options = {}) {
    const feed = feedOf();
    const [status, setStatus] = useState(() => feed.status);
    const [latest, setLatest] = useState(/** @type {Record<string, FeedEvent>} */ ({}));
    const given = useRef(options);
    given.current = options; // a new function in every render is no reason to follow anew

    useEffect(() => {
      setStatus(feed.status); // what happened between the first render and now
      return feed.on("status", setStatus);
    }, [feed]);

    const names = [...new Set(channels)].sort().join(","); // a new array with the same names is the same wish
    const { throttle } = options;
    useEffect(() => {
      const followed = names === "" ? [] : names.split(",");
      const ends = followed.map((ch) => feed.follow(ch, wishOf(ch, given.current), hear));
      setLatest((before) => only(before, followed));
      return () => ends.forEach((end) => end());

      /** @param {FeedEvent} event */
      function hear(event) {
        given.current.onEvent?.(event);
        setLatest((before) => ({ ...before, [event.ch]: event }));
      }
    }, [feed, names, throttle]);

    return {
      status,
      latest,
      send: (message) => feed.send(message),
      publish: (ch, data) => feed.publish(ch, data),
    };
  };
}

/**
 * @param {string} ch
 * @param {SocketOptions} options
 * @returns {FollowOptions}
 */
function wishOf(ch, { throttle, positions }) {
  const position = positions?.[ch];
  return { ...(throttle === undefined ? {} : { throttle }), ...(position === undefined ? {} : { position }) };
}

/**
 * @param {Record<string, FeedEvent>} latest
 * @param {string[]} names
 * @returns {Record<string, FeedEvent>} without channels that nobody here follows any more
 */
function only(latest, names) {
  const kept = Object.entries(latest).filter(([ch]) => names.includes(ch));
  return kept.length === Object.keys(latest).length ? latest : Object.fromEntries(kept);
}
