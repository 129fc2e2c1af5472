/** What an HTTP transport has been asked to carry: channels are part of its address, so a change is a new request. */

/** @import { Request, Wish } from "./types.js" */

/**
 * What an answer over HTTP does not say of a channel, because its cursor is enough.
 *
 * @param {string} ch
 * @returns {"log" | "state"}
 */
export function modeOf(ch) {
  return /^(ticker|candle)\./.test(ch) ? "state" : "log";
}

export class Wanted {
  /** @type {Map<string, Wish>} */
  #wishes = new Map();

  /** @param {string} name */
  has(name) {
    return this.#wishes.has(name);
  }

  /** @returns {string[]} sorted, so that the same channels have the same address and the same cursor */
  get channels() {
    return [...this.#wishes.keys()].sort();
  }

  /**
   * @param {Request} request  `subscribe` or `unsubscribe`; anything else changes nothing
   * @returns {{changed: boolean, again: Wish[]}} whether the channels are others now, and which known ones are asked
   *   for again from a position, because something of them is missing
   */
  take(request) {
    const before = this.query().toString();
    /** @type {Wish[]} */
    const again = [];
    if (request.op === "subscribe") {
      for (const wish of request.channels) {
        if (this.#wishes.has(wish.ch) && wish.seq !== undefined) again.push(wish);
        this.#wishes.set(wish.ch, wish);
      }
    }
    if (request.op === "unsubscribe") for (const name of request.channels) this.#wishes.delete(name);
    return { changed: this.query().toString() !== before, again };
  }

  /** @param {string} name */
  drop(name) {
    this.#wishes.delete(name);
  }

  /** @returns {Wish[]} */
  get wishes() {
    return [...this.#wishes.values()];
  }

  /** @returns {URLSearchParams} `ch=…&throttle=…`; one throttle for all: what the most impatient asks for */
  query() {
    const query = new URLSearchParams({ ch: this.channels.join(",") });
    const told = this.wishes.map(({ throttle }) => throttle).filter((ms) => ms !== undefined);
    if (told.length > 0) query.set("throttle", String(Math.min(...told)));
    return query;
  }
}
