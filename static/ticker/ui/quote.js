/** A row that shows the last price and the change of a pair; in the markets table it shows more. */

/** @import { Ticker } from "../types.js" */
import { direction, fixed, minus } from "../market/format.js";
import { flash, say, sayChange } from "./cells.js";

export class QuoteRow {
  /** @type {Ticker | null} */
  ticker = null;

  /** @param {HTMLElement} row  with data-symbol and data-decimals */
  constructor(row) {
    this.row = row;
    this.symbol = row.dataset["symbol"] ?? "";
    this.decimals = Number(row.dataset["decimals"]);
    this.lastCell = row.querySelector("[data-cell=last]");
    this.changeCell = row.querySelector("[data-cell=change]");
  }

  /** @param {Ticker} ticker */
  paint(ticker) {
    const before = this.ticker?.last;
    this.ticker = ticker;
    if (this.lastCell && say(this.lastCell, fixed(ticker.last, this.decimals)) && before) {
      flash(this.lastCell, direction(minus(ticker.last, before)));
    }
    sayChange(this.changeCell, ticker.chg);
  }
}
