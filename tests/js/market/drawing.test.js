import assert from "node:assert/strict";
import { test } from "node:test";

import { averageAt, averages } from "../../../static/ticker/market/averages.js";
import { linePath } from "../../../static/ticker/market/lines.js";

const bars = ["1", "2", "3", "4"].map((close, i) => ({ ms: i, open: close, high: close, low: close, close, volume: "0", closed: true }));

test("an average begins where there are enough candles before it", () => {
  assert.deepEqual(averages(bars, 3), [
    { ms: 2, value: 2 },
    { ms: 3, value: 3 },
  ]);
  assert.equal(averageAt(bars, 1, 3), null);
});

test("one average is the same as that one of all", () => {
  assert.equal(averageAt(bars, 3, 2), averages(bars, 2).at(-1)?.value);
});

test("a line goes from left to right, highest on top", () => {
  assert.equal(linePath(["1", "3", "2"], 100, 10), "M0.0,10.0L50.0,0.0L100.0,5.0");
});

test("a price that does not move is a line in the middle", () => {
  assert.equal(linePath(["2", "2"], 100, 10), "M0.0,5.0L100.0,5.0");
});

test("one point is no line", () => {
  assert.equal(linePath(["2"], 100, 10), "");
});
