import assert from "node:assert/strict";
import { test } from "node:test";

import { Tally, TradeTimes, percentile } from "../../../static/ticker/market/comparison.js";
import { by, bytes, csv, delay, markdown, rhythm, rowOf, sentence } from "../../../static/ticker/market/comparison_words.js";

/** A trade every 100 ms: number 7 happens at 700. @param {number} from @param {number} [until] */
const trades = (from, until = from) =>
  Array.from({ length: until - from + 1 }, (_, i) => ({ id: from + i, p: `${from + i}.00`, ts: (from + i) * 100 }));

/** @param {number} seq */
const ticker = (seq) => ({ seq, time_ms: seq * 100, last: `${seq}.00` });

test("a stream that tells every number misses nothing", () => {
  const tally = new Tally(new TradeTimes());
  tally.told(trades(41, 43), 4_310);
  tally.told(trades(44), 4_405);
  assert.deepEqual([tally.seen, tally.missed, tally.price], [4, 0, "44.00"]);
});

test("numbers that a stream leaves out are missed", () => {
  const tally = new Tally(new TradeTimes());
  tally.told(trades(41), 4_100);
  tally.told(trades(45), 4_500);
  assert.deepEqual([tally.seen, tally.missed], [2, 3]);
});

test("polling misses all between two looks, and nothing before the first", () => {
  const tally = new Tally(new TradeTimes());
  assert.equal(tally.looked(ticker(100), 10_000), true);
  assert.deepEqual([tally.seen, tally.missed], [0, 0]);
  tally.looked(ticker(120), 12_000);
  assert.deepEqual([tally.seen, tally.missed, tally.price], [1, 19, "120.00"]);
});

test("a look at the same trade is no news", () => {
  const tally = new Tally(new TradeTimes());
  tally.looked(ticker(100), 10_000);
  assert.equal(tally.looked(ticker(100), 11_000), false);
  assert.equal(tally.looked({ seq: null, time_ms: null, last: null }, 12_000), false);
  assert.equal(tally.missed, 0);
});

test("a new numbering is a new place to count from", () => {
  const [polled, streamed] = [new Tally(new TradeTimes()), new Tally(new TradeTimes())];
  for (const seq of [900, 1, 2]) polled.looked(ticker(seq), 90_000);
  for (const seq of [900, 1, 2]) streamed.told(trades(seq), 90_000);
  assert.deepEqual([polled.missed, streamed.missed], [0, 0]);
});

test("a delay lasts until the trade, or a newer one, is told", () => {
  const times = new TradeTimes();
  const [streamed, polled] = [new Tally(times), new Tally(times)];
  polled.looked(ticker(10), 1_000);
  streamed.told(trades(11, 20), 2_000);
  assert.deepEqual(streamed.delays(), { p50: 400, p95: 900, max: 900 });
  polled.looked(ticker(20), 3_000);
  assert.deepEqual(polled.delays(), { p50: 1_400, p95: 1_900, max: 1_900 });
});

test("when a skipped trade happened may become known later", () => {
  const times = new TradeTimes();
  const [streamed, polled] = [new Tally(times), new Tally(times)];
  polled.looked(ticker(10), 1_000);
  polled.looked(ticker(12), 1_300);
  assert.equal(polled.delays().max, 100);
  streamed.told(trades(11), 1_400);
  assert.equal(polled.delays().max, 200);
});

test("a clock that is a little wrong makes no negative delay", () => {
  const tally = new Tally(new TradeTimes());
  tally.told(trades(5), 499);
  assert.equal(tally.delays().max, 0);
});

test("before the first trade there is no delay", () => {
  assert.deepEqual(new Tally(new TradeTimes()).delays(), { p50: null, p95: null, max: null });
});

test("percentiles are delays that there were", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual([percentile(hundred, 50), percentile(hundred, 95), percentile([7], 95)], [50, 95, 7]);
  assert.equal(percentile([], 50), null);
});

test("a connection is held from its opening to its end, however many there are at once", () => {
  const tally = new Tally(new TradeTimes());
  tally.opened(1_000);
  tally.opened(1_500);
  tally.closed(2_000);
  assert.equal(tally.held(0, 4_000), 0.75);
  tally.closed(3_000);
  assert.equal(tally.held(0, 4_000), 0.5);
  assert.equal(tally.held(4_000, 4_000), 0);
});

test("the line of delays has a place for 1 ms at the bottom and for 10 s on top", () => {
  const tally = new Tally(new TradeTimes());
  tally.told([{ id: 1, p: "1", ts: 0 }], 10_000);
  assert.equal(tally.line(10_000, 100, 40), "");
  tally.told([{ id: 2, p: "1", ts: 24_999 }], 25_000);
  tally.told([{ id: 3, p: "1", ts: 39_900 }], 40_000);
  assert.equal(tally.line(40_000, 100, 40), "M0.0,0.0L50.0,40.0L100.0,20.0");
});

test("what is older than the line shows is forgotten", () => {
  const tally = new Tally(new TradeTimes());
  for (let id = 1; id <= 5; id++) tally.told([{ id, p: "1", ts: id * 20_000 - 100 }], id * 20_000);
  assert.equal(tally.line(100_000, 100, 40).split("L").length, 2);
});

const polled = () => {
  const tally = new Tally(new TradeTimes());
  Object.assign(tally, { requests: 150, empty: 38, messages: 112, payload: 27_104 });
  tally.looked(ticker(1_000), 100_000);
  for (let i = 1; i <= 10; i++) tally.looked(ticker(1_000 + i * 30), 103_000 + i * 3_000);
  return rowOf("poll", tally, 0, 300_000, "2 s");
};
const streamed = () => {
  const tally = new Tally(new TradeTimes());
  tally.requests = 1;
  tally.transferred = 41_000;
  tally.opened(0);
  tally.told(trades(1, 300), 30_004);
  return rowOf("websocket", tally, 0, 30_000);
};

test("a result is told in words", () => {
  assert.match(sentence(polled()), /^Polling every 2 s missed 290 of 300 trades and sent 150 requests, 38 of them empty; /);
  assert.match(sentence(streamed()), /^WebSocket missed none of 300 trades and sent 1 request; median delay /);
  const { name } = streamed();
  const nothing = rowOf(name, new Tally(new TradeTimes()), 0, 1);
  assert.equal(sentence(nothing), "WebSocket saw no trade and sent no requests.");
  assert.match(sentence({ ...streamed(), reconnects: 1 }), / It began again once\.$/);
});

test("rows are sorted by size, names by letter, and what is not known comes last", () => {
  const rows = [polled(), streamed()];
  assert.deepEqual(rows.toSorted(by("missed", true)).map(({ name }) => name), ["poll", "websocket"]);
  assert.deepEqual(rows.toSorted(by("missed", false)).map(({ name }) => name), ["websocket", "poll"]);
  assert.deepEqual(rows.toSorted(by("name", false)).map(({ name }) => name), ["poll", "websocket"]);
  for (const way of [true, false]) assert.equal(rows.toSorted(by("transferred", way)).at(-1)?.name, "poll");
});

test("Markdown and CSV have a row for each", () => {
  const rows = [polled(), streamed()];
  const text = markdown(rows, "SOL/USDT, 30 s.");
  assert.match(text, /^SOL\/USDT, 30 s\.\n\n\| Transport \|/);
  assert.match(text, /\n\| Polling every 2 s \| 10 \| 290 \|/);
  assert.match(text, /\n- WebSocket missed none/);
  const lines = csv(rows).split("\r\n");
  assert.equal(lines.length, 4);
  assert.ok(lines.every((line) => line === "" || line.split(",").length === 13));
  assert.match(lines[2] ?? "", /^WebSocket,300,0,/);
});

test("delays, sizes and rhythms are short", () => {
  assert.deepEqual([3.4, 999, 1_240, null].map(delay), ["3 ms", "999 ms", "1.2 s", "—"]);
  assert.deepEqual([812, 14_230, 1_300_000, null].map(bytes), ["812 B", "14.2 kB", "1.3 MB", "—"]);
  assert.deepEqual([rhythm([2_000]), rhythm([2_000, 500])], ["2 s", "0.5–2 s"]);
});
