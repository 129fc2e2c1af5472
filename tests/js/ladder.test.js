import assert from "node:assert/strict";
import { test } from "node:test";

import { CLIMB_MS, better, failed, ladder, lived, stayed, transportOf } from "../../static/ticker/feed/ladder.js";

const quick = { silent: false };
const silent = { silent: true };

test("two failures are a step down, one is not", () => {
  const once = failed(ladder(), quick);
  assert.equal(transportOf(once), "websocket");
  assert.equal(transportOf(failed(once, quick)), "sse");
});

test("a hello between two failures forgets the first", () => {
  const at = failed(lived(failed(ladder(), quick), "websocket", 0), quick);
  assert.equal(transportOf(at), "websocket");
});

test("silence is a step down at once", () => {
  assert.equal(transportOf(failed(ladder(), silent)), "sse");
});

test("the way down is WebSocket, events, long poll, poll, and then from the top", () => {
  const steps = [ladder()];
  for (let step = 0; step < 4; step += 1) steps.push(failed(/** @type {any} */ (steps.at(-1)), silent));
  assert.deepEqual(steps.map(transportOf), ["websocket", "sse", "longpoll", "poll", "websocket"]);
});

test("after five minutes on a lower rung all better ones are to be tried, best first", () => {
  const at = lived(failed(failed(ladder(), silent), silent), "longpoll", 1_000);
  assert.deepEqual(better(at, 1_000 + CLIMB_MS - 1), []);
  assert.deepEqual(better(at, 1_000 + CLIMB_MS), ["websocket", "sse"]);
});

test("a climb that failed is tried again five minutes later", () => {
  const at = stayed(lived(failed(ladder(), silent), "sse", 0), CLIMB_MS);
  assert.deepEqual(better(at, CLIMB_MS), []);
  assert.deepEqual(better(at, 2 * CLIMB_MS), ["websocket"]);
});

test("nothing is better than the top", () => {
  assert.deepEqual(better(lived(ladder(), "websocket", 0), 10 * CLIMB_MS), []);
});

test("a pinned transport is kept whatever happens", () => {
  const at = lived(failed(failed(ladder("poll"), quick), silent), "poll", 0);
  assert.equal(transportOf(at), "poll");
  assert.deepEqual(better(at, 10 * CLIMB_MS), []);
});
