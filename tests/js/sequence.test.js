import assert from "node:assert/strict";
import { test } from "node:test";

import { apply } from "../../static/ticker/feed/sequence.js";

test("what goes on where we stand is applied", () => {
  assert.deepEqual(apply(4, 5, 6, ["e", "f"]), { act: "apply", from: 5, data: ["e", "f"] });
});

test("what is known already is dropped", () => {
  assert.deepEqual(apply(6, 5, 6, ["e", "f"]), { act: "drop" });
});

test("an overlap is cut to what is new", () => {
  assert.deepEqual(apply(5, 3, 7, ["c", "d", "e", "f", "g"]), { act: "apply", from: 6, data: ["f", "g"] });
});

test("a hole is a gap", () => {
  assert.deepEqual(apply(4, 6, 6, ["f"]), { act: "gap" });
});

test("a log with fewer items than numbers is a gap", () => {
  assert.deepEqual(apply(4, 5, 7, ["e", "g"]), { act: "gap" });
});

test("any beginning will do where nothing is known", () => {
  assert.deepEqual(apply(null, 1_000, 1_001, ["x", "y"]), { act: "apply", from: 1_000, data: ["x", "y"] });
});

test("a state is never cut", () => {
  assert.deepEqual(apply(5, 3, 7, { last: "1" }), { act: "apply", from: 3, data: { last: "1" } });
});

test("however a log is cut into overlapping updates, each item comes once and in order", () => {
  const all = Array.from({ length: 200 }, (_, index) => index + 1);
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let run = 0; run < 50; run += 1) {
    /** @type {number[]} */
    const told = [];
    while (told.length < all.length) {
      const last = told.length;
      const from = Math.max(1, last + 1 - random(10));
      const seq = Math.min(all.length, from + random(20));
      const verdict = apply(last, from, seq, all.slice(from - 1, seq));
      if (verdict.act === "apply") told.push(...verdict.data);
      assert.notEqual(verdict.act, "gap");
    }
    assert.deepEqual(told, all);
  }
});
