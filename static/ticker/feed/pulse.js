/** Whether a connection lives, judged by what was heard and never by what a socket says of itself. */

/** @import { Reading } from "./latency.js" */
/** @import { Message, Ping } from "./types.js" */

import { measured, offsetOf } from "./latency.js";

const HEARTBEAT_MS = 10_000; // until a hello tells the server's own
const GRACE_MS = 10_000; // a heartbeat may be late by so much
const CHECK_MS = 4_000; // how long an answer may take when there is reason to doubt
const PING_EVERY_MS = 10_000;

export class Pulse {
  /** When anything was heard last; 0 for never. */
  lastHeardMs = 0;

  #heartbeatMs = HEARTBEAT_MS;
  #answerByMs = Infinity;
  #pingId = 0;
  #pingAtMs = 0;
  /** @type {Reading[]} */
  #readings = [];
  #now;
  #send;

  /**
   * @param {() => number} now
   * @param {(ping: Ping) => boolean} send  false where the transport cannot be asked
   */
  constructor(now, send) {
    this.#now = now;
    this.#send = send;
  }

  /** @returns {number | null} newest round trip */
  get latencyMs() {
    return this.#readings.at(-1)?.latencyMs ?? null;
  }

  /** @returns {number} the server's clock minus ours */
  get offsetMs() {
    return offsetOf(this.#readings);
  }

  /** @returns {boolean} nothing was heard for so long that the connection has to go */
  get isGone() {
    const now = this.#now();
    return now - this.lastHeardMs > this.#heartbeatMs + GRACE_MS || now > this.#answerByMs;
  }

  /** @param {Message} hello  of a new connection */
  begin({ hb_ms = HEARTBEAT_MS }) {
    this.#heartbeatMs = hb_ms;
    this.#readings = [];
    this.heard();
    this.#ping();
  }

  /** Any message is a sign of life. */
  heard() {
    this.lastHeardMs = this.#now();
    this.#answerByMs = Infinity;
  }

  tick() {
    if (this.#now() - this.#pingAtMs >= PING_EVERY_MS) this.#ping();
  }

  /** Ask for a sign of life. What cannot be asked is believed if it was heard within a heartbeat. */
  doubt() {
    const now = this.#now();
    if (this.#ping()) this.#answerByMs = Math.min(this.#answerByMs, now + CHECK_MS);
    else if (now - this.lastHeardMs > this.#heartbeatMs) this.#answerByMs = now - 1;
  }

  /** @param {Message} message */
  pong({ id, time }) {
    if (id !== this.#pingId || time === undefined) return; // a late one would measure our own patience
    this.#readings = measured(this.#readings, this.#pingAtMs, time, this.#now());
  }

  #ping() {
    this.#pingAtMs = this.#now();
    this.#pingId += 1;
    return this.#send({ op: "ping", id: this.#pingId });
  }
}
