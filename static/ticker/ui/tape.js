/** The newest trades, newest first, in fifty rows that are used again and again. */

/** @import { Trade } from "../types.js" */
import { clock, fixed } from "../market/format.js";
import { one, say } from "./cells.js";

export const ROWS = 50;

export class Tape {
  /** What has come and is not painted yet, oldest first. @type {Trade[]} */
  #due = [];
  /** What has been painted, as far as it came over the feed. @type {Trade[]} */
  #painted = [];
  #newest = 0;
  /** While a pointer rests on the tape it holds still. */
  #held = false;
  #refilling = false;

  /** Told while the tape holds still: how many trades wait; null when it moves again. @type {(waiting: number | null) => void} */
  onHeld = () => {};

  /**
   * @param {HTMLElement} table  with the rows that the server rendered
   * @param {{priceDecimals: number, qtyDecimals: number}} pair
   * @param {() => void} repaint  asks for `paint`
   */
  constructor(table, pair, repaint) {
    this.pair = pair;
    this.body = /** @type {HTMLTableSectionElement} */ (one(table, "tbody"));
    this.#newest = Number(this.body.querySelector("tr")?.dataset["id"] ?? 0);
    table.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") this.#hold(true);
    });
    table.addEventListener("pointerleave", () => {
      if (!this.#held) return;
      this.#hold(false);
      repaint();
    });
  }

  /** The id of the newest trade that is known. */
  get newest() {
    return this.#due.at(-1)?.id ?? this.#newest;
  }

  /** @param {Trade[]} trades  in order */
  add(trades) {
    const known = this.newest;
    this.#due.push(...trades.filter(({ id }) => id > known));
    if (this.#held) this.onHeld(this.#due.length);
    // What would be pushed out before it is seen need not be kept; four screens are, for a tape that is held.
    if (this.#due.length > 4 * ROWS) this.#due = this.#due.slice(-ROWS);
  }

  /**
   * Begin anew after a hole: what comes meanwhile waits until these have been read.
   *
   * @param {Promise<Trade[]>} read  as many as there are rows
   */
  async refill(read) {
    this.#refilling = true;
    const trades = await read.catch(() => []); // then the tape goes on with what comes live
    // The record follows the feed by a moment: what is on the tape already may be newer than what was read.
    const known = new Map([...trades, ...this.#painted, ...this.#due].map((trade) => [trade.id, trade]));
    this.#due = [...known.values()].sort((a, b) => a.id - b.id).slice(-ROWS);
    this.#refilling = false;
  }

  paint() {
    if (this.#held || this.#refilling) return;
    const due = this.#due.slice(-ROWS);
    this.#due = [];
    for (const trade of due) {
      this.body.prepend(this.#filled(this.body.rows.length < ROWS ? newRow() : this.#oldest(), trade));
      this.#newest = trade.id;
    }
    this.#painted = [...this.#painted, ...due].slice(-ROWS);
  }

  /** @param {boolean} held */
  #hold(held) {
    this.#held = held;
    this.onHeld(held ? this.#due.length : null);
  }

  #oldest() {
    return /** @type {HTMLTableRowElement} */ (this.body.lastElementChild);
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {Trade} trade
   */
  #filled(row, trade) {
    row.dataset["id"] = String(trade.id);
    row.dataset["side"] = trade.s;
    const [price, qty, when] = row.cells;
    const [sign, side, figure] = price?.children ?? [];
    if (!sign || !side || !figure || !qty || !when?.firstElementChild) return row;
    say(sign, trade.s === "buy" ? "▲" : "▼");
    say(side, `${trade.s} `);
    say(figure, fixed(trade.p, this.pair.priceDecimals));
    say(qty, fixed(trade.q, this.pair.qtyDecimals));
    const time = /** @type {HTMLTimeElement} */ (when.firstElementChild);
    say(time, clock(trade.ts));
    time.dateTime = time.title = new Date(trade.ts).toISOString();
    return row;
  }
}

function newRow() {
  const row = document.createElement("tr");
  const price = row.insertCell();
  price.className = "price";
  const sign = document.createElement("span");
  sign.className = "arrow";
  sign.ariaHidden = "true";
  const side = document.createElement("span");
  side.className = "sr";
  price.append(sign, side, document.createElement("span"));
  row.insertCell();
  row.insertCell().append(document.createElement("time"));
  return row;
}
