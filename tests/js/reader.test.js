import assert from "node:assert/strict";
import { test } from "node:test";

import { Reader } from "../../static/ticker/feed/reader.js";
import { ids, log, trades } from "./kit/browser.mjs";

/** @param {number} seq */
function at(seq) {
  return new Reader({ epoch: "k3x9f1", seq });
}

test("a reader without a place begins with what is live", () => {
  const reader = new Reader();
  assert.deepEqual(reader.subscribed(log(50)), []);
  assert.deepEqual(ids(reader.update(trades(49, 52), "k3x9f1")), [51, 52]);
});

test("what came after a hole waits until the hole is filled", () => {
  const reader = at(10);
  assert.deepEqual(reader.update(trades(13, 14), null), []);
  assert.ok(reader.hasGap);
  assert.deepEqual(ids(reader.update(trades(11, 12), null)), [11, 12, 13, 14]);
  assert.ok(!reader.hasGap);
});

test("updates held in any order are told in theirs", () => {
  const reader = at(0);
  for (const update of [trades(5, 6), trades(3, 4), trades(7, 7), trades(3, 4)]) reader.update(update, null);
  assert.deepEqual(ids(reader.update(trades(1, 2), null)), [1, 2, 3, 4, 5, 6, 7]);
});

test("another epoch is a reset, and numbers begin anew", () => {
  const reader = at(1_000);
  const told = reader.subscribed(log(3, { epoch: "other" }));
  assert.deepEqual(told.map(({ kind, from }) => [kind, from]), [["reset", 4]]);
  assert.deepEqual(ids(reader.update(trades(4, 4), "other")), [4]);
});

test("a resume that worked is no reset", () => {
  const reader = at(40);
  assert.deepEqual(reader.subscribed(log(50, { resume: "ok" })), []);
  assert.deepEqual(ids(reader.update(trades(41, 50), null)).length, 10);
});

test("a window that is past is a reset only for those whom it leaves behind", () => {
  assert.equal(at(10).subscribed(log(50, { resume: "reset" }))[0]?.kind, "reset");
  assert.deepEqual(at(50).subscribed(log(50, { resume: "reset" })), []);
});

test("a hole given up is told as a reset, and what was held follows it", () => {
  const reader = at(10);
  reader.update(trades(13, 14), null);
  const told = reader.giveUp();
  assert.deepEqual([told[0]?.kind, told[0]?.from], ["reset", 13]);
  assert.deepEqual(ids(told), [13, 14]);
  assert.ok(!reader.hasGap);
});

test("of a state an older snapshot is not news, and a hole does not matter", () => {
  const reader = new Reader();
  const state = { type: "snapshot", ch: "ticker.SOLUSDT", seq: 9, data: { last: "1" } };
  assert.equal(reader.snapshot(state, "e").length, 1);
  assert.equal(reader.snapshot(state, "e").length, 0);
  assert.equal(reader.update({ ...state, type: "update", from: 20, seq: 22 }, "e").length, 1);
});
