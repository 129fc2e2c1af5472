/** The strip above the chart: the last price, large, and the 24 hours behind it. */

/** @import { Ticker } from "../types.js" */
import { arrow, compact, direction, fixed, full, minus, percent, signed, spread } from "../market/format.js";
import { flash, one, say, sayChange, turn } from "./cells.js";

export class Header {
  /** @type {Ticker | null} */
  #shown = null;

  /**
   * @param {HTMLElement} strip
   * @param {{base: string, quote: string, priceDecimals: number}} pair
   */
  constructor(strip, pair) {
    this.pair = pair;
    this.place = one(strip, "[data-last]");
    this.last = one(strip, "[data-cell=last]");
    this.tickArrow = one(strip, "[data-cell=tick-arrow]");
    this.change = one(strip, "[data-cell=change]");
    this.high = one(strip, "[data-cell=high]");
    this.low = one(strip, "[data-cell=low]");
    this.volume = one(strip, "[data-cell=volume]");
    this.quoteVolume = one(strip, "[data-cell=quote-volume]");
    this.spread = one(strip, "[data-cell=spread]");
  }

  /** @param {Ticker} ticker */
  paint(ticker) {
    const { base, quote, priceDecimals } = this.pair;
    const before = this.#shown?.last;
    this.#shown = ticker;
    say(this.last, fixed(ticker.last, priceDecimals));
    const way = before ? direction(minus(ticker.last, before)) : "flat";
    if (way !== "flat") {
      turn(this.place, way);
      say(this.tickArrow, arrow(way));
      flash(this.last, way);
    }
    const change = signed(minus(ticker.last, ticker.open), priceDecimals);
    sayChange(this.change, ticker.chg, `${change} (${percent(ticker.chg)})`);
    say(this.high, fixed(ticker.high, priceDecimals));
    say(this.low, fixed(ticker.low, priceDecimals));
    if (say(this.volume, compact(ticker.vol))) this.volume.title = `${full(ticker.vol)} ${base}`;
    if (say(this.quoteVolume, compact(ticker.qvol))) this.quoteVolume.title = `${full(ticker.qvol)} ${quote}`;
    say(this.spread, spread(ticker.bid, ticker.ask, priceDecimals));
  }
}
