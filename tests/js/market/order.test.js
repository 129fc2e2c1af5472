import assert from "node:assert/strict";
import { test } from "node:test";

import { by } from "../../../static/ticker/market/order.js";
import { Rate } from "../../../static/ticker/market/rate.js";

const rows = [
  { name: "SOL/USDT", last: "142.00", change: "-3.74", high: "", low: "", volume: "270" },
  { name: "BTC/USDT", last: "64000.00", change: "2.1", high: "", low: "", volume: "" },
  { name: "ADA/USDT", last: "0.45", change: "13.9", high: "", low: "", volume: "1000" },
];
/** @param {import("../../../static/ticker/market/order.js").Column} column @param {boolean} descending */
const names = (column, descending) => [...rows].sort(by(column, descending)).map(({ name }) => name.slice(0, 3));

test("figures are sorted by size, not by letter", () => {
  assert.deepEqual(names("last", true), ["BTC", "SOL", "ADA"]);
  assert.deepEqual(names("change", false), ["SOL", "BTC", "ADA"]);
});

test("what is not known comes last, whichever way", () => {
  assert.equal(names("volume", true).at(-1), "BTC");
  assert.equal(names("volume", false).at(-1), "BTC");
});

test("equals are sorted by name", () => {
  assert.deepEqual(names("high", true), ["ADA", "BTC", "SOL"]);
});

test("the rate counts the trades of open candles, also across their ends", () => {
  const rate = new Rate();
  rate.add("SOLUSDT", { open_ms: 0, trades: 100 }, 1_000);
  rate.add("SOLUSDT", { open_ms: 0, trades: 130 }, 5_000);
  rate.add("SOLUSDT", { open_ms: 60_000, trades: 20 }, 10_000);
  assert.equal(rate.perSecond(11_000), 5);
});

test("the first candle of a pair is no news", () => {
  const rate = new Rate();
  rate.add("SOLUSDT", { open_ms: 0, trades: 100 }, 1_000);
  assert.equal(rate.perSecond(2_000), null);
  assert.equal(rate.perSecond(11_000), 0);
});
