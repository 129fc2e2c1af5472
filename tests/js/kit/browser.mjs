/** The parts of a browser that a connection uses, each in the hands of a test. */

import { Clock, settle } from "./clock.mjs";
import { openFeed } from "../../../static/ticker/feed/feed.js";
import { open as longpoll } from "../../../static/ticker/feed/longpoll.js";
import "../../../static/ticker/feed/publishing.js"; // there already, as after the first word
import { open as poll } from "../../../static/ticker/feed/poll.js";
import { open as sse } from "../../../static/ticker/feed/sse.js";
import { open as websocket } from "../../../static/ticker/feed/websocket.js";

export const SITE = "http://tradedash.test/trade/SOL-USDT/";

/** One kind of fake for each thing that a browser opens; `opened` lists all that were. */
export class World {
  clock = new Clock();
  transports = { websocket, sse, longpoll, poll }; // all there: a test does not wait for a disk
  sockets = [];
  streams = [];
  requests = [];
  page = {
    window: new EventTarget(),
    document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
    navigator: { onLine: true },
  };

  /** What HTTP answers: by path, a function of the URL. Anything else cannot be reached. */
  answers = {};

  constructor() {
    const world = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url) {
        super(url);
        world.sockets.push(this);
      }
    };
    this.EventSource = class extends FakeStream {
      constructor(url) {
        super(url);
        world.streams.push(this);
      }
    };
  }

  fetch = (url, init = {}) => {
    const request = { url: new URL(url), init };
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener("abort", () => reject(init.signal.reason));
      const answer = this.answers[request.url.pathname];
      if (answer === undefined) return reject(new TypeError("cannot be reached"));
      Promise.resolve(answer(request.url, init)).then(resolve, reject);
    });
  };

  open(options = {}) {
    const { WebSocket, EventSource, fetch, page, clock, transports } = this;
    const { now, timers } = clock;
    this.statuses = [];
    const owned = { WebSocket, EventSource, fetch, page, now, timers, transports, random: () => 0.5 };
    this.feed = openFeed({ url: SITE, ...owned, ...options });
    this.feed.on("status", (status) => this.statuses.push(status));
    return this.feed;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get stream() {
    return this.streams.at(-1);
  }

  /** Follow a channel and keep what was heard. */
  follow(ch, options = {}) {
    const heard = [];
    heard.stop = this.feed.follow(ch, options, (event) => heard.push(event));
    return heard;
  }

  /** A feed whose WebSocket has said hello. */
  async live(options) {
    this.open(options);
    await settle();
    this.socket.greet();
    return this.feed;
  }
}

class FakeSocket {
  readyState = 0;
  said = [];
  isClosed = false;

  constructor(url) {
    this.url = new URL(url);
  }

  send(text) {
    this.said.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
    this.isClosed = true;
  }

  accept() {
    this.readyState = 1;
    this.onopen?.({});
  }

  hear(message) {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  greet(fields = {}) {
    this.accept();
    this.hear({ type: "hello", v: 1, conn: "c7Qm2", server: "daphne-1", time: 0, hb_ms: 10_000, ...fields });
  }

  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** What was asked with this op, newest last. */
  asked(op) {
    return this.said.filter((request) => request.op === op);
  }
}

class FakeStream extends EventTarget {
  isClosed = false;
  lastEventId = "";

  constructor(url) {
    super();
    this.url = new URL(url);
  }

  close() {
    this.isClosed = true;
  }

  hear(message) {
    const event = new MessageEvent(message.type, { data: JSON.stringify(message), lastEventId: this.lastEventId });
    this.dispatchEvent(event);
  }

  greet() {
    this.hear({ type: "hello", v: 1, conn: "s1", server: "daphne-2", time: 0, hb_ms: 10_000 });
  }

  end() {
    this.dispatchEvent(new Event("error"));
  }
}

/** An answer of HTTP. */
export function json(body, { status = 200, headers = {} } = {}) {
  const text = status === 304 ? null : JSON.stringify(body);
  return new Response(text, { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** Trades `from`…`seq`, as an update tells them. */
export function trades(from, seq, ch = "trade.SOLUSDT") {
  const ids = Array.from({ length: seq - from + 1 }, (_, index) => from + index);
  const data = ids.map((id) => ({ id, p: "142.35", q: "3.2", s: "buy", ts: id }));
  return { type: "update", ch, from, seq, ts: seq, pt: seq, data };
}

/** The same trades, as REST's rows. */
export function rows(from, seq) {
  return trades(from, seq).data.map(({ id, p, q, s, ts }) => ({ id, price: p, qty: q, side: s, time_ms: ts }));
}

/** The ids that a follower of trades was told, in order. */
export function ids(heard) {
  return heard.filter(({ kind }) => kind === "update").flatMap(({ data }) => data.map(({ id }) => id));
}

/** `subscribed` of a log. */
export function log(seq, fields = {}, ch = "trade.SOLUSDT") {
  return { type: "subscribed", ch, mode: "log", throttle: 0, epoch: "k3x9f1", seq, ...fields };
}
