import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./kit/clock.mjs";
import { World } from "./kit/browser.mjs";

const ALL = "ticker.all";
const subscribed = (/** @type {number} */ seq) => ({ type: "subscribed", ch: ALL, mode: "state", epoch: "t", seq });

/** @param {"snapshot" | "update"} type @param {number} seq @param {Record<string, string>} lasts */
function told(type, seq, lasts, from = seq) {
  const data = Object.fromEntries(Object.entries(lasts).map(([symbol, last]) => [symbol, { last }]));
  return { type, ch: ALL, from, seq, ts: seq, data };
}

/** A live connection that follows all tickers and stands at 10. */
async function following() {
  const world = new World();
  await world.live();
  const heard = world.follow(ALL, { throttle: 250 });
  await settle();
  world.socket.hear(subscribed(10));
  world.socket.hear(told("snapshot", 10, { SOLUSDT: "1", BTCUSDT: "2" }));
  return { world, heard };
}

/** @param {any[]} heard */
function lasts(heard) {
  return heard.map(({ kind, data }) => [kind, ...Object.values(data ?? {}).map(({ last }) => last)]);
}

test("an update of all tickers has the pairs that changed", async () => {
  const { world, heard } = await following();
  world.socket.hear(told("update", 12, { SOLUSDT: "3" }, 11));
  assert.deepEqual(lasts(heard), [["snapshot", "1", "2"], ["update", "3"]]);
});

test("a newcomer is told all pairs, merged", async () => {
  const { world } = await following();
  world.socket.hear(told("update", 12, { SOLUSDT: "3" }, 11));
  const late = world.follow(ALL, { throttle: 250 });
  await settle();
  assert.deepEqual(lasts(late), [["snapshot", "3", "2"]]);
});

test("no update may be missed: what changed in it would stay old until it changes again", async () => {
  const { world, heard } = await following();
  world.socket.hear(told("update", 14, { SOLUSDT: "5" }, 13));
  assert.deepEqual(world.socket.asked("subscribe").at(-1).channels, [{ ch: ALL, throttle: 250 }]);
  world.socket.hear(subscribed(15));
  world.socket.hear(told("snapshot", 15, { SOLUSDT: "6", BTCUSDT: "4" }));
  world.socket.hear(told("update", 16, { BTCUSDT: "7" }));
  assert.deepEqual(lasts(heard), [["snapshot", "1", "2"], ["snapshot", "6", "4"], ["update", "7"]]);
});

test("what came before the snapshot that fills a hole is not told after it", async () => {
  const { world, heard } = await following();
  world.socket.hear(told("update", 14, { SOLUSDT: "5" }, 13));
  world.socket.hear(subscribed(13));
  world.socket.hear(told("snapshot", 13, { SOLUSDT: "1", BTCUSDT: "4" }));
  assert.deepEqual(lasts(heard).slice(1), [["snapshot", "1", "4"], ["update", "5"]]);
});
