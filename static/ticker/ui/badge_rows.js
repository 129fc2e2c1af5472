/** What the panel of the connection badge says. */

/** @import { Status, TransportName } from "../types.js" */

import { wordsOf } from "../feed/codes.js";
import { saidOf, seconds } from "./badge_words.js";

/** @type {Record<TransportName, string>} */
export const NAMES = {
  websocket: "WebSocket",
  sse: "Server-sent events",
  longpoll: "Long poll",
  poll: "Polling every 2 s",
};

/**
 * The panel's rows: what somebody who helps would ask for.
 *
 * @param {Status} status
 * @param {number} nowMs
 * @returns {[term: string, value: string][]}
 */
export function rowsOf(status, nowMs) {
  const heard = status.lastHeardMs === 0 ? "—" : `${seconds(nowMs - status.lastHeardMs)} s ago`;
  return [
    ["State", saidOf(status, nowMs).word],
    ["Instance", status.server || "—"],
    ["Connection", status.conn || "—"],
    ["Round trip", status.latencyMs === null ? "—" : `${status.latencyMs} ms`],
    ["Messages", `${status.messagesPerS} per second`],
    ["Last heard", heard],
    ["Gaps found", String(status.gaps)],
    ["Reconnects", String(status.reconnects)],
    ["Last close", status.lastCode === null ? "—" : `${status.lastCode}, ${wordsOf(status.lastCode)}`],
    ["Last error", status.lastError || "—"],
  ];
}

/**
 * Why the connection is not the best one.
 *
 * @param {Status} status
 * @returns {string} a sentence, "" where there is nothing to explain
 */
export function whyOf({ state, transport, pinned }) {
  if (state !== "live" || transport === "websocket") return "";
  if (pinned !== null) return `${NAMES[pinned]} is pinned.`;
  return "A WebSocket did not get through, perhaps because of a proxy. It is tried again every five minutes.";
}
