import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Tally, TradeTimes } from "../../static/ticker/market/comparison.js";
import { counted } from "../../static/ticker/ui/transports_counted.js";
import { Gate } from "../../static/ticker/ui/transports_gate.js";
import { openPoll } from "../../static/ticker/ui/transports_lines.js";

const NOW = () => 100_000;
const URL_OF_TICKER = "http://localhost/api/v1/pairs/SOLUSDT/ticker/";

/** What the server knows, and how it was asked. */
let seq = 7;
let hangs = false;
/** @type {Headers[]} */
let asked = [];

/** @param {string | URL} url @param {RequestInit} init @returns {Promise<Response>} */
function fakeFetch(url, init) {
  const headers = new Headers(init.headers);
  asked.push(headers);
  if (hangs || init.signal?.aborted) {
    return new Promise((_, reject) => {
      if (init.signal?.aborted) reject(init.signal.reason);
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
  }
  const ETag = `"${seq}"`;
  const isKnown = headers.get("If-None-Match") === ETag;
  const body = JSON.stringify({ seq, time_ms: 99_000, last: "142.00" });
  const response = new Response(isKnown ? null : body, { status: isKnown ? 304 : 200, headers: { ETag } });
  Object.defineProperty(response, "url", { value: String(url) });
  return new Promise((resolve, reject) => {
    init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    queueMicrotask(() => resolve(response));
  });
}

class FakeSocket extends EventTarget {
  close() {
    this.dispatchEvent(new Event("close"));
  }
}

class FakeSource extends EventTarget {
  close() {}
}

beforeEach(() => {
  Object.assign(globalThis, { WebSocket: FakeSocket, EventSource: FakeSource, fetch: fakeFetch });
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => clockMs);
  [seq, hangs, asked, clockMs] = [7, false, [], 0];
});
afterEach(() => mock.restoreAll());
afterEach(() => mock.timers.reset());

let clockMs = 0;

/** Let time pass, a tenth of a second at a time, as answers come in between. @param {number} ms */
async function pass(ms) {
  for (let passed = 0; passed < ms; passed += 100) {
    clockMs += 100;
    mock.timers.tick(100);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const poll = (everyMs = () => 500) => {
  const tally = new Tally(new TradeTimes());
  const gate = new Gate();
  const line = openPoll(URL_OF_TICKER, everyMs, { symbol: "SOLUSDT", tally, now: NOW, gate, moved: () => {} });
  return { tally, line, gate };
};

test("every poll is either news or empty, however long it goes on", async () => {
  const { tally, line } = poll();
  await pass(30_050);
  line.close();
  assert.equal(tally.messages, 1);
  assert.equal(tally.empty, tally.requests - 1);
  assert.ok(tally.requests >= 59 && tally.requests <= 61, String(tally.requests));
  assert.deepEqual([tally.reconnects, tally.open], [0, 0]);
});

test("what was missed between two polls is counted, and the price is the newest", async () => {
  const { tally, line } = poll();
  await pass(1_000);
  seq = 12;
  await pass(1_000);
  line.close();
  assert.deepEqual([tally.seen, tally.missed, tally.messages], [1, 4, 2]);
  assert.equal(asked[0]?.get("If-None-Match"), null);
  assert.equal(asked[1]?.get("If-None-Match"), '"7"');
});

test("a cut between two polls hits the next one, which counts and brings nothing", async () => {
  const { tally, line } = poll();
  await pass(200);
  line.cut();
  await pass(500);
  assert.deepEqual([line.state(), tally.requests, tally.empty], ["reconnecting", 2, 0]);
  await pass(500);
  assert.deepEqual([line.state(), tally.reconnects, tally.empty], ["live", 1, 1]);
  line.close();
});

test("an answer that does not come is given up", async () => {
  const { tally, line } = poll();
  await pass(200);
  hangs = true;
  await pass(5_000);
  assert.equal(tally.requests, 2);
  hangs = false;
  await pass(7_000);
  assert.equal(line.state(), "live");
  assert.equal(tally.reconnects, 1);
  line.close();
});

test("a new pace begins at once, and nothing is asked after the end", async () => {
  let everyMs = 5_000;
  const { tally, line } = poll(() => everyMs);
  await pass(1_000);
  everyMs = 500;
  line.hurry();
  await pass(1_000);
  assert.ok(tally.requests >= 3);
  line.close();
  const { requests } = tally;
  await pass(3_000);
  assert.equal(tally.requests, requests);
});

test("a socket's messages are counted in bytes, and it is held until it closes", () => {
  const tally = new Tally(new TradeTimes());
  const gate = new Gate();
  const browser = counted(tally, NOW, () => ({ messages: 0, isEmpty: false }), gate);
  const socket = new browser.WebSocket("ws://localhost/");
  assert.deepEqual([tally.requests, tally.open], [1, 0]);
  socket.dispatchEvent(new Event("open"));
  socket.dispatchEvent(Object.assign(new Event("message"), { data: "1 €" }));
  assert.deepEqual([tally.messages, tally.payload, tally.open], [1, 5, 1]);
  assert.equal(browser.cut(), true);
  assert.equal(tally.open, 0);
  assert.equal(browser.cut(), false);
});

test("a stream that is cut ends with an error without data, as a lost one does", () => {
  const tally = new Tally(new TradeTimes());
  const gate = new Gate();
  const browser = counted(tally, NOW, () => ({ messages: 0, isEmpty: false }), gate);
  const source = new browser.EventSource("http://localhost/");
  /** @type {string[]} */
  const heard = [];
  source.addEventListener("update", () => heard.push("update"));
  source.addEventListener("error", () => heard.push("error"));
  source.dispatchEvent(new Event("open"));
  source.dispatchEvent(Object.assign(new Event("update"), { data: "{}" }));
  browser.cut();
  assert.deepEqual(heard, ["update", "error"]);
  assert.deepEqual([tally.messages, tally.payload], [1, 2]);
  source.close();
  assert.equal(tally.open, 0);
});

test("what comes to a socket that is held arrives later, in order, and is counted then", async () => {
  const tally = new Tally(new TradeTimes());
  const gate = new Gate();
  const browser = counted(tally, NOW, () => ({ messages: 0, isEmpty: false }), gate);
  const socket = new browser.WebSocket("ws://localhost/");
  /** @type {string[]} */
  const heard = [];
  socket.onmessage = ({ data }) => void heard.push(data);
  gate.hold(2_000);
  for (const data of ["1", "2"]) socket.dispatchEvent(Object.assign(new Event("message"), { data }));
  await pass(1_900);
  assert.deepEqual([heard, tally.messages], [[], 0]);
  await pass(200);
  assert.deepEqual([heard, tally.messages], [["1", "2"], 2]);
  socket.dispatchEvent(Object.assign(new Event("message"), { data: "3" }));
  assert.deepEqual(heard, ["1", "2", "3"]);
});

test("an answer to a poll that is held comes late, and the poll goes on", async () => {
  const { tally, line, gate } = poll();
  gate.hold(2_000);
  await pass(1_000);
  assert.equal(tally.messages, 0);
  await pass(3_000);
  assert.equal(line.state(), "live");
  assert.ok(tally.messages + tally.empty >= 3);
  line.close();
});
