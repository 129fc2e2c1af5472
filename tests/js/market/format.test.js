import assert from "node:assert/strict";
import { test } from "node:test";

import {
  age,
  arrow,
  compact,
  countdown,
  direction,
  fixed,
  full,
  minus,
  percent,
  signed,
  spread,
} from "../../../static/ticker/market/format.js";

test("a price has the decimals of its tick, zeros kept", () => {
  assert.equal(fixed("142", 2), "142.00");
  assert.equal(fixed("0.125", 5), "0.12500");
  assert.equal(fixed("64000", 0), "64,000");
});

test("thousands are grouped, exactly, whatever the length", () => {
  assert.equal(fixed("123456789.000000010000000001", 18), "123,456,789.000000010000000001");
});

test("too many decimals are rounded half to even, as the server rounds", () => {
  assert.equal(fixed("1.005", 2), "1.00");
  assert.equal(fixed("1.015", 2), "1.02");
  assert.equal(fixed("0.9999", 2), "1.00");
});

test("tiny prices are never in scientific notation", () => {
  assert.equal(fixed("0.00000001", 8), "0.00000001");
  assert.equal(full("0.0000000001"), "0.0000000001");
});

test("what is not a plain decimal is unknown, never zero", () => {
  for (const text of [null, undefined, "", "NaN", "1e-7", "Infinity", "abc"]) assert.equal(fixed(text, 2), "—");
  assert.equal(compact(""), "—");
  assert.equal(percent(undefined), "—");
});

test("changes carry a sign, and minus is a minus", () => {
  assert.equal(signed("9.51", 2), "+9.51");
  assert.equal(signed("-9.51", 2), "\u22129.51");
  assert.equal(signed("0.00", 2), "0.00");
  assert.equal(percent("5.34"), "+5.34%");
  assert.equal(percent("-0.001"), "0.00%");
});

test("a direction is a word and an arrow", () => {
  assert.deepEqual(["1", "-0.2", "0.00", "-0.00", undefined].map((text) => arrow(direction(text))), ["▲", "▼", "=", "=", "="]);
});

test("differences are exact where floats are not", () => {
  assert.equal(minus("0.3", "0.1"), "0.2");
  assert.equal(minus("64000.00", "64000.01"), "-0.01");
  assert.equal(minus("1", "0.00000001"), "0.99999999");
});

test("large volumes are short, with three figures", () => {
  assert.equal(compact("6912345.1"), "6.91M");
  assert.equal(compact("88123.4"), "88.1K");
  assert.equal(compact("999950"), "1.00M");
  assert.equal(compact("412.7"), "413");
  assert.equal(compact("0"), "0.00");
});

test("the spread is said in quote currency and in basis points", () => {
  assert.equal(spread("142.36", "142.38", 2), "0.02 · 1.4 bps");
  assert.equal(spread("63999.99", "64000.01", 2), "0.02 · <0.01 bps");
  assert.equal(spread("142.36", "142.36", 2), "—");
});

test("ages and countdowns use the unit that fits", () => {
  assert.deepEqual([900, 18_000, 240_000, 7_200_000, 172_800_000].map(age), ["0 s", "18 s", "4 min", "2 h", "2 d"]);
  assert.deepEqual([0, 42_000, 61_000, 3_601_000].map(countdown), ["0:00", "0:42", "1:01", "1:00:01"]);
});
