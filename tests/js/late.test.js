import assert from "node:assert/strict";
import { test } from "node:test";

import { late } from "../../static/ticker/feed/late.js";
import { TRANSPORTS } from "../../static/ticker/feed/transports.js";
import { World, json } from "./kit/browser.mjs";
import { Clock, settle } from "./kit/clock.mjs";

const all = { op: "subscribe", id: 1, channels: [{ ch: "trade.SOLUSDT" }] };
const more = { op: "unsubscribe", id: 2, channels: ["trade.SOLUSDT"] };

/** A late transport, the module that it waits for, and what happened to it. */
function waiting() {
  const said = [];
  const ends = [];
  const closed = [];
  const line = { name: "sse", send: (request) => said.push(request) > 0, close: () => closed.push(true) };
  const module = resolvers();
  const open = late("sse", () => module.promise);
  const begin = () => open("http://tradedash.test/", { message() {}, close: (...end) => ends.push(end) }, {});
  return { begin, said, ends, closed, come: () => module.resolve({ open: () => line }), fail: module.reject };
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test("what is said before a transport has come is said to it in order", async () => {
  const { begin, said, come } = waiting();
  const line = begin();
  assert.ok(line.send(all));
  come();
  await settle();
  assert.ok(line.send(more));
  assert.deepEqual(said, [all, more]);
});

test("a transport that is not wanted any more is not opened when it comes", async () => {
  const { begin, said, come, ends } = waiting();
  const line = begin();
  line.send(all);
  line.close();
  come();
  await settle();
  assert.deepEqual([said, ends, line.send(more)], [[], [], false]);
});

test("closing one that has come closes it", async () => {
  const { begin, come, closed } = waiting();
  const line = begin();
  come();
  await settle();
  line.close();
  assert.equal(closed.length, 1);
});

test("a module that does not come is a failure of its transport, told once", async () => {
  const { begin, fail, ends } = waiting();
  const line = begin();
  fail(new TypeError("Failed to fetch dynamically imported module"));
  await settle();
  assert.equal(ends.length, 1);
  assert.equal(ends[0][0], 1006);
  assert.ok(!line.send(all));
});

test("a ladder whose next rung cannot be read goes on to the one below", async () => {
  const world = new World();
  world.answers["/healthz"] = () => json({});
  world.answers["/live/v1/poll"] = () => json({ cursor: "a:1", messages: [], next_ms: 1_000 });
  const none = late("sse", () => Promise.reject(new TypeError("404")));
  world.open({ transports: { ...world.transports, sse: none } });
  world.follow("trade.SOLUSDT");
  await settle();
  world.socket.accept();
  await world.clock.pass(4_500); // no hello: a step down to what is not there, twice
  await world.clock.pass(3_000);
  assert.deepEqual([world.feed.status.state, world.feed.status.transport], ["live", "longpoll"]);
});

test("each fallback is there when a page asks for it", async () => {
  for (const name of ["sse", "longpoll", "poll"]) {
    const ends = [];
    const { timers } = new Clock();
    const events = { message() {}, close: (...end) => ends.push(end) };
    const line = TRANSPORTS[name]("http://tradedash.test/", events, { timers });
    await import(`../../static/ticker/feed/${name}.js`);
    await settle();
    line.close();
    assert.deepEqual([line.name, ends], [name, []]);
  }
});
