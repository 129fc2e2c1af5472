import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./kit/clock.mjs";
import { World, ids, json, log, rows, trades } from "./kit/browser.mjs";

const TICKER = { last: "142.37" };
const snapshot = { type: "snapshot", ch: "ticker.SOLUSDT", seq: 8, ts: 1, data: TICKER };
const ticker = { type: "subscribed", ch: "ticker.SOLUSDT", mode: "state", throttle: 100, epoch: "p0w2", seq: 8 };

/** How trades are asked for from a position. @param {number} seq */
function after(seq) {
  return { ch: "trade.SOLUSDT", epoch: "k3x9f1", seq };
}

/** @param {World} world */
function states(world) {
  return world.statuses.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]);
}

test("all that a page follows goes with one request", async () => {
  const world = new World();
  world.open();
  world.follow("trade.SOLUSDT");
  world.follow("ticker.SOLUSDT", { throttle: 250 });
  await settle();
  world.socket.greet();
  assert.equal(world.socket.url.href, "ws://tradedash.test/live/v1/ws");
  const [request] = world.socket.asked("subscribe");
  assert.deepEqual(request.channels, [{ ch: "trade.SOLUSDT" }, { ch: "ticker.SOLUSDT", throttle: 250 }]);
  assert.equal(world.feed.status.state, "live");
  assert.equal(world.feed.status.server, "daphne-1");
});

test("panels that follow the same channel share one subscription, until the last leaves", async () => {
  const world = new World();
  await world.live();
  const first = world.follow("trade.SOLUSDT");
  const second = world.follow("trade.SOLUSDT");
  await settle();
  assert.equal(world.socket.asked("subscribe").length, 1);
  world.socket.hear(log(10));
  world.socket.hear(trades(11, 12));
  assert.deepEqual([ids(first), ids(second)], [[11, 12], [11, 12]]);
  first.stop();
  await settle();
  assert.equal(world.socket.asked("unsubscribe").length, 0);
  second.stop();
  await settle();
  assert.deepEqual(world.socket.asked("unsubscribe")[0].channels, ["trade.SOLUSDT"]);
});

test("a log can begin some items before its newest", async () => {
  const world = new World();
  await world.live();
  const heard = world.follow("trade.SOLUSDT", { last: 3 });
  await settle();
  world.socket.hear(log(10));
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [after(7)]);
  world.socket.hear(log(10, { resume: "ok", replay: 3 }));
  world.socket.hear(trades(8, 10));
  const late = world.follow("trade.SOLUSDT", { last: 20 });
  await settle();
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [after(0)]);
  world.socket.hear(log(11, { resume: "ok", replay: 11 }));
  world.socket.hear(trades(1, 11));
  assert.deepEqual([ids(heard), ids(late)], [[8, 9, 10, 11], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]);
  assert.equal(world.socket.asked("subscribe").length, 3);
  assert.equal(world.feed.status.gaps, 0);
});

test("a newcomer to a state is told the newest at once", async () => {
  const world = new World();
  await world.live();
  world.follow("ticker.SOLUSDT");
  await settle();
  world.socket.hear(ticker);
  world.socket.hear(snapshot);
  const late = world.follow("ticker.SOLUSDT");
  await settle();
  assert.deepEqual(late.map(({ kind, data }) => [kind, data]), [["snapshot", TICKER]]);
  assert.equal(world.socket.asked("subscribe").length, 1);
});

test("one panel's exception is not the others' silence", async (t) => {
  const world = new World();
  const reported = t.mock.fn();
  globalThis.reportError = reported;
  await world.live();
  world.feed.follow("trade.SOLUSDT", {}, () => {
    throw new Error("a panel broke");
  });
  const other = world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear(log(0));
  world.socket.hear(trades(1, 1));
  assert.deepEqual(ids(other), [1]);
  assert.equal(reported.mock.callCount(), 1);
});

test("a reconnect resumes from where each log stands, and drops the overlap", async () => {
  const world = new World();
  await world.live();
  const heard = world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear(log(10));
  world.socket.hear(trades(11, 20));
  world.socket.end(1006);
  assert.equal(world.feed.status.state, "reconnecting");
  assert.equal(world.feed.status.retryInMs, 250);
  await world.clock.pass(250);
  world.socket.greet({ server: "daphne-2" });
  assert.deepEqual(world.socket.asked("subscribe")[0].channels, [after(20)]);
  world.socket.hear(log(25, { resume: "ok" }));
  world.socket.hear(trades(19, 25));
  assert.deepEqual(ids(heard), Array.from({ length: 15 }, (_, index) => index + 11));
  assert.equal(world.feed.status.reconnects, 1);
  assert.deepEqual(states(world), ["connecting", "live", "reconnecting", "live"]);
});

test("a hole is asked for at once, and what came after it waits", async () => {
  const world = new World();
  await world.live();
  const heard = world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear(log(10));
  world.socket.hear(trades(13, 14));
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [after(10)]);
  world.socket.hear(trades(15, 15));
  assert.equal(world.socket.asked("subscribe").length, 2);
  world.socket.hear(log(15, { resume: "ok" }));
  world.socket.hear(trades(11, 15));
  assert.deepEqual(ids(heard), [11, 12, 13, 14, 15]);
  assert.equal(world.feed.status.gaps, 1);
});

test("the loss of the last message is seen in a heartbeat", async () => {
  const world = new World();
  await world.live();
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear(log(10));
  world.socket.hear({ type: "hb", time: 0, top: { "trade.SOLUSDT": 11 } });
  await world.clock.pass(4_000);
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [after(10)]);
});

test("a reset is told, and the log goes on", async () => {
  const world = new World();
  await world.live();
  const heard = world.follow("trade.SOLUSDT", { position: { epoch: "k3x9f1", seq: 3 } });
  await settle();
  world.socket.hear(log(9_000, { resume: "reset", why: "window", first: 4_000 }));
  world.socket.hear(trades(9_001, 9_001));
  assert.deepEqual(heard.map(({ kind, from }) => [kind, from]), [["reset", 9_001], ["update", 9_001]]);
});

test("silence is stale, and a new connection is begun whatever the socket says", async () => {
  const world = new World();
  await world.live();
  world.follow("trade.SOLUSDT");
  const [deaf] = world.sockets;
  await world.clock.pass(22_000);
  assert.deepEqual(states(world), ["connecting", "live", "stale"]);
  assert.ok(deaf?.isClosed);
  assert.equal(world.sockets.length, 2);
  world.socket.greet();
  assert.equal(world.feed.status.state, "live");
});

test("a laptop that wakes asks for a sign of life, and leaves a connection that gives none", async () => {
  const world = new World();
  await world.live();
  world.socket.hear({ type: "hb", time: 0 });
  world.clock.leap(15_000);
  await world.clock.pass(1_000);
  assert.equal(world.sockets.length, 1);
  await world.clock.pass(6_000);
  assert.equal(world.sockets.length, 2);
});

test("a connection that answers is kept", async () => {
  const world = new World();
  await world.live();
  world.page.document.dispatchEvent(new Event("visibilitychange"));
  world.socket.hear({ type: "pong", id: world.socket.asked("ping").at(-1).id, time: 1 });
  await world.clock.pass(8_000);
  assert.equal(world.sockets.length, 1);
});

test("a page that comes back and finds its socket closed connects at once", async () => {
  const world = new World();
  await world.live();
  world.socket.readyState = 3;
  world.page.window.dispatchEvent(new Event("pageshow"));
  await world.clock.pass(250);
  assert.equal(world.sockets.length, 2);
});

test("coming online ends any wait", async () => {
  const world = new World();
  await world.live();
  world.socket.end(4000, "restart");
  world.page.window.dispatchEvent(new Event("online"));
  assert.equal(world.sockets.length, 2);
  assert.equal(world.feed.status.retryInMs, null);
});

test("but not the wait that a crowded server asked for", async () => {
  const world = new World();
  await world.live();
  world.socket.end(4100, "overloaded");
  world.page.window.dispatchEvent(new Event("online"));
  await world.clock.pass(4_900);
  assert.equal(world.sockets.length, 1);
  await world.clock.pass(200);
  assert.equal(world.sockets.length, 2);
});

test("without a network the state is offline until an attempt proves otherwise", async () => {
  const world = new World();
  await world.live();
  world.page.window.dispatchEvent(new Event("offline"));
  assert.equal(world.feed.status.state, "offline");
  await world.clock.pass(1_000);
  assert.equal(world.feed.status.state, "offline");
  world.socket.greet();
  assert.equal(world.feed.status.state, "live");
});

test("a goodbye is obeyed: its window first, then our own backoff", async () => {
  const world = new World();
  await world.live();
  world.socket.hear({ type: "bye", code: 4000, reason: "restart", reconnect: true, after_ms: [1_000, 5_000] });
  assert.equal(world.feed.status.retryInMs, 3_250);
  assert.equal(world.feed.status.lastCode, 4000);
});

test("where the server does not want us back, nothing happens until somebody asks", async () => {
  const world = new World();
  await world.live();
  world.socket.end(4506, "removed by staff");
  await world.clock.pass(600_000);
  assert.equal(world.feed.status.state, "closed");
  assert.equal(world.sockets.length, 1);
  world.feed.retryNow();
  assert.equal(world.sockets.length, 2);
});

test("who has signed out goes on as nobody in particular, once", async () => {
  const world = new World();
  await world.live({});
  const heard = world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear(log(10));
  await world.clock.pass(6_000);
  world.socket.hear({ type: "bye", code: 4503, reason: "signed out", reconnect: false });
  await world.clock.pass(250);
  assert.equal(world.sockets.length, 2);
  world.socket.greet({ user: null });
  assert.equal(world.feed.status.user, null);
  assert.deepEqual(world.socket.asked("subscribe")[0].channels, [after(10)]);
  world.socket.hear(log(12, { resume: "ok" }));
  world.socket.hear(trades(11, 12));
  assert.deepEqual(ids(heard), [11, 12]);
  world.socket.end(4503, "signed out");
  await world.clock.pass(600_000);
  assert.equal(world.feed.status.state, "closed");
  assert.equal(world.sockets.length, 2);
});

test("signing out ends what is private", async () => {
  const world = new World();
  await world.live();
  world.follow("me.notifications");
  await world.clock.pass(6_000);
  world.socket.hear({ type: "bye", code: 4503, reason: "signed out", reconnect: false });
  await world.clock.pass(600_000);
  assert.deepEqual([world.feed.status.state, world.feed.status.reason], ["closed", "signed out"]);
  assert.equal(world.sockets.length, 1);
});

test("whose connection it is, and what it may do, is in the status", async () => {
  const world = new World();
  await world.live();
  assert.deepEqual([world.feed.status.user, world.feed.status.limits], [null, {}]);
  world.socket.hear({ type: "bye", code: 4000, reason: "restart", reconnect: true });
  await world.clock.pass(1_000);
  world.socket.greet({ user: "ada", limits: { publish_bytes: 2_048 } });
  assert.deepEqual([world.feed.status.user, world.feed.status.limits], ["ada", { publish_bytes: 2_048 }]);
});

test("a subscription that was never answered is asked for again", async () => {
  const world = new World();
  await world.live();
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.hear({ type: "error", code: "rate_limited", retry: true, after_ms: 100, msg: "at most 10 a second" });
  await world.clock.pass(6_000);
  assert.equal(world.socket.asked("subscribe").length, 2);
  assert.equal(world.feed.status.lastError, "at most 10 a second");
});

test("a channel that does not exist is not asked for again", async () => {
  const world = new World();
  await world.live();
  world.follow("trade.NOPE");
  await settle();
  world.socket.hear({ type: "error", ch: "trade.NOPE", code: "unknown_channel", retry: false, msg: "no channel" });
  await world.clock.pass(15_000);
  assert.equal(world.socket.asked("subscribe").length, 1);
});

test("the server's own trouble is in the status", async () => {
  const world = new World();
  await world.live();
  world.socket.hear({ type: "status", feed: "stale", since: 5 });
  assert.deepEqual([world.feed.status.feed, world.feed.status.feedSince], ["stale", 5]);
  world.socket.hear({ type: "status", feed: "live", filled: 37 });
  assert.equal(world.feed.status.feed, "live");
});

test("a round trip tells the distance, and how the server's clock differs", async () => {
  const world = new World();
  await world.live();
  const { id } = world.socket.asked("ping")[0];
  const sent = world.clock.nowMs;
  await world.clock.pass(40);
  world.socket.hear({ type: "pong", id, time: sent + 1_020 });
  assert.deepEqual([world.feed.status.latencyMs, world.feed.status.offsetMs], [40, 1_000]);
});

test("what is not understood is ignored", async () => {
  const world = new World();
  await world.live();
  for (const text of ["", "[]", "null", "{", '{"type":5}', '{"type":"novelty","x":1}']) world.socket.hear(text);
  assert.equal(world.feed.status.state, "live");
});

test("two handshakes that fail while HTTP answers are a step down to events", async () => {
  const world = new World();
  world.answers["/healthz"] = () => json({});
  world.open();
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.end();
  await world.clock.pass(250);
  world.socket.end();
  await world.clock.pass(250);
  assert.equal(world.stream.url.pathname, "/live/v1/sse");
  assert.equal(world.stream.url.searchParams.get("ch"), "trade.SOLUSDT");
  world.stream.greet();
  assert.deepEqual([world.feed.status.state, world.feed.status.transport], ["live", "sse"]);
});

test("a server that is away is not the transport's fault", async () => {
  const world = new World();
  world.open();
  await settle();
  for (let failure = 0; failure < 8; failure += 1) {
    world.socket.end();
    await world.clock.pass(world.feed.status.retryInMs ?? 0);
  }
  await world.clock.pass(61_000);
  assert.equal(world.streams.length, 0);
  assert.equal(world.feed.status.state, "offline");
});

test("four seconds without a hello are a step down", async () => {
  const world = new World();
  world.answers["/healthz"] = () => json({});
  world.open();
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.accept();
  await world.clock.pass(4_500);
  assert.ok(world.socket.isClosed);
  assert.equal(world.streams.length, 1);
});

test("every five minutes a better transport is tried beside the one that works", async () => {
  const world = new World();
  world.answers["/healthz"] = () => json({});
  world.open();
  const heard = world.follow("trade.SOLUSDT");
  await settle();
  await world.clock.pass(4_500);
  const stream = world.stream;
  stream.greet();
  stream.hear(log(10));
  stream.hear(trades(11, 12));
  for (let second = 0; second < 302; second += 1) {
    await world.clock.pass(1_000);
    stream.hear({ type: "hb", time: 0 });
  }
  assert.equal(world.sockets.length, 2);
  stream.hear(trades(13, 13));
  world.socket.greet();
  assert.ok(stream.isClosed);
  assert.deepEqual(world.socket.asked("subscribe")[0].channels, [after(12)]);
  world.socket.hear(log(14, { resume: "ok" }));
  world.socket.hear(trades(13, 14));
  assert.deepEqual(ids(heard), [11, 12, 13, 14]);
  assert.equal(world.feed.status.transport, "websocket");
  assert.equal(world.feed.status.reconnects, 0);
});

test("a pinned transport is the only one tried", async () => {
  const world = new World();
  world.answers["/api/v1/pairs/"] = () => json({ results: [], next: null });
  world.open({ pin: "poll" });
  await world.clock.pass(0);
  assert.deepEqual([world.feed.status.state, world.feed.status.transport], ["live", "poll"]);
  assert.equal(world.sockets.length, 0);
});

test("a follower that comes while the connection is being made is not forgotten", async () => {
  const world = new World();
  world.open();
  await settle();
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.greet();
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [{ ch: "trade.SOLUSDT" }]);
});

test("polled trades go on over WebSocket without a hole", async () => {
  const world = new World();
  world.answers["/api/v1/pairs/"] = () => json({ results: [], next: null });
  world.answers["/api/v1/pairs/SOLUSDT/trades/"] = (url) => {
    return json({ results: url.searchParams.has("after") ? [] : rows(10, 10), next: null });
  };
  world.open({ pin: "poll" });
  const heard = world.follow("trade.SOLUSDT");
  await world.clock.pass(100);
  world.feed.pin(null);
  world.socket.greet();
  assert.deepEqual(world.socket.said[0].channels, [{ ch: "trade.SOLUSDT" }]);
  world.socket.hear(log(12));
  world.socket.hear(trades(13, 13));
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [after(10)]);
  world.socket.hear(log(13, { resume: "ok" }));
  world.socket.hear(trades(11, 13));
  assert.deepEqual(ids(heard), [11, 12, 13]);
});
