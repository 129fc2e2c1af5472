/** The table of all pairs: sorted, filtered, starred, and never moved under a pointer or a focus. */

/** @import { Ticker } from "../types.js" */
/** @import { Column } from "../market/order.js" */
import { age, compact, direction, fixed, full } from "../market/format.js";
import { by } from "../market/order.js";
import { all, one, say, turn } from "./cells.js";
import { keep, recall } from "./kept.js";
import { QuoteRow } from "./quote.js";
import { SparkLine } from "./spark_line.js";

const REORDER_EVERY_MS = 5_000; // an order that changes all the time cannot be read
const FRESH_MS = 5_000;
const QUIET_MS = 60_000;
const SPARK_EVERY_MS = 1_000;

class MarketRow extends QuoteRow {
  #heardMs = 0;
  #sparkMs = 0;
  /** @type {Record<string, string>} */
  figures;

  /** @param {HTMLTableRowElement} row */
  constructor(row) {
    super(row);
    const { name = "", last = "", change = "", high = "", low = "", volume = "" } = row.dataset;
    this.figures = { name, last, change, high, low, volume };
    this.high = row.querySelector("[data-cell=high]");
    this.low = row.querySelector("[data-cell=low]");
    this.volume = one(row, "[data-cell=volume]");
    this.star = one(row, "[data-star]");
    this.dot = one(row, "[data-age]");
    this.spark = row.querySelector(".spark");
    this.line = this.spark ? new SparkLine(this.spark) : null;
    if (last) this.#heardMs = Date.now() - Number(this.dot.dataset["ageMs"] ?? 0);
  }

  /**
   * @param {Ticker} ticker
   * @param {number} ts  when it was so
   */
  show(ticker, ts) {
    const { last: before, volume: sold } = this.figures;
    // A day that moves on changes its figures too, but makes no price younger.
    if (Number(ticker.last) !== Number(before) || Number(ticker.qvol) > Number(sold)) this.#heardMs = ts || Date.now();
    this.paint(ticker);
    const { last, chg: change, high, low, qvol: volume } = ticker;
    this.figures = { name: this.figures["name"] ?? "", last, change, high, low, volume };
    say(this.high, fixed(high, this.decimals));
    say(this.low, fixed(low, this.decimals));
    if (say(this.volume, compact(volume))) this.volume.title = full(volume);
    this.#drawSpark(last, change);
  }

  /** The line's end is the last price; its other points are from when the page was made. @param {string} last @param {string} change */
  #drawSpark(last, change) {
    const now = performance.now();
    if (!this.spark || now - this.#sparkMs < SPARK_EVERY_MS) return;
    this.#sparkMs = now;
    this.line?.end(last);
    turn(this.spark, direction(change));
  }

  /** @param {number} nowMs  by the server's clock */
  tick(nowMs) {
    if (!this.#heardMs) return;
    const ageMs = Math.max(0, nowMs - this.#heardMs);
    this.dot.dataset["fresh"] = ageMs < FRESH_MS ? "live" : ageMs < QUIET_MS ? "quiet" : "old";
    const text = ageMs < FRESH_MS ? "Up to date" : `${age(ageMs)} old`;
    this.dot.title = text;
    say(this.dot.firstElementChild, text);
  }
}

export class MarketsTable {
  /** @type {{column: Column, descending: boolean}} */
  #order = { column: "volume", descending: true };
  #tab = "all";
  #orderedMs = 0;
  #busyUntilMs = 0;
  #pointed = false;

  /** @param {HTMLTableElement} table */
  constructor(table) {
    this.body = one(table, "tbody");
    this.rows = /** @type {HTMLTableRowElement[]} */ (all(this.body, "tr")).map((row) => new MarketRow(row));
    this.filter = /** @type {HTMLInputElement} */ (one(document, "[data-filter]"));
    this.nothing = one(document, "[data-nothing]");
    this.gainers = document.querySelector("[data-gainers]");
    this.losers = document.querySelector("[data-losers]");
    /** @type {Set<string>} */
    this.favourites = new Set(recall("favourites", []));

    this.heads = all(table, "[data-sort]");
    for (const head of this.heads) one(head, "button").addEventListener("click", () => this.#sortBy(head));
    this.tabs = all(document, "[data-tab]");
    for (const tab of this.tabs) tab.addEventListener("click", () => this.#open(tab.dataset["tab"] ?? "all"));
    for (const row of this.rows) {
      row.star.addEventListener("click", () => this.#toggle(row));
      row.star.ariaPressed = String(this.favourites.has(row.symbol));
    }
    this.filter.addEventListener("input", () => this.#sift());
    this.filter.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.rows.find(({ row }) => !row.hidden)?.row.querySelector("a")?.click();
      if (event.key === "Escape") this.filter.blur();
    });
    one(document, "[data-show-all]").addEventListener("click", () => {
      this.filter.value = "";
      this.#open("all");
    });
    table.addEventListener("pointerenter", () => (this.#pointed = true));
    table.addEventListener("pointerleave", () => this.#leave());
    this.#sift();
    this.tick(Date.now());
  }

  /** @param {number} nowMs  by the server's clock */
  tick(nowMs) {
    for (const row of this.rows) row.tick(nowMs);
    const changes = this.rows.map(({ figures }) => direction(figures["change"]));
    say(this.gainers, String(changes.filter((way) => way === "up").length));
    say(this.losers, String(changes.filter((way) => way === "down").length));
    const now = performance.now();
    const busy = this.#pointed || this.body.contains(document.activeElement) || now < this.#busyUntilMs;
    if (now - this.#orderedMs >= REORDER_EVERY_MS && !busy) this.#reorder();
    if (this.#tab === "gainers" || this.#tab === "losers") this.#sift();
  }

  #leave() {
    this.#pointed = false;
    this.#busyUntilMs = performance.now() + 800; // a pointer that comes back meets the rows it left
  }

  /** @param {HTMLElement} head */
  #sortBy(head) {
    const column = /** @type {Column} */ (head.dataset["sort"]);
    const descending = this.#order.column === column ? !this.#order.descending : column !== "name";
    this.#order = { column, descending };
    for (const other of this.heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    this.#reorder();
  }

  #reorder() {
    this.#orderedMs = performance.now();
    const compare = by(this.#order.column, this.#order.descending);
    const sorted = [...this.rows].sort((a, b) => compare(/** @type {any} */ (a.figures), /** @type {any} */ (b.figures)));
    if (sorted.some(({ row }, i) => this.body.children[i] !== row)) this.body.append(...sorted.map(({ row }) => row));
    this.rows = sorted;
  }

  /** @param {string} name */
  #open(name) {
    this.#tab = name;
    for (const tab of this.tabs) tab.ariaPressed = String(tab.dataset["tab"] === name);
    this.#sift();
  }

  #sift() {
    const wanted = this.filter.value.trim().toUpperCase();
    for (const { row, symbol, figures } of this.rows) {
      const fits = `${symbol} ${figures["name"]}`.includes(wanted);
      const way = direction(figures["change"]);
      const listed = { favourites: this.favourites.has(symbol), gainers: way === "up", losers: way === "down" }[this.#tab];
      row.hidden = !(fits && (listed ?? true));
    }
    this.nothing.hidden = this.rows.some(({ row }) => !row.hidden);
  }

  /** @param {MarketRow} row */
  #toggle({ symbol, star }) {
    if (!this.favourites.delete(symbol)) this.favourites.add(symbol);
    star.ariaPressed = String(this.favourites.has(symbol));
    keep("favourites", [...this.favourites]);
    if (this.#tab === "favourites") this.#sift();
  }
}
