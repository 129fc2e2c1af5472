/** The page's one connection: whichever transport gets through, whatever happens, followers hear everything once. */

/** @import { Feed, FeedEvent, FollowOptions, Status, TransportName } from "../types.js" */
/** @import { Bye } from "./backoff.js" */
/** @import { Hooks, Tamper } from "./hooks.js" */
/** @import { Publishing } from "./publishing.js" */
/** @import { Events, Line, Message, Open, Request, Timers } from "./types.js" */
/** @import { Page } from "./watch.js" */

import { backoff, waitAfter } from "./backoff.js";
import { browserOf, isReachable } from "./browser.js";
import { LOST, SIGNED_OUT, mustWait } from "./codes.js";
import { Follows } from "./follows.js";
import { HELLO_MS, better, failed, ladder, lived, stayed, transportOf } from "./ladder.js";
import { Meter } from "./meter.js";
import { Pulse } from "./pulse.js";
import { Standing } from "./standing.js";
import { TRANSPORTS } from "./transports.js";
import { watch } from "./watch.js";

const STEADY_MS = 5_000; // a connection that lived so long was a good one: the next attempt counts as the first
const SOON_MS = 250;
const OFFLINE_MS = 60_000; // reconnecting for so long is being offline, to people

/**
 * What the browser owns; all of it can be replaced.
 *
 * @typedef {object} FeedOptions
 * @property {string} [url]  of the site
 * @property {TransportName | null} [pin]
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof EventSource} [EventSource]
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now]
 * @property {() => number} [random]
 * @property {Timers} [timers]
 * @property {Page} [page]
 * @property {Record<TransportName, Open>} [transports]
 */

/**
 * One try to be connected; a trial is one beside a connection that works.
 *
 * @typedef {{name: TransportName, line: Line, isTrial: boolean, timer: Timer}} Attempt
 */
/** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */

/**
 * Connect, and stay connected. Call it once for a page and share what it gives.
 *
 * @param {FeedOptions} [options]
 * @returns {Feed}
 */
export function openFeed(options = {}) {
  return new Connection(options);
}

/** @implements {Feed} */
class Connection {
  #browser;
  #url;
  #transports;
  #ladder;
  #follows;
  /** @type {Publishing | null} read with the first word: most pages only listen */
  #publishing = null;
  #pulse;
  #standing;
  #unwatch;
  #meter = new Meter();
  /** @type {Tamper} what a page without hooks has */
  #tamper = { pass: (message, hear) => hear(message), unmute: () => {} };

  /** @type {Attempt | null} the connection, once it has said hello */
  #live = null;
  /** @type {Attempt | null} */
  #attempt = null;
  /** @type {Timer} */
  #retryTimer;
  #retryAtMs = 0;
  #liveSinceMs = 0;
  #lostAtMs;

  /** @param {FeedOptions} options */
  constructor(options) {
    this.#browser = browserOf(options);
    const { now, timers } = this.#browser;
    this.#url = options.url ?? globalThis.location.href;
    this.#transports = options.transports ?? TRANSPORTS;
    this.#ladder = ladder(options.pin ?? null);
    this.#lostAtMs = now();
    this.#pulse = new Pulse(now, (ping) => this.#live?.line.send(ping) ?? false);
    this.#follows = new Follows({
      send: (request) => {
        this.#live?.line.send(request);
        this.#attempt?.line.send(request);
      },
      now,
      gap: () => void (this.#standing.gaps += 1),
      later: (run, ms) => void timers.setTimeout(run, ms),
    });
    this.#standing = new Standing(now, () => this.#moving());
    this.#unwatch = watch(options.page ?? { window, document, navigator }, timers, now, {
      online: () => this.#awake(),
      offline: () => this.#networkGone(),
      awake: () => this.#awake(),
      tick: () => this.#tick(),
    });
    const root = globalThis.document?.documentElement;
    if (root?.dataset.debug === "1") {
      void import("./hooks.js").then(({ install }) => {
        this.#tamper = install(/** @type {{__td?: Hooks}} */ (globalThis), () => this.#drop());
      });
    }
    // Not at once: what the page follows in this task goes with the first request.
    queueMicrotask(() => this.#standing.state === "connecting" && this.#attempt === null && this.#connect());
  }

  /**
   * @param {string} ch
   * @param {FollowOptions} options
   * @param {(event: FeedEvent) => void} handler
   */
  follow(ch, options, handler) {
    return this.#follows.follow(ch, options, handler);
  }

  /**
   * @param {"status"} _name
   * @param {(status: Status) => void} handler
   */
  on(_name, handler) {
    return this.#standing.on(handler);
  }

  /** @returns {Status} */
  get status() {
    return this.#standing.status;
  }

  /** @param {{op: string}} message */
  send(message) {
    const line = this.#live?.line;
    return line?.name === "websocket" && line.send(/** @type {Request} */ (message));
  }

  /**
   * @param {string} ch
   * @param {unknown} data
   */
  async publish(ch, data) {
    const read = await import("./publishing.js").catch(() => null);
    if (read === null) {
      const msg = "The server cannot be reached now.";
      throw Object.assign(new Error(msg), { code: "not_connected", msg, retry: true, afterMs: 0 });
    }
    this.#publishing ??= new read.Publishing((message) => this.send(message), this.#browser.timers);
    return this.#publishing.publish(ch, data, this.status.limits["msg_bytes"]);
  }

  retryNow() {
    if (this.#live === null) this.#connect();
    else this.#pulse.doubt();
  }

  /** @param {TransportName | null} name */
  pin(name) {
    this.#ladder = ladder(name);
    const wanted = transportOf(this.#ladder);
    if (this.#live?.name !== wanted) this.#connect();
    else this.#standing.tell();
  }

  close() {
    this.#end();
    this.#unwatch();
    this.#standing.enter("closed");
  }

  #now() {
    return this.#browser.now();
  }

  #moving() {
    const { latencyMs, offsetMs, lastHeardMs } = this.#pulse;
    return {
      transport: this.#live?.name ?? this.#attempt?.name ?? transportOf(this.#ladder),
      pinned: this.#ladder.pinned,
      latencyMs,
      offsetMs,
      lastHeardMs,
      retryInMs: this.#retryTimer === undefined ? null : Math.max(0, this.#retryAtMs - this.#now()),
      messagesPerS: this.#meter.perS,
    };
  }

  // --- attempts ---

  /** Try the transport whose turn it is; a connection that still stands is given up. */
  #connect() {
    this.#end();
    this.#attempt = this.#open(transportOf(this.#ladder), false);
    const { state, attempts } = this.#standing;
    if (state === "offline" || state === "stale") this.#standing.tell(); // and stay so, until a hello
    else this.#standing.enter(this.#pulse.lastHeardMs === 0 && attempts === 0 ? "connecting" : "reconnecting");
  }

  /** End whatever there is, without a word to anybody. */
  #end() {
    this.#browser.timers.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#live !== null) {
      this.#lostAtMs = this.#now();
      if (this.#lostAtMs - this.#liveSinceMs >= STEADY_MS) this.#standing.attempts = 0;
    }
    for (const one of [this.#live, this.#attempt]) if (one !== null) this.#discard(one);
    this.#live = this.#attempt = null;
    this.#publishing?.lost();
  }

  /** @param {Attempt} attempt */
  #discard(attempt) {
    this.#browser.timers.clearTimeout(attempt.timer);
    attempt.line.close();
  }

  /**
   * @param {TransportName} name
   * @param {boolean} isTrial
   * @returns {Attempt}
   */
  #open(name, isTrial) {
    const { timers } = this.#browser;
    this.#tamper.unmute();
    const events = {
      message: (/** @type {Message} */ message) => this.#tamper.pass(message, (passed) => this.#heard(attempt, passed)),
      close: (/** @type {number} */ code, /** @type {string} */ reason) => this.#closed(attempt, code, reason),
    };
    const line = this.#lineOf(name, events);
    /** @type {Attempt} */
    const attempt = { name, line, isTrial, timer: undefined };
    attempt.timer = timers.setTimeout(() => this.#silent(attempt), HELLO_MS);
    line.send(this.#follows.all());
    return attempt;
  }

  /**
   * @param {TransportName} name
   * @param {Events} events
   * @returns {Line} one that ends at once where the browser has no such transport, or forbids it
   */
  #lineOf(name, events) {
    try {
      return this.#transports[name](this.#url, events, this.#browser);
    } catch (error) {
      queueMicrotask(() => events.close(LOST, String(error)));
      return { name, send: () => false, close: () => {} };
    }
  }

  /** @param {Attempt} attempt  said nothing for HELLO_MS */
  #silent(attempt) {
    if (attempt !== this.#attempt) return;
    this.#discard(attempt);
    if (attempt.isTrial) return this.#climb(attempt.name);
    void this.#blame({ silent: true });
    this.#lost(LOST, "no hello", null);
  }

  /**
   * @param {Attempt} attempt
   * @param {number} code
   * @param {string} reason
   */
  #closed(attempt, code, reason) {
    this.#browser.timers.clearTimeout(attempt.timer);
    if (attempt === this.#live) return this.#lost(code, reason, null);
    if (attempt !== this.#attempt) return;
    if (attempt.isTrial) return this.#climb(attempt.name);
    if (code < 4000) void this.#blame({ silent: false }); // a code of ours got through, whatever it says
    this.#lost(code, reason, null);
  }

  /**
   * Count a failure against the transport, but step down only if the server can be reached otherwise.
   *
   * @param {{silent: boolean}} how
   */
  async #blame(how) {
    const before = this.#ladder;
    const after = failed(before, how);
    if (after.rung !== before.rung && !(await isReachable(this.#browser, this.#url))) return;
    if (this.#ladder !== before) return;
    this.#ladder = after;
    // The server answers, and what we try next has not failed yet: no reason to wait long. Back at the top there is.
    if (after.rung > before.rung && this.#retryTimer !== undefined) this.#hurry();
  }

  /**
   * Try the transports that are better than the one we have, beside it, best first.
   *
   * @param {TransportName} [after]  the one that just failed
   */
  #climb(after) {
    const names = better(this.#ladder, this.#now());
    const name = names[after === undefined ? 0 : names.indexOf(after) + 1];
    this.#attempt = name === undefined ? null : this.#open(name, true);
    if (name === undefined) this.#ladder = stayed(this.#ladder, this.#now());
  }

  // --- life ---

  /**
   * @param {Attempt} attempt
   * @param {Message} message
   */
  #heard(attempt, message) {
    if (attempt !== this.#live && attempt !== this.#attempt) return;
    if (attempt === this.#attempt) {
      if (message.type === "hello") this.#hello(attempt, message);
      if (message.type === "bye") return this.#bye(attempt, message);
      if (attempt !== this.#live) return;
    }
    this.#pulse.heard();
    this.#meter.count();
    this.#understand(attempt, message);
  }

  /**
   * @param {Attempt} attempt
   * @param {Message} hello
   */
  #hello(attempt, hello) {
    this.#browser.timers.clearTimeout(attempt.timer);
    const before = this.#live;
    this.#live = attempt;
    this.#attempt = null;
    if (before !== null) this.#discard(before);
    if (before === null && this.#pulse.lastHeardMs !== 0) this.#standing.reconnects += 1;
    this.#follows.begin();
    this.#ladder = lived(this.#ladder, attempt.name, this.#now());
    this.#liveSinceMs = this.#now();
    this.#pulse.begin(hello);
    this.#standing.met(hello);
  }

  /**
   * @param {Attempt} attempt
   * @param {Message} message
   */
  #understand(attempt, message) {
    switch (message.type) {
      case "update":
        if (message.ch?.startsWith("trade.")) this.#standing.lastTradeMs = this.#now();
        return this.#follows.take(message);
      case "subscribed":
      case "snapshot":
        return this.#follows.take(message);
      case "hb":
        return this.#follows.heardOf(message.top ?? {});
      case "pong":
        this.#pulse.pong(message);
        return this.#standing.tell();
      case "status":
        return this.#standing.source(message);
      case "ok":
        return void this.#publishing?.take(message);
      case "error":
        if (this.#publishing?.take(message)) return;
        this.#follows.take(message);
        return this.#standing.complained(message);
      case "bye":
        return this.#bye(attempt, message);
    }
  }

  /**
   * @param {Attempt} attempt
   * @param {Message} bye
   */
  #bye(attempt, bye) {
    const code = Number(bye.code ?? LOST);
    if (attempt.isTrial && attempt !== this.#live) return this.#closed(attempt, code, bye.reason ?? "");
    this.#lost(code, bye.reason ?? "", bye);
  }

  // --- trouble ---

  /**
   * The connection, or an attempt at one, has ended: wait as long as we should, then try again.
   *
   * @param {number} code
   * @param {string} reason
   * @param {Message | null} bye
   */
  #lost(code, reason, bye) {
    this.#end();
    this.#standing.ended(code, reason);
    const wait = this.#waitAfter(code, bye);
    if (wait === null) return this.#standing.enter("closed");
    this.#standing.attempts += 1;
    this.#retryIn(wait);
    this.#standing.enter(this.#standing.state === "offline" ? "offline" : "reconnecting");
  }

  /**
   * @param {number} code
   * @param {Message | null} bye
   * @returns {number | null} milliseconds; null means never by itself
   */
  #waitAfter(code, bye) {
    const { attempts } = this.#standing;
    const { random } = this.#browser;
    // Whoever has signed out may still hear what is public: once more, as nobody in particular. What is private ends.
    if (code === SIGNED_OUT && attempts === 0 && !this.#follows.isPrivate) return backoff(attempts, random);
    return waitAfter(code, /** @type {Bye | null} */ (bye), attempts, random);
  }

  /** @param {number} ms */
  #retryIn(ms) {
    const { timers } = this.#browser;
    timers.clearTimeout(this.#retryTimer);
    this.#retryAtMs = this.#now() + ms;
    this.#retryTimer = timers.setTimeout(() => this.#connect(), ms);
  }

  #hurry() {
    this.#retryIn(Math.min(SOON_MS, this.#retryAtMs - this.#now()));
    this.#standing.tell();
  }

  #tick() {
    const now = this.#now();
    this.#meter.tick();
    if (this.#live === null) {
      const isLong = now - this.#lostAtMs > OFFLINE_MS;
      if (isLong && this.#standing.state === "reconnecting") this.#standing.enter("offline", this.#lostAtMs);
      return;
    }
    if (this.#pulse.isGone) return this.#stale();
    this.#pulse.tick();
    this.#follows.tick();
    if (this.#attempt === null && better(this.#ladder, now).length > 0) this.#climb();
  }

  /** Nothing was heard for too long. An open socket proves nothing. */
  #stale() {
    this.#standing.ended(LOST, "nothing heard");
    this.#standing.enter("stale", this.#pulse.lastHeardMs);
    this.#connect();
  }

  #awake() {
    if (this.#live !== null) {
      this.#pulse.doubt();
      if (this.#pulse.isGone) this.#stale();
    } else if (this.#retryTimer !== undefined && !mustWait(this.#standing.lastCode ?? LOST)) this.#connect();
  }

  /** The browser says so; believed until an attempt proves otherwise: a server on this machine needs no network. */
  #networkGone() {
    if (this.#standing.state === "closed") return;
    this.#end();
    this.#standing.attempts += 1;
    this.#retryIn(1_000);
    this.#standing.enter("offline", this.#lostAtMs);
  }

  /** As if the network had cut it; for tests of pages. */
  #drop() {
    if (this.#live !== null) this.#closed(this.#live, LOST, "dropped");
  }
}
