import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, waitAfter } from "../../static/ticker/feed/backoff.js";

test("the ceiling of the wait doubles up to twenty seconds", () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 100].map((attempt) => backoff(attempt, () => 1));
  assert.deepEqual(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
});

test("no wait is below a quarter of a second", () => {
  assert.equal(backoff(0, () => 0), 250);
  assert.equal(backoff(9, () => 0), 250);
});

test("a goodbye's own window is waited for before the backoff", () => {
  const bye = { after_ms: /** @type {[number, number]} */ ([1_000, 5_000]) };
  assert.equal(waitAfter(4000, bye, 0, () => 0.5), 3_000 + 250);
});

test("codes 4100 to 4499 wait five seconds or more", () => {
  assert.equal(waitAfter(4100, null, 0, () => 0), 5_000);
  assert.equal(waitAfter(4499, null, 6, () => 0.9), 18_000);
});

test("codes 4500 to 4999 never come back, and neither does a goodbye that says so", () => {
  assert.equal(waitAfter(4500, null, 0), null);
  assert.equal(waitAfter(4999, null, 0), null);
  assert.equal(waitAfter(4000, { reconnect: false }, 0), null);
});

test("every other code comes back", () => {
  for (const code of [1000, 1001, 1005, 1006, 1011, 4000, 4099]) assert.equal(waitAfter(code, null, 0, () => 1), 500);
});
