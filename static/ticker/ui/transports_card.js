/** The card of one transport: its price, its figures and the line of its delays. */

/** @import { FeedState } from "../types.js" */
/** @import { Name, Tally } from "../market/comparison.js" */
/** @import { Row } from "../market/comparison_words.js" */
import { bytes, count, delay } from "../market/comparison_words.js";
import { fixed } from "../market/format.js";
import { flash, one, say } from "./cells.js";

/** @typedef {FeedState | "idle"} CardState */

/** @type {Record<CardState, [string, string]>} a sign and a word, since colour says nothing alone */
const STATES = {
  idle: ["○", "Not running"],
  connecting: ["◌", "Connecting"],
  live: ["●", "Live"],
  stale: ["◐", "Stale"],
  reconnecting: ["↻", "Reconnecting"],
  offline: ["✕", "Offline"],
  closed: ["✕", "Refused"],
};
const [WIDTH, HEIGHT] = [300, 72]; // of the viewBox of the line

export class Card {
  /** @param {HTMLElement} root @param {number} decimals  of a price */
  constructor(root, decimals) {
    this.root = root;
    this.decimals = decimals;
    this.name = /** @type {Name} */ (root.dataset["transport"]);
    this.price = one(root, "[data-cell=price]");
    this.drop = /** @type {HTMLButtonElement} */ (one(root, "[data-drop]"));
    this.path = root.querySelector("[data-line] path:last-of-type");
    this.badge = one(root, "[data-state]");
    this.shown = "";
  }

  /** @param {CardState} state */
  state(state) {
    if (this.badge.dataset["state"] !== state) this.badge.dataset["state"] = state;
    const [sign, word] = STATES[state];
    say(this.badge.querySelector("[data-sign]"), sign);
    say(this.badge.querySelector("[data-word]"), this.name === "poll" && state === "live" ? "Polling" : word);
    this.drop.disabled = state === "idle";
  }

  /**
   * @param {Tally} tally
   * @param {Row} row
   * @param {number} nowMs
   */
  paint(tally, row, nowMs) {
    if (tally.price && say(this.price, fixed(tally.price, this.decimals)) && this.shown) {
      flash(this.price, Number(tally.price) > Number(this.shown) ? "up" : "down");
    }
    this.shown = tally.price;
    const happened = row.seen + row.missed;
    this.#say("missed", count(row.missed));
    this.#say("of", `of ${count(happened)} trades`);
    this.root.toggleAttribute("data-misses", row.missed > 0);
    for (const name of /** @type {const} */ (["p50", "p95", "max"])) this.#say(name, delay(row[name]));
    for (const name of /** @type {const} */ (["messages", "requests", "empty", "reconnects"])) {
      this.#say(name, count(row[name]));
    }
    this.#say("payload", bytes(row.payload));
    this.#say("transferred", bytes(row.transferred));
    this.#say("held", `${tally.open} · ${row.held} %`);
    this.path?.setAttribute("d", tally.line(nowMs, WIDTH, HEIGHT));
  }

  /** @param {string} cell @param {string} text */
  #say(cell, text) {
    say(this.root.querySelector(`[data-cell=${cell}]`), text);
  }
}
