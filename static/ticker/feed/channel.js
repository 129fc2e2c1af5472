/** One channel and those who follow it: they share one subscription, and each keeps its own place. */

/** @import { FeedEvent, FollowOptions } from "../types.js" */
/** @import { Message, Wish } from "./types.js" */

import { Reader } from "./reader.js";

// A throttled update may be up to a second behind what a heartbeat or the log says; and an answer takes its time.
const PATIENCE_MS = 2_000;
// REST is behind the stream by as much as the recorder is; five tries are ten seconds.
const TRIES = 5;
// A request that met a limit is refused without naming its channels: what has no answer after this is asked again.
const ANSWER_MS = 5_000;

/** @typedef {(event: FeedEvent) => void} Handler */
/** @typedef {{reader: Reader, handler: Handler, throttle: number | undefined}} Follower */

export class Channel {
  /** @type {Set<Follower>} */
  #followers = new Set();

  /** @type {"log" | "state" | "delta" | null} */
  #mode = null;

  /** @type {string | null} */
  #epoch = null;

  /** The highest number that we know to exist. */
  #top = 0;

  /** @type {Message | null} of a state: what a newcomer is told at once */
  #newest = null;

  #askedAtMs = 0;
  #behindSinceMs = 0;
  #tries = 0;

  /** Whether the server tells us this channel on the present connection. */
  isOpen = false;

  /** Whether the server said that it will never tell it. */
  isRefused = false;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.isPartial = name === "ticker.all"; // its updates have only the pairs that changed
  }

  get isFollowed() {
    return this.#followers.size > 0;
  }

  /** @returns {number | undefined} what the most impatient follower wants; undefined for the server's default */
  get throttle() {
    const wanted = [...this.#followers].map((follower) => follower.throttle);
    const told = wanted.filter((ms) => ms !== undefined);
    return told.length === 0 || told.length < wanted.length ? undefined : Math.min(...told);
  }

  /**
   * @param {FollowOptions} options
   * @param {Handler} handler
   * @returns {Follower}
   */
  join({ throttle, position, last }, handler) {
    const follower = { reader: new Reader(position ?? null, last, this.isPartial), handler, throttle };
    if (this.isOpen && position === undefined && this.#mode === "log") {
      follower.reader.begin({ epoch: this.#epoch, seq: this.#top });
    }
    this.#followers.add(follower);
    const newest = this.#newest;
    if (this.isOpen && newest !== null) {
      const snapshot = { ...newest, type: "snapshot" };
      queueMicrotask(() => this.#tell(follower, follower.reader.snapshot(snapshot, this.#epoch)));
    }
    return follower;
  }

  /** @param {Follower} follower */
  leave(follower) {
    this.#followers.delete(follower);
  }

  /**
   * What to ask the server for: everything after the place of the follower that knows least.
   *
   * @param {number} nowMs
   * @returns {Wish}
   */
  wish(nowMs) {
    this.#askedAtMs = nowMs;
    /** @type {Wish} */
    const wish = { ch: this.name };
    const { throttle } = this;
    if (throttle !== undefined) wish.throttle = throttle;
    const known = [...this.#followers].map(({ reader }) => reader.position).filter((position) => position !== null);
    const [least] = known.sort((a, b) => a.seq - b.seq);
    if (least === undefined || this.#mode === "state") return wish; // a state begins with its snapshot anyway
    return least.epoch === null ? { ...wish, seq: least.seq } : { ...wish, epoch: least.epoch, seq: least.seq };
  }

  /** @param {Message} message  `subscribed`, `snapshot` or `update` */
  take(message) {
    if (message.type === "subscribed") this.#subscribed(message);
    else if (this.isOpen) this.#top = Math.max(this.#top, message.seq ?? 0);
    else return; // left over from a subscription that we ended
    if (message.type !== "subscribed" && this.#mode !== "log" && !Array.isArray(message.data)) this.#keep(message);
    for (const follower of [...this.#followers]) this.#tell(follower, this.#read(follower.reader, message));
  }

  /** @param {Message} message  `snapshot` or `update` of a state */
  #keep(message) {
    const { isPartial } = this;
    const newest = this.#newest;
    if (!isPartial || message.type === "snapshot") this.#newest = message;
    else if (newest === null || (message.from ?? message.seq ?? 0) > (newest.seq ?? 0) + 1) this.#newest = null;
    else this.#newest = { ...message, data: { ...newest.data, ...message.data } };
  }

  /** @param {number} seq  the server says that this number exists */
  heardOf(seq) {
    this.#top = Math.max(this.#top, seq);
  }

  /** Whether somebody misses something before what came last. */
  get hasGap() {
    return [...this.#followers].some(({ reader }) => reader.hasGap);
  }

  /** Whether somebody wants what was there before. */
  get isRewound() {
    return [...this.#followers].some(({ reader }) => reader.isRewound);
  }

  /**
   * Whether to ask again, for want of an answer, because of a hole, or because there is more than was told.
   * After five answers that did not help, goes on without what is missing, and tells so.
   *
   * @param {number} nowMs
   * @returns {boolean}
   */
  isDue(nowMs) {
    if (!this.isOpen) return !this.isRefused && nowMs - this.#askedAtMs >= ANSWER_MS;
    if (!this.#isBehind()) {
      this.#behindSinceMs = 0;
      this.#tries = 0;
      return false;
    }
    this.#behindSinceMs ||= nowMs;
    const waited = nowMs - Math.max(this.#askedAtMs, this.hasGap ? 0 : this.#behindSinceMs);
    if (waited < PATIENCE_MS) return false;
    if (this.#tries >= TRIES) {
      this.#goOn();
      return false;
    }
    this.#tries += 1;
    return true;
  }

  #isBehind() {
    return [...this.#followers].some(({ reader }) => {
      return reader.hasGap || (reader.position !== null && reader.position.seq < this.#top);
    });
  }

  #goOn() {
    this.#tries = 0;
    this.#behindSinceMs = 0;
    for (const follower of [...this.#followers]) this.#tell(follower, follower.reader.giveUp());
    const seqs = [...this.#followers].map(({ reader }) => reader.position?.seq ?? 0);
    this.#top = Math.max(0, ...seqs); // a number that was never told may never have existed
  }

  /** @param {Message} message */
  #subscribed(message) {
    const epoch = message.epoch ?? this.#epoch;
    if (epoch !== this.#epoch || message.resume === "reset") {
      this.#top = 0;
      this.#newest = null;
    }
    this.isOpen = true;
    this.#mode = message.mode ?? this.#mode;
    this.#epoch = epoch;
    this.#top = Math.max(this.#top, message.seq ?? 0);
  }

  /**
   * @param {Reader} reader
   * @param {Message} message
   * @returns {FeedEvent[]}
   */
  #read(reader, message) {
    if (message.type === "subscribed") return reader.subscribed(message);
    if (message.type === "snapshot") return reader.snapshot(message, this.#epoch);
    return reader.update(message, this.#epoch);
  }

  /**
   * @param {Follower} follower
   * @param {FeedEvent[]} events
   */
  #tell(follower, events) {
    for (const event of events) {
      if (!this.#followers.has(follower)) return; // it left while it was told
      try {
        follower.handler(event);
      } catch (error) {
        reportError(error); // one panel's fault is not the others' silence
      }
    }
  }
}
