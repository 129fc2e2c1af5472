/** How the connection stands: what is known of it, and who wants to be told. */

/** @import { FeedState, Status } from "../types.js" */
/** @import { Message } from "./types.js" */

/** @typedef {"latencyMs" | "offsetMs" | "retryInMs" | "lastHeardMs" | "messagesPerS"} Measured */
/** @typedef {Pick<Status, "transport" | "pinned" | Measured>} Moving */

export class Standing {
  /** @type {FeedState} */
  state = "connecting";

  /** Attempts since the last good connection. */
  attempts = 0;

  /** @type {number | null} */
  lastCode = null;

  gaps = 0;
  reconnects = 0;
  lastTradeMs = 0;

  #since;
  #server = "";
  #conn = "";
  /** @type {string | null} */
  #user = null;
  /** @type {Record<string, number>} */
  #limits = {};
  #reason = "";
  #lastError = "";
  /** @type {"live" | "stale"} */
  #feed = "live";
  /** @type {number | null} */
  #feedSince = null;
  /** @type {Set<(status: Status) => void>} */
  #listeners = new Set();
  #now;
  #moving;

  /**
   * @param {() => number} now
   * @param {() => Moving} moving  what is measured when somebody looks
   */
  constructor(now, moving) {
    this.#now = now;
    this.#moving = moving;
    this.#since = now();
  }

  /** @returns {Status} */
  get status() {
    const { state, lastCode, gaps, reconnects, lastTradeMs } = this;
    return {
      state,
      since: this.#since,
      server: this.#server,
      conn: this.#conn,
      user: this.#user,
      limits: this.#limits,
      attempt: state === "live" ? 0 : this.attempts,
      lastTradeMs,
      gaps,
      reconnects,
      lastCode,
      reason: this.#reason,
      lastError: this.#lastError,
      feed: this.#feed,
      feedSince: this.#feedSince,
      ...this.#moving(),
    };
  }

  /**
   * @param {(status: Status) => void} listener
   * @returns {() => void} ends it
   */
  on(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * @param {FeedState} state
   * @param {number} [since]
   */
  enter(state, since = this.#now()) {
    if (state !== this.state) this.#since = since;
    this.state = state;
    this.tell();
  }

  /** @param {Message} hello */
  met({ server = "", conn = "", user = null, limits = {} }) {
    this.#server = server;
    this.#conn = conn;
    this.#user = user;
    this.#limits = limits;
    this.#feed = "live"; // the server says at once if it is not
    this.#feedSince = null;
    this.enter("live");
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  ended(code, reason) {
    this.lastCode = code;
    this.#reason = reason;
  }

  /** @param {Message} message  `error` */
  complained({ msg, code }) {
    this.#lastError = msg ?? String(code ?? "");
    this.tell();
  }

  /** @param {Message} message  `status` */
  source({ feed = "live", since }) {
    this.#feed = feed;
    this.#feedSince = feed === "stale" ? (since ?? this.#now()) : null;
    this.tell();
  }

  tell() {
    const { status } = this;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
