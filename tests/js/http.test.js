import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./kit/clock.mjs";
import { World, ids, json, log, rows, trades } from "./kit/browser.mjs";

const PAIRS = "/api/v1/pairs/";
const TRADES = "/api/v1/pairs/SOLUSDT/trades/";
const TICKER = "/api/v1/pairs/SOLUSDT/ticker/";
const CANDLES = "/api/v1/pairs/SOLUSDT/candles/";
const POLL = "/live/v1/poll";

/** A World whose feed is pinned to one transport and follows trades. */
async function following(/** @type {any} */ pin, position = undefined) {
  const world = new World();
  world.answers[PAIRS] = () => json({ results: [], next: null });
  world.open({ pin });
  const heard = world.follow("trade.SOLUSDT", { position });
  await world.clock.pass(0);
  return { world, heard };
}

test("a stream of events carries its channels in its address", async () => {
  const { world, heard } = await following("sse");
  assert.equal(world.stream.url.pathname + world.stream.url.search, "/live/v1/sse?ch=trade.SOLUSDT");
  world.stream.greet();
  world.stream.hear(log(10));
  world.stream.hear(trades(11, 12));
  assert.deepEqual(ids(heard), [11, 12]);
});

test("a new panel opens a new stream, and the old one is heard for a second beside it", async () => {
  const { world, heard } = await following("sse");
  const old = world.stream;
  old.greet();
  old.hear(log(10));
  world.follow("ticker.SOLUSDT", { throttle: 250 });
  await world.clock.pass(60);
  assert.equal(world.stream.url.searchParams.get("ch"), "ticker.SOLUSDT,trade.SOLUSDT");
  world.stream.greet();
  old.hear(trades(11, 12));
  world.stream.hear(log(12));
  assert.ok(!old.isClosed);
  world.stream.hear({ type: "subscribed", ch: "ticker.SOLUSDT", mode: "state", epoch: "p", seq: 1 });
  world.stream.hear(trades(14, 15));
  old.hear(trades(12, 13));
  assert.deepEqual(ids(heard), [11, 12, 13, 14, 15]);
  await world.clock.pass(1_000);
  assert.ok(old.isClosed);
  assert.equal(world.feed.status.state, "live");
});

test("a lost stream is resumed by its cursor", async () => {
  const { world } = await following("sse");
  world.stream.greet();
  world.stream.lastEventId = "a81c20:12";
  world.stream.hear(log(12));
  world.stream.end();
  assert.equal(world.feed.status.state, "reconnecting");
  await world.clock.pass(250);
  assert.equal(world.streams.length, 2);
  assert.equal(world.stream.url.searchParams.get("cursor"), "a81c20:12");
});

test("an error that the server tells does not end the stream", async () => {
  const { world } = await following("sse");
  world.stream.greet();
  world.stream.hear({ type: "error", ch: "trade.NOPE", code: "unknown_channel", retry: false, msg: "no channel" });
  assert.equal(world.feed.status.state, "live");
});

test("a hole in a stream is filled from what is recorded", async () => {
  const { world, heard } = await following("sse");
  world.answers[TRADES] = (url) => json({ results: rows(Number(url.searchParams.get("after")) + 1, 14), next: null });
  world.stream.greet();
  world.stream.hear(log(10));
  world.stream.hear(trades(13, 15));
  await settle();
  assert.deepEqual(ids(heard), [11, 12, 13, 14, 15]);
});

test("a hole that nobody can fill is told after five tries", async () => {
  const { world, heard } = await following("sse");
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.stream.greet();
  world.stream.hear(log(10));
  world.stream.hear(trades(13, 13));
  for (let second = 0; second < 14; second += 1) {
    await world.clock.pass(1_000);
    world.stream.hear({ type: "hb", time: 0 });
  }
  assert.deepEqual(heard.map(({ kind, seq }) => [kind, seq]), [["reset", 12], ["update", 13]]);
});

test("a long poll asks again where the last answer ended", async () => {
  const world = new World();
  /** @type {((answer: Response) => void)[]} */
  const waiting = [];
  world.answers[POLL] = () => new Promise((resolve) => void waiting.push(resolve));
  world.open({ pin: "longpoll" });
  const heard = world.follow("trade.SOLUSDT");
  await world.clock.pass(0);
  assert.equal(world.requests[0].url.search, "?ch=trade.SOLUSDT&wait=0");
  waiting.shift()?.(json({ cursor: "a:10", reset: false, time: 1, next_ms: 0, messages: [] }));
  await world.clock.pass(0);
  assert.equal(world.feed.status.state, "live");
  assert.equal(world.requests[1].url.search, "?ch=trade.SOLUSDT&wait=10&cursor=a%3A10");
  waiting.shift()?.(json({ cursor: "a:12", reset: false, time: 1, next_ms: 0, messages: [trades(11, 12)] }));
  await world.clock.pass(0);
  assert.deepEqual(ids(heard), [11, 12]);
  assert.equal(world.requests[2].url.searchParams.get("cursor"), "a:12");
});

test("a long poll whose channels change asks once more for what the old ones missed", async () => {
  const world = new World();
  world.answers[POLL] = (url) => {
    const { ch, wait, cursor } = Object.fromEntries(url.searchParams);
    const answer = (/** @type {string} */ next, /** @type {object} */ message) => {
      return json({ cursor: next, reset: false, time: 1, next_ms: 0, messages: [message] });
    };
    if (cursor === undefined) return answer(ch === "trade.SOLUSDT" ? "a:10" : "b:1,14", { type: "novelty" });
    return wait === "0" ? answer("a:14", trades(11, 14)) : new Promise(() => {});
  };
  world.open({ pin: "longpoll" });
  const heard = world.follow("trade.SOLUSDT");
  await world.clock.pass(0);
  world.follow("ticker.SOLUSDT");
  await world.clock.pass(0);
  assert.deepEqual(ids(heard), [11, 12, 13, 14]);
  assert.equal(world.requests.at(-1)?.url.searchParams.get("cursor"), "b:1,14");
});

test("a cursor of another epoch resets a log, and takes a state's snapshot as its new beginning", async () => {
  const world = new World();
  const snapshot = { type: "snapshot", ch: "ticker.SOLUSDT", ts: 1, data: { last: "1" } };
  const answers = [
    { cursor: "a:90,80", reset: false, messages: [{ ...snapshot, seq: 90 }] },
    { cursor: "b:3,2", reset: true, messages: [{ ...snapshot, seq: 3 }] },
    { cursor: "b:3,3", reset: false, messages: [trades(3, 3)] },
  ];
  world.answers[POLL] = () => (answers.length > 0 ? json(answers.shift()) : new Promise(() => {}));
  world.open({ pin: "longpoll" });
  const heard = world.follow("trade.SOLUSDT");
  const ticker = world.follow("ticker.SOLUSDT");
  await world.clock.pass(0);
  assert.deepEqual(heard.map(({ kind, from }) => [kind, from]), [["reset", 3], ["update", 3]]);
  assert.deepEqual(ticker.map(({ seq }) => seq), [90, 3]);
});

test("while prices are stale a long poll takes its time, and says when they are live again", async () => {
  const world = new World();
  /** @type {object[]} */
  let messages = [{ type: "status", feed: "stale", since: 5 }];
  world.answers[POLL] = () => json({ cursor: "a:1", reset: false, next_ms: 100, messages });
  world.open({ pin: "longpoll" });
  world.follow("trade.SOLUSDT");
  await world.clock.pass(2_500);
  assert.equal(world.feed.status.feed, "stale");
  assert.equal(world.requests.length, 3);
  messages = [];
  await world.clock.pass(1_000);
  assert.equal(world.feed.status.feed, "live");
});

test("a long poll that is refused waits as long as the refusal says", async () => {
  const world = new World();
  world.answers[POLL] = () => json({ error: "rate_limited", detail: "slower" }, { status: 429 });
  world.open({ pin: "longpoll" });
  world.follow("trade.SOLUSDT");
  await world.clock.pass(0);
  assert.deepEqual([world.feed.status.lastCode, world.feed.status.retryInMs], [4101, 5_000]);
});

test("plain polling tells trades after the last one, page by page", async () => {
  const { world, heard } = await following("poll", { epoch: "k", seq: 10 });
  world.answers[TRADES] = (url) => {
    const after = Number(url.searchParams.get("after"));
    return json({ results: after < 2_015 ? rows(after + 1, Math.min(2_015, after + 1_000)) : [], next: null });
  };
  await world.clock.pass(2_000);
  assert.equal(ids(heard).length, 2_005);
  assert.deepEqual([ids(heard)[0], ids(heard).at(-1)], [11, 2_015]);
});

test("plain polling tells a ticker when it has changed, in the wire's words", async () => {
  const { world } = await following("poll");
  let last = "1.0";
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.answers[TICKER] = (_url, init) => {
    const etag = `"${last}"`;
    if (init.headers?.["If-None-Match"] === etag) return json(null, { status: 304 });
    return json({ last, volume: "5", quote_volume: "6", change_percent: "7", bid: null }, { headers: { ETag: etag } });
  };
  const ticker = world.follow("ticker.SOLUSDT");
  await world.clock.pass(4_000);
  last = "2.0";
  await world.clock.pass(2_000);
  assert.deepEqual(ticker.map(({ kind, data }) => [kind, data.last]), [["snapshot", "1.0"], ["update", "2.0"]]);
  const { vol, qvol, chg, bid } = ticker[0].data;
  assert.deepEqual([vol, qvol, chg, bid], ["5", "6", "7", ""]);
});

/** REST's candles: the newest, or those from `start` on. @param {() => any[]} all */
function candlesOf(all) {
  return (/** @type {URL} */ { searchParams }) => {
    const start = searchParams.get("start");
    const limit = Number(searchParams.get("limit"));
    const found = start === null ? all().slice(-limit) : all().filter(({ open_ms }) => open_ms >= Number(start));
    return json({ results: found.slice(0, limit), next: null });
  };
}

test("plain polling tells a candle's last word before the next candle's first", async () => {
  const { world } = await following("poll");
  const candle = (/** @type {number} */ open_ms, /** @type {number} */ made, closed = false) => {
    return { open_ms, open: "1", high: "1", low: "1", close: "1", volume: "1", trades: made, closed };
  };
  let candles = [candle(0, 9, true), candle(60_000, 3)];
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.answers[CANDLES] = candlesOf(() => candles);
  const heard = world.follow("candle.SOLUSDT.1m");
  await world.clock.pass(2_000);
  candles = [candle(0, 9, true), candle(60_000, 5, true), candle(120_000, 1)];
  await world.clock.pass(2_000);
  const told = heard.map(({ data }) => [data.open_ms, data.trades, data.closed]);
  assert.deepEqual(told, [[60_000, 3, false], [60_000, 5, true], [120_000, 1, false]]);
});

test("plain polling leaves out no candle that came and closed between two looks", async () => {
  const { world } = await following("poll");
  const candle = (/** @type {number} */ open_ms, closed = true) => ({ open_ms, close: "1", closed });
  let candles = [candle(0, false)];
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.answers[CANDLES] = candlesOf(() => candles);
  const heard = world.follow("candle.SOLUSDT.1s");
  await world.clock.pass(2_000);
  candles = [candle(0), candle(1_000), candle(2_000), candle(3_000, false)];
  await world.clock.pass(2_000);
  const told = heard.filter(({ data }) => data.closed).map(({ data }) => data.open_ms);
  assert.deepEqual(told, [0, 1_000, 2_000]);
});

test("plain polling asks where streams are for what REST does not have", async () => {
  const { world } = await following("poll");
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.answers[POLL] = ({ searchParams }) => {
    const [ch, cursor, wait] = ["ch", "cursor", "wait"].map((name) => searchParams.get(name));
    assert.deepEqual([ch, wait], ["lobby", "0"]);
    const messages = cursor === null ? [] : [{ ...trades(5, 6, "lobby") }];
    return json({ cursor: cursor === null ? "a:4" : "a:6", reset: false, messages });
  };
  const heard = world.follow("lobby");
  await world.clock.pass(4_000);
  assert.deepEqual(ids(heard), [5, 6]);
});

for (const pin of ["sse", "longpoll", "poll"]) {
  test(`what a short log has already is read by its cursor over ${pin}`, async () => {
    const world = new World();
    world.answers[PAIRS] = () => json({ results: [], next: null });
    world.answers[POLL] = ({ searchParams }) => {
      const seq = Number(searchParams.get("cursor")?.split(":")[1] ?? 9);
      if (seq === 9 && searchParams.get("wait") !== "0") return new Promise(() => {});
      const messages = seq < 9 ? [trades(seq + 1, 9, "lobby")] : [];
      return json({ cursor: "a:9", reset: false, messages });
    };
    world.open({ pin });
    const heard = world.follow("lobby", { last: 4 });
    await world.clock.pass(100);
    if (pin === "sse") {
      world.stream.greet();
      world.stream.hear(log(9, {}, "lobby"));
    }
    await world.clock.pass(2_000); // plain polling asks with its next look
    assert.deepEqual(ids(heard), [6, 7, 8, 9]);
  });
}

test("what only the signed-in may hear does not end the polling of what all may", async () => {
  const { world } = await following("poll");
  world.answers[TRADES] = () => json({ results: [], next: null });
  world.answers[POLL] = () => json({ error: "auth_required", detail: "sign in" }, { status: 401 });
  world.follow("me.notifications");
  await world.clock.pass(4_000);
  assert.deepEqual([world.feed.status.state, world.feed.status.lastError], ["live", "sign in"]);
});

test("the lobby is a log and all tickers are a state over a long poll too", async () => {
  const world = new World();
  const first = { type: "snapshot", ch: "ticker.all", seq: 3, ts: 1, data: { SOLUSDT: { last: "1" } } };
  const answers = [
    { cursor: "a:9,3", reset: false, messages: [first] },
    { cursor: "a:11,3", reset: false, messages: [trades(10, 11, "lobby")] },
  ];
  world.answers[POLL] = () => (answers.length > 0 ? json(answers.shift()) : new Promise(() => {}));
  world.open({ pin: "longpoll" });
  const lobby = world.follow("lobby");
  const all = world.follow("ticker.all");
  await world.clock.pass(0);
  assert.deepEqual(ids(lobby), [10, 11]);
  assert.deepEqual(all.map(({ kind, data }) => [kind, data]), [["snapshot", { SOLUSDT: { last: "1" } }]]);
});

test("a pair that does not exist does not end the polling of others", async () => {
  const { world } = await following("poll");
  world.answers[TRADES] = () => json({ error: "not_found", detail: "no pair SOLUSDT" }, { status: 404 });
  await world.clock.pass(2_000);
  assert.equal(world.feed.status.lastError, "no pair SOLUSDT");
  await world.clock.pass(4_000);
  assert.equal(world.feed.status.state, "live");
});

test("a poll that cannot reach the server is a lost connection", async () => {
  const { world } = await following("poll");
  world.answers[TRADES] = () => json({ results: [], next: null });
  await world.clock.pass(2_000);
  delete world.answers[TRADES];
  await world.clock.pass(2_000);
  assert.equal(world.feed.status.state, "reconnecting");
});
