/** One follower's place in one channel: it is told each item once, in order, and of every hole that stays. */

/** @import { FeedEvent, Position } from "../types.js" */
/** @import { Message } from "./types.js" */

import { apply } from "./sequence.js";

const HELD = 5_000; // messages behind a hole; a hole that long is as good as a new beginning

export class Reader {
  /** @type {Position | null} */
  position;

  /** @type {Message[]} came after a hole, wait until it is filled; in order of arrival */
  #held = [];

  #last;
  #isPartial;

  /** Whether it has just gone back by `last`: what lies there has not been asked for. */
  isRewound = false;

  /**
   * @param {Position | null} [position]  what is known already
   * @param {number} [last]  of a log without a position: so many items that are there already are wanted too
   * @param {boolean} [isPartial]  of a state: an update has only what changed, so none may be missed
   */
  constructor(position = null, last = 0, isPartial = false) {
    this.position = position === null ? null : { ...position };
    this.#last = last;
    this.#isPartial = isPartial;
  }

  /** Whether something is missing before what came last. */
  get hasGap() {
    return this.#held.length > 0;
  }

  /**
   * The server begins, or begins again, to tell a log. Its numbers go on after ours, or a reset is told.
   *
   * @param {Message} message  `subscribed`
   * @returns {FeedEvent[]}
   */
  subscribed(message) {
    const { epoch = null, seq = 0, mode } = message;
    this.isRewound = false;
    const at = this.position;
    const other = at !== null && at.epoch !== null && epoch !== null && at.epoch !== epoch;
    if (mode !== "log") {
      // The snapshot that follows is the new beginning; without one ours is still the newest.
      if (other || message.resume === "reset") {
        this.position = null;
        this.#held = [];
      }
      return [];
    }
    if (at === null) {
      this.begin({ epoch, seq });
      return [];
    }
    if (other || (message.resume === "reset" && at.seq !== seq)) return this.#begin(message, { epoch, seq });
    at.epoch ??= epoch;
    return [];
  }

  /** @param {Position} newest  of a log */
  begin({ epoch, seq }) {
    this.position = { epoch, seq: Math.max(0, seq - this.#last) };
    this.isRewound = this.position.seq < seq;
  }

  /**
   * @param {Message} message  `snapshot`
   * @param {string | null} epoch  of its channel
   * @returns {FeedEvent[]}
   */
  snapshot(message, epoch) {
    const seq = message.seq ?? 0;
    if (this.position !== null && seq <= this.position.seq) return [];
    this.position = { epoch, seq };
    return [event("snapshot", message, seq, message.data, epoch), ...this.#release(epoch)];
  }

  /**
   * @param {Message} message  `update`
   * @param {string | null} epoch  of its channel
   * @returns {FeedEvent[]}
   */
  update(message, epoch) {
    const seq = message.seq ?? 0;
    const last = this.position?.seq ?? null;
    const verdict = apply(last, message.from ?? seq, seq, message.data);
    if (verdict.act === "drop") return [];
    // A state that is sent in full: what came between is of no use any more.
    const isWhole = !Array.isArray(message.data) && !this.#isPartial;
    if (verdict.act === "gap" && !isWhole) {
      this.#held.push(message);
      return this.#held.length > HELD ? this.giveUp() : [];
    }
    const at = { epoch: this.position?.epoch ?? epoch, seq };
    const told =
      verdict.act === "apply"
        ? event("update", message, verdict.from, verdict.data, at.epoch)
        : event("update", message, message.from ?? seq, message.data, at.epoch);
    this.position = at;
    return [told, ...this.#release(at.epoch)];
  }

  /**
   * The hole will not be filled: go on behind it.
   *
   * @returns {FeedEvent[]} a reset and what was held
   */
  giveUp() {
    const [first] = this.#held;
    if (first === undefined) return [];
    const epoch = this.position?.epoch ?? null;
    this.position = null; // so that the first one held is told, even where it is the one that misses items
    return [reset(first, first.from ?? first.seq ?? 0, epoch), ...this.#release(epoch)];
  }

  /**
   * @param {Message} message
   * @param {Position} position
   * @returns {FeedEvent[]}
   */
  #begin(message, position) {
    this.#held = [];
    this.position = position;
    return [reset(message, position.seq + 1, position.epoch)];
  }

  /**
   * @param {string | null} epoch
   * @returns {FeedEvent[]} what was held and can be told now
   */
  #release(epoch) {
    const held = this.#held.sort((a, b) => (a.from ?? a.seq ?? 0) - (b.from ?? b.seq ?? 0));
    this.#held = [];
    return held.flatMap((message) => this.update(message, epoch));
  }
}

/**
 * @param {"snapshot" | "update"} kind
 * @param {Message} message
 * @param {number} from
 * @param {unknown} data
 * @param {string | null} epoch
 * @returns {FeedEvent}
 */
function event(kind, message, from, data, epoch) {
  const { ch = "", seq = 0, ts = 0, pt = 0 } = message;
  return { kind, ch, from, seq, ts, pt, epoch, data };
}

/**
 * @param {Message} message
 * @param {number} from
 * @param {string | null} epoch
 * @returns {FeedEvent}
 */
function reset(message, from, epoch) {
  return { kind: "reset", ch: message.ch ?? "", from, seq: from - 1, ts: 0, pt: 0, epoch, data: null };
}
