import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./kit/clock.mjs";
import { World } from "./kit/browser.mjs";

const GM = { text: "gm" };

/** What a promise came to. @param {Promise<any>} promise */
async function outcome(promise) {
  return promise.then(
    (value) => value,
    ({ code, msg, retry, afterMs }) => ({ code, msg, retry, afterMs }),
  );
}

/** @param {World} world @returns {Promise<any>} the newest thing that was published */
async function published(world) {
  await settle();
  return world.socket.asked("publish").at(-1);
}

test("what is published is answered with its number", async () => {
  const world = new World();
  await world.live();
  const said = world.feed.publish("lobby", GM);
  const { op, id, ch, data } = await published(world);
  assert.deepEqual([op, ch, data], ["publish", "lobby", GM]);
  world.socket.hear({ type: "ok", id, seq: 31 });
  assert.deepEqual(await said, { seq: 31 });
});

test("two at once have each its own answer", async () => {
  const world = new World();
  await world.live();
  const first = world.feed.publish("lobby", { text: "one" });
  const { id } = await published(world);
  const second = world.feed.publish("lobby", { text: "two" });
  world.socket.hear({ type: "ok", id: (await published(world)).id, seq: 2 });
  world.socket.hear({ type: "ok", id, seq: 1 });
  assert.deepEqual([await first, await second], [{ seq: 1 }, { seq: 2 }]);
});

test("a refusal says why, and when to try again", async () => {
  const world = new World();
  await world.live();
  const said = outcome(world.feed.publish("lobby", GM));
  const refusal = { code: "rate_limited", retry: true, after_ms: 700, msg: "one a second" };
  world.socket.hear({ type: "error", id: (await published(world)).id, ch: "lobby", ...refusal });
  assert.deepEqual(await said, { code: "rate_limited", msg: "one a second", retry: true, afterMs: 700 });
  assert.equal(world.feed.status.lastError, ""); // whoever said it was told
});

test("a refusal to publish does not end the following of the same channel", async () => {
  const world = new World();
  await world.live();
  const heard = world.follow("lobby");
  await settle();
  world.socket.hear({ type: "subscribed", ch: "lobby", mode: "log", epoch: "e", seq: 4 });
  const said = outcome(world.feed.publish("lobby", GM));
  world.socket.hear({ type: "error", id: (await published(world)).id, ch: "lobby", code: "forbidden", retry: false, msg: "no" });
  await said;
  world.socket.hear({ type: "update", ch: "lobby", seq: 5, data: [{ id: 5 }] });
  assert.deepEqual(heard.map(({ seq, epoch }) => [seq, epoch]), [[5, "e"]]);
});

test("without a connection it is said at once that nothing was", async () => {
  const world = new World();
  world.open();
  await settle();
  const before = await outcome(world.feed.publish("lobby", GM));
  assert.deepEqual([before.code, before.retry], ["not_connected", true]);
  world.socket.greet();
  assert.equal(world.socket.asked("publish").length, 0); // nothing is kept for later
});

test("a transport that only listens cannot publish", async () => {
  const world = new World();
  world.open({ pin: "sse" });
  world.follow("lobby");
  await world.clock.pass(60);
  world.stream.greet();
  assert.equal((await outcome(world.feed.publish("lobby", GM))).code, "not_connected");
});

test("when the connection is cut before the answer nobody knows", async () => {
  const world = new World();
  await world.live();
  const said = outcome(world.feed.publish("lobby", GM));
  await settle();
  world.socket.end(1006);
  const { code, retry } = await said;
  assert.deepEqual([code, retry], ["unknown", false]);
});

test("an answer that does not come is waited for ten seconds", async () => {
  const world = new World();
  await world.live();
  const said = outcome(world.feed.publish("lobby", GM));
  await world.clock.pass(10_000);
  assert.equal((await said).code, "unknown");
  world.socket.hear({ type: "ok", id: (await published(world)).id, seq: 31 }); // too late, and no harm
});

test("what would end the connection is not sent", async () => {
  const world = new World();
  await world.live();
  world.socket.end();
  await world.clock.pass(250);
  world.socket.greet({ limits: { msg_bytes: 100 } });
  assert.equal((await outcome(world.feed.publish("lobby", { text: "ä".repeat(50) }))).code, "payload_too_large");
  assert.equal(world.socket.asked("publish").length, 0);
});

test("what is published arrives as it was said, whatever its fields are called", async () => {
  const world = new World();
  await world.live();
  world.feed.publish("lobby", { ch: "trade.SOLUSDT", seq: 7 }).catch(() => {});
  assert.deepEqual((await published(world)).data, { ch: "trade.SOLUSDT", seq: 7 });
});
