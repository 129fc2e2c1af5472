import assert from "node:assert/strict";
import { test } from "node:test";

import { Series, barOf, barsOf } from "../../../static/ticker/market/candles.js";

const MINUTE = 60_000;

/**
 * @param {number} minute
 * @param {string} close
 * @param {Partial<import("../../../static/ticker/market/candles.js").Bar>} [more]
 */
function bar(minute, close, more = {}) {
  return { ms: minute * MINUTE, open: "10", high: "12", low: "9", close, volume: "1", closed: false, ...more };
}

function series() {
  return new Series(MINUTE, [bar(1, "10", { closed: true }), bar(2, "10.5")]);
}

test("columns of the page and candles of the feed become the same bars", () => {
  const candle = {
    open_ms: MINUTE,
    open: "1.05",
    high: "1.10",
    low: "1.00",
    close: "1.10",
    volume: "0.3",
    quote_volume: "6",
    trades: 1,
    closed: false,
  };
  const columns = { from_ms: 0, settled: 1, open: [20, 0], high: [1, 0], low: [0, 1], close: [1, 1], volume: [0, 3] };
  const [first, second] = barsOf(columns, MINUTE, "0.05", "0.1");
  assert.deepEqual(second, barOf(candle));
  assert.equal(first?.closed, true);
});

test("the forming candle changes in place", () => {
  const candles = series();
  assert.equal(candles.apply(bar(2, "11")), "changed");
  assert.deepEqual(candles.bars.map(({ close }) => close), ["10", "11"]);
});

test("the next candle opens after the last has closed", () => {
  const candles = series();
  candles.apply(bar(2, "11", { closed: true }));
  assert.equal(candles.apply(bar(3, "11")), "opened");
  assert.equal(candles.holeMs, null);
});

test("time never goes back", () => {
  const candles = series();
  assert.equal(candles.apply(bar(1, "99")), "old");
  assert.deepEqual(candles.bars.map(({ close }) => close), ["10", "10.5"]);
});

test("what is closed does not open again", () => {
  const candles = series();
  candles.apply(bar(2, "11", { closed: true }));
  assert.equal(candles.apply(bar(2, "10.9")), "old");
  assert.equal(candles.last?.close, "11");
});

test("a candle whose predecessor's end was not seen leaves a hole to be read, and is shown at once", () => {
  const candles = series();
  assert.equal(candles.apply(bar(3, "11")), "gap");
  assert.equal(candles.last?.ms, 3 * MINUTE);
  assert.equal(candles.holeMs, 2 * MINUTE);
});

test("missing candles leave a hole until they have been read", () => {
  const candles = series();
  candles.apply(bar(2, "11", { closed: true }));
  assert.equal(candles.apply(bar(5, "12")), "gap");
  assert.equal(candles.holeMs, 2 * MINUTE);
  candles.merge([2, 3, 4].map((minute) => bar(minute, "11", { closed: true })));
  assert.equal(candles.holeMs, null);
  assert.deepEqual(candles.bars.map(({ ms }) => ms / MINUTE), [1, 2, 3, 4, 5]);
});

test("older history goes in front", () => {
  const candles = series();
  candles.merge([bar(-1, "8", { closed: true }), bar(0, "9", { closed: true })]);
  assert.deepEqual(candles.bars.map(({ ms }) => ms / MINUTE), [-1, 0, 1, 2]);
});

test("of two versions of a candle the closed one is newer, then the one with more volume", () => {
  const candles = series();
  candles.apply(bar(2, "11", { volume: "5" }));
  candles.merge([bar(2, "10.7", { volume: "4" })]);
  assert.equal(candles.last?.close, "11");
  candles.merge([bar(2, "11.5", { volume: "6", closed: true })]);
  assert.equal(candles.last?.close, "11.5");
});

test("a candle is found by the time it opens", () => {
  const candles = series();
  assert.equal(candles.at(2 * MINUTE)?.close, "10.5");
  assert.equal(candles.at(2 * MINUTE + 1), undefined);
  assert.equal(candles.indexOf(MINUTE), 0);
});
