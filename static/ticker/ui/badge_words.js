/** What the connection badge says: an icon, a word and a state for each status, so that colour never says it alone. */

/** @import { Status, TransportName } from "../types.js" */

import { wordsOf } from "../feed/codes.js";

/** @typedef {"connecting" | "live" | "degraded" | "stale" | "reconnecting" | "offline" | "closed"} Look */
/** @typedef {{look: Look, icon: string, word: string}} Said */

const QUIET_MS = 10_000; // a market may be silent; after so long people wonder whether we are

/** @type {Record<TransportName, string>} */
const NAMES = { websocket: "WS", sse: "SSE", longpoll: "long poll", poll: "polling 2 s" };

/** @type {Record<Look, string>} */
const ICONS = {
  connecting: "◌",
  live: "●",
  degraded: "◐",
  stale: "▲",
  reconnecting: "↻",
  offline: "✕",
  closed: "✕",
};

/** @type {Record<Look, string>} for those who hear the page */
export const SPOKEN = {
  connecting: "Connecting.",
  live: "Prices are live again.",
  degraded: "Prices are live again, over a slower connection.",
  stale: "Prices are stale.",
  reconnecting: "Connection lost. Reconnecting.",
  offline: "Offline. Prices are old.",
  closed: "Disconnected.",
};

/**
 * @param {Status} status
 * @param {number} nowMs
 * @returns {Said}
 */
export function saidOf(status, nowMs) {
  const look = lookOf(status);
  return { look, icon: ICONS[look], word: wordOf(look, status, nowMs) };
}

/**
 * @param {Status} status
 * @returns {Look}
 */
function lookOf({ state, feed, transport }) {
  if (state !== "live") return state;
  if (feed === "stale") return "stale";
  return transport === "websocket" ? "live" : "degraded";
}

/**
 * @param {Look} look
 * @param {Status} status
 * @param {number} nowMs
 * @returns {string}
 */
function wordOf(look, status, nowMs) {
  switch (look) {
    case "connecting":
      return "Connecting…";
    case "stale":
      return `Stale ${seconds(nowMs - silentSinceOf(status))} s`;
    case "reconnecting":
      return reconnecting(status);
    case "offline":
      return `Offline since ${clock(status.since)} UTC`;
    case "closed":
      return status.lastCode === null ? "Disconnected" : `Disconnected: ${wordsOf(status.lastCode)}`;
  }
  const quietMs = nowMs - status.lastTradeMs;
  if (status.lastTradeMs > 0 && quietMs > QUIET_MS) return `Live · no trades ${seconds(quietMs)} s`;
  const far = status.latencyMs === null ? "" : `${status.latencyMs} ms`;
  return ["Live", NAMES[status.transport], status.server, far].filter(Boolean).join(" · ");
}

/** @param {Status} status */
function reconnecting({ retryInMs, attempt }) {
  const tried = attempt > 0 ? ` (try ${attempt})` : "";
  return retryInMs === null ? `Reconnecting…${tried}` : `Reconnecting in ${Math.ceil(retryInMs / 1000)} s${tried}`;
}

/**
 * Since when prices are old, by our clock.
 *
 * @param {Status} status
 * @returns {number} UTC ms
 */
function silentSinceOf({ state, feedSince, offsetMs, lastHeardMs }) {
  return state === "live" && feedSince !== null ? feedSince - offsetMs : lastHeardMs;
}

/** @param {number} ms */
export function seconds(ms) {
  return Math.max(0, Math.floor(ms / 1000));
}

/**
 * @param {number} ms  UTC
 * @returns {string} 12:03:22
 */
export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}
