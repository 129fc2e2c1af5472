/** What a client does not know, it ignores: servers of tomorrow say more. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./kit/clock.mjs";
import { World, ids, log, trades } from "./kit/browser.mjs";

/** The same numbers for the same seed (mulberry32): a failure can be repeated. @param {number} seed */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Some JSON value. @param {() => number} random @returns {any} */
function value(random, depth = 3) {
  const kinds = [
    () => null,
    () => random() < 0.5,
    () => Math.floor(random() * 2e9) - 1e9,
    () => random().toString(36).slice(2),
    () => Array.from({ length: random() * 4 }, () => value(random, depth - 1)),
    () => object(random, depth - 1),
  ];
  return kinds[Math.floor(random() * (depth > 0 ? 6 : 4))]?.();
}

/** @param {() => number} random */
function object(random, depth = 3) {
  return Object.fromEntries(Array.from({ length: random() * 5 }, () => [`x${random().toString(36).slice(2, 7)}`, value(random, depth)]));
}

for (let seed = 1; seed <= 20; seed += 1) {
  test(`unknown types and fields are ignored (seed ${seed})`, async () => {
    const random = dice(seed);
    const world = new World();
    await world.live();
    const heard = world.follow("trade.SOLUSDT");
    await settle();
    world.socket.hear({ ...object(random), ...log(0) });
    for (let id = 1; id <= 100; id += 1) {
      for (let count = random() * 3; count > 1; count -= 1) {
        world.socket.hear({ ...object(random), type: `x${random().toString(36).slice(2, 8)}`, ch: "trade.SOLUSDT", seq: id + 5 });
        world.socket.hear(value(random));
      }
      const update = trades(id, id);
      world.socket.hear({ ...object(random), ...update, data: [{ ...object(random), ...update.data[0] }] });
      world.socket.hear({ ...object(random), type: "hb", time: id, top: { "trade.SOLUSDT": id, [`x.${id}`]: 9e9 } });
    }
    assert.deepEqual(ids(heard), Array.from({ length: 100 }, (_, index) => index + 1));
    assert.deepEqual([world.feed.status.state, world.feed.status.gaps], ["live", 0]);
    assert.equal(world.socket.asked("subscribe").length, 1);
  });
}
