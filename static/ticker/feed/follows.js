/** All that the panels of a page follow, and what to ask the server for so that they hear it. */

/** @import { FollowOptions } from "../types.js" */
/** @import { Handler } from "./channel.js" */
/** @import { Message, Request, Wish } from "./types.js" */

import { Channel } from "./channel.js";

const RETRY_MS = 1_000; // for an error that may pass and names no time of its own

/**
 * @typedef {object} Outlet
 * @property {(request: Request) => void} send  does nothing while there is no connection
 * @property {() => number} now
 * @property {() => void} gap  a hole was found
 * @property {(run: () => void, ms: number) => void} later
 */

export class Follows {
  /** @type {Map<string, Channel>} */
  #channels = new Map();

  /** @type {Set<string>} channels to ask for, or to end, once the present task is done */
  #changed = new Set();

  #nextId = 1;
  #outlet;

  /** @param {Outlet} outlet */
  constructor(outlet) {
    this.#outlet = outlet;
  }

  /**
   * @param {string} name
   * @param {FollowOptions} options
   * @param {Handler} handler
   * @returns {() => void} ends it
   */
  follow(name, options, handler) {
    const channel = this.#channels.get(name) ?? new Channel(name);
    this.#channels.set(name, channel);
    const before = channel.isOpen ? channel.throttle : null;
    const follower = channel.join(options, handler);
    if (before !== channel.throttle || options.position !== undefined || options.last) this.#change(name);
    return () => {
      const shared = channel.throttle;
      channel.leave(follower);
      if (!channel.isFollowed || channel.throttle !== shared) this.#change(name);
    };
  }

  /** Whether anything is followed that belongs to somebody. */
  get isPrivate() {
    return [...this.#channels.values()].some(({ name, isFollowed }) => isFollowed && name.startsWith("me."));
  }

  /** @returns {Request} for a new connection: everything, each from where we stand */
  all() {
    this.#changed.clear();
    for (const channel of this.#channels.values()) if (!channel.isFollowed) this.#channels.delete(channel.name);
    return this.#subscribe([...this.#channels.values()]);
  }

  /** A connection begins to answer: what an older one said about the channels is over. */
  begin() {
    for (const channel of this.#channels.values()) channel.isOpen = channel.isRefused = false;
  }

  /** @param {Message} message  about one channel */
  take(message) {
    const channel = this.#channels.get(message.ch ?? "");
    if (channel === undefined) return;
    if (message.type === "error") return this.#refused(channel, message);
    const had = channel.hasGap;
    channel.take(message);
    const hasFound = !had && channel.hasGap;
    if (hasFound) this.#outlet.gap();
    if (hasFound || (message.type === "subscribed" && channel.isRewound)) {
      this.#outlet.send(this.#subscribe([channel]));
    }
  }

  /** @param {Record<string, number>} tops  of a heartbeat: the newest number of each channel */
  heardOf(tops) {
    for (const [name, seq] of Object.entries(tops)) this.#channels.get(name)?.heardOf(seq);
  }

  /** Once a second: ask again for what should have come and did not. */
  tick() {
    const due = [...this.#channels.values()].filter((channel) => channel.isDue(this.#outlet.now()));
    if (due.length > 0) this.#outlet.send(this.#subscribe(due));
  }

  /** @param {string} name */
  #change(name) {
    if (this.#changed.size === 0) queueMicrotask(() => this.#ask());
    this.#changed.add(name);
  }

  /** One request for all that changed in one task: a page opens a dozen panels at once. */
  #ask() {
    const changed = [...this.#changed].map((name) => this.#channels.get(name)).filter((it) => it !== undefined);
    this.#changed.clear();
    const begun = changed.filter((channel) => channel.isFollowed);
    const ended = changed.filter((channel) => !channel.isFollowed);
    for (const { name } of ended) this.#channels.delete(name);
    if (begun.length > 0) this.#outlet.send(this.#subscribe(begun));
    const names = ended.map(({ name }) => name);
    if (names.length > 0) this.#outlet.send({ op: "unsubscribe", id: this.#nextId++, channels: names });
  }

  /**
   * @param {Channel[]} channels
   * @returns {Request}
   */
  #subscribe(channels) {
    const now = this.#outlet.now();
    /** @type {Wish[]} */
    const wishes = channels.map((channel) => channel.wish(now));
    return { op: "subscribe", id: this.#nextId++, channels: wishes };
  }

  /**
   * @param {Channel} channel
   * @param {Message} message
   */
  #refused(channel, message) {
    channel.isRefused = message.retry !== true;
    if (channel.isRefused) return;
    const ms = typeof message.after_ms === "number" ? message.after_ms : RETRY_MS;
    this.#outlet.later(() => channel.isFollowed && this.#change(channel.name), ms);
  }
}
