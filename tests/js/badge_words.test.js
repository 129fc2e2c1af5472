import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsOf, whyOf } from "../../static/ticker/ui/badge_rows.js";
import { saidOf } from "../../static/ticker/ui/badge_words.js";

/** @import { Status } from "../../static/ticker/types.js" */

const NOW = Date.UTC(2026, 0, 1, 12, 3, 40);

/**
 * @param {Partial<Status>} fields
 * @returns {Status}
 */
function status(fields = {}) {
  return {
    state: "live",
    since: NOW,
    transport: "websocket",
    pinned: null,
    server: "daphne-2",
    conn: "c7Qm2",
    latencyMs: 12,
    offsetMs: 0,
    retryInMs: null,
    attempt: 0,
    lastHeardMs: NOW,
    lastTradeMs: NOW,
    messagesPerS: 14.2,
    gaps: 0,
    reconnects: 0,
    lastCode: null,
    reason: "",
    lastError: "",
    feed: "live",
    feedSince: null,
    ...fields,
  };
}

/** @param {Partial<Status>} fields */
function said(fields) {
  const { icon, word } = saidOf(status(fields), NOW);
  return `${icon} ${word}`;
}

const promises = /** @type {[string, Partial<Status>][]} */ ([
  ["◌ Connecting…", { state: "connecting" }],
  ["● Live · WS · daphne-2 · 12 ms", {}],
  ["● Live · WS · daphne-2", { latencyMs: null }],
  ["● Live · no trades 14 s", { lastTradeMs: NOW - 14_000 }],
  ["◐ Live · SSE · daphne-2", { transport: "sse", latencyMs: null }],
  ["◐ Live · polling 2 s", { transport: "poll", latencyMs: null, server: "" }],
  ["▲ Stale 18 s", { state: "stale", lastHeardMs: NOW - 18_000 }],
  ["▲ Stale 5 s", { feed: "stale", feedSince: NOW - 5_000 }],
  ["↻ Reconnecting in 3 s (try 2)", { state: "reconnecting", retryInMs: 2_400, attempt: 2 }],
  ["↻ Reconnecting… (try 2)", { state: "reconnecting", attempt: 2 }],
  ["✕ Offline since 12:03:22 UTC", { state: "offline", since: NOW - 18_000 }],
  ["✕ Disconnected: sign in again", { state: "closed", lastCode: 4503 }],
]);

for (const [text, fields] of promises) test(`the badge says ${text}`, () => assert.equal(said(fields), text));

test("a close code is told in words", () => {
  const rows = new Map(rowsOf(status({ lastCode: 4002 }), NOW));
  assert.equal(rows.get("Last close"), "4002, your connection was too slow");
});

test("only a connection that is not the best one is explained", () => {
  assert.equal(whyOf(status()), "");
  assert.match(whyOf(status({ transport: "sse" })), /did not get through/);
  assert.equal(whyOf(status({ transport: "sse", pinned: "sse" })), "Server-sent events is pinned.");
});
