import assert from "node:assert/strict";
import { test } from "node:test";

import { makeUseSocket } from "../../static/ticker/feed/useSocket.js";
import { World, ids, log, trades } from "./kit/browser.mjs";
import { settle } from "./kit/clock.mjs";
import { React } from "./kit/react.mjs";

const SOL = "trade.SOLUSDT";
const TICKER = "ticker.SOLUSDT";

/** A page with a live connection, and the hook on it. */
async function page() {
  const world = new World();
  let opened = 0;
  const react = new React();
  const open = () => {
    opened += 1;
    return world.open();
  };
  const useSocket = makeUseSocket(react.hooks, open);
  /** @param {string[]} channels @param {object} [options] */
  const mount = (channels, options) => react.mount(useSocket, channels, options);
  return { world, mount, openings: () => opened };
}

/** @param {World} world */
async function greeted(world) {
  await settle();
  world.socket.greet();
  await settle();
}

/** Which channels came and went, oldest first. @param {World} world */
function asked(world) {
  const requests = world.socket.said.filter(({ op }) => op !== "ping");
  return requests.map(({ op, channels }) => [op, channels.map((/** @type {any} */ one) => one.ch ?? one)]);
}

/** @param {World} world @param {string} last */
function tell(world, last, seq = 8) {
  world.socket.hear({ type: "subscribed", ch: TICKER, mode: "state", throttle: 100, epoch: "p0w2", seq });
  world.socket.hear({ type: "snapshot", ch: TICKER, seq, ts: 1, data: { last } });
}

test("a component renders the newest of each channel, and how the connection is", async () => {
  const { world, mount } = await page();
  const price = mount([TICKER]);
  assert.deepEqual(price.result.latest, {});
  assert.equal(price.result.status.state, "connecting");
  await greeted(world);
  tell(world, "142.37");
  assert.equal(price.result.status.state, "live");
  assert.equal(price.result.latest[TICKER].kind, "snapshot");
  assert.equal(price.result.latest[TICKER].data.last, "142.37");
  world.socket.hear({ type: "update", ch: TICKER, seq: 9, ts: 2, data: { last: "142.39" } });
  assert.equal(price.result.latest[TICKER].data.last, "142.39");
});

test("all components of a page share one connection and its subscriptions", async () => {
  const { world, mount, openings } = await page();
  const [one, two] = [mount([TICKER, SOL]), mount([TICKER])];
  await greeted(world);
  tell(world, "1");
  assert.equal(openings(), 1);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(asked(world), [["subscribe", [TICKER, SOL]]]);
  assert.equal(one.result.latest[TICKER].data.last, two.result.latest[TICKER].data.last);
});

test("the last component that unmounts ends the subscription, and not the connection", async () => {
  const { world, mount } = await page();
  const [one, two] = [mount([SOL]), mount([SOL])];
  await greeted(world);
  one.unmount();
  await settle();
  assert.equal(world.socket.asked("unsubscribe").length, 0);
  two.unmount();
  await settle();
  assert.deepEqual(world.socket.asked("unsubscribe")[0].channels, [SOL]);
  assert.equal(world.socket.isClosed, false);
});

test("an unmounted component is told nothing", async () => {
  const { world, mount } = await page();
  const [gone, here] = [mount([TICKER]), mount([TICKER])];
  await greeted(world);
  const renders = gone.renders;
  gone.unmount();
  tell(world, "1");
  world.socket.end();
  await settle();
  assert.equal(gone.renders, renders);
  assert.equal(here.result.status.state, "reconnecting");
});

test("rendering again with the same channels in a new array asks for nothing", async () => {
  const { world, mount } = await page();
  const price = mount([TICKER, SOL], { onEvent: () => {} });
  await greeted(world);
  const before = asked(world);
  price.render([SOL, TICKER, SOL], { onEvent: () => {} });
  await settle();
  assert.deepEqual(asked(world), before);
});

test("other channels take the place of those that are not wanted any more", async () => {
  const { world, mount } = await page();
  const price = mount([TICKER]);
  await greeted(world);
  tell(world, "1");
  price.render(["ticker.BTCUSDT"]);
  await settle();
  assert.deepEqual(asked(world).slice(1), [
    ["subscribe", ["ticker.BTCUSDT"]],
    ["unsubscribe", [TICKER]],
  ]);
  assert.deepEqual(price.result.latest, {});
});

test("another throttle is asked for", async () => {
  const { world, mount } = await page();
  const price = mount([TICKER], { throttle: 1000 });
  await greeted(world);
  price.render([TICKER], { throttle: 250 });
  await settle();
  const told = world.socket.asked("subscribe").map(({ channels }) => channels[0].throttle);
  assert.deepEqual(told, [1000, 250]);
});

test("a log is told item by item to the newest listener, from a position on", async () => {
  const { world, mount } = await page();
  /** @type {any[]} */
  const old = [];
  /** @type {any[]} */
  const heard = [];
  const positions = { [SOL]: { epoch: "k3x9f1", seq: 10 } };
  const tape = mount([SOL], { positions, onEvent: (/** @type {any} */ event) => old.push(event) });
  tape.render([SOL], { positions, onEvent: (/** @type {any} */ event) => heard.push(event) });
  await greeted(world);
  assert.deepEqual(world.socket.asked("subscribe")[0].channels, [{ ch: SOL, epoch: "k3x9f1", seq: 10 }]);
  world.socket.hear(log(12, { resume: "ok", replay: 2 }));
  world.socket.hear(trades(11, 12));
  world.socket.hear(trades(13, 13));
  assert.deepEqual(ids(heard), [11, 12, 13]);
  assert.deepEqual(old, []);
});

test("send says whether it was sent", async () => {
  const { world, mount } = await page();
  const chat = mount(["lobby"]);
  const message = { op: "publish", ch: "lobby", data: { text: "gm" } };
  assert.equal(chat.result.send(message), false);
  await greeted(world);
  assert.equal(chat.result.send(message), true);
  assert.deepEqual(world.socket.said.at(-1), message);
  world.socket.end();
  assert.equal(chat.result.send(message), false);
  assert.deepEqual(world.socket.asked("publish").length, 1);
});

test("publish resolves with what the server says of it", async () => {
  const { world, mount } = await page();
  const chat = mount(["lobby"]);
  await assert.rejects(chat.result.publish("lobby", { text: "gm" }), { code: "not_connected" });
  await greeted(world);
  const said = chat.result.publish("lobby", { text: "gm" });
  await settle();
  world.socket.hear({ type: "ok", id: world.socket.asked("publish")[0].id, seq: 31 });
  assert.deepEqual(await said, { seq: 31 });
});

test("a component may follow nothing", async () => {
  const { world, mount } = await page();
  const badge = mount([]);
  await greeted(world);
  assert.equal(badge.result.status.state, "live");
  assert.deepEqual(asked(world), []);
});

test("mounted twice in a row, as React does while developing, it is followed once", async () => {
  const { world, mount } = await page();
  mount([SOL]).unmount();
  const tape = mount([SOL]);
  await greeted(world);
  world.socket.hear(log(0));
  world.socket.hear(trades(1, 2));
  assert.deepEqual(ids([tape.result.latest[SOL]]), [1, 2]);
  assert.deepEqual(asked(world), [["subscribe", [SOL]]]);
});
