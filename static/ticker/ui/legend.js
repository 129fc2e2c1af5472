/** The figures of one candle in words above the chart: the one that is pointed at, else the newest. */

/** @import { Bar, Series } from "../market/candles.js" */
import { averageAt } from "../market/averages.js";
import { compact, direction, fixed, minus, percent, signed } from "../market/format.js";
import { say } from "./cells.js";

export class Legend {
  /**
   * @param {HTMLElement} element
   * @param {{priceDecimals: number}} pair
   */
  constructor(element, pair) {
    this.element = element;
    this.decimals = pair.priceDecimals;
    this.figures = part(element, "span", "");
    for (const name of ["O", "H", "L", "C"]) this.figures.append(`${name} `, document.createElement("b"), " ");
    this.figures.append(document.createElement("b"), " ");
    this.volume = part(element, "span", "");
    this.volume.append("Vol ", document.createElement("b"));
    part(element, "span", "row");
  }

  /**
   * @param {Series} series
   * @param {Bar | undefined} bar
   * @param {number[]} lengths  of the averages that are shown
   */
  paint(series, bar, lengths) {
    if (!bar) return;
    const way = direction(minus(bar.close, bar.open));
    this.figures.className = way;
    const cells = this.figures.querySelectorAll("b");
    const prices = [bar.open, bar.high, bar.low, bar.close].map((price) => fixed(price, this.decimals));
    const share = ((Number(bar.close) / Number(bar.open) - 1) * 100).toFixed(2);
    const said = [...prices, `${signed(minus(bar.close, bar.open), this.decimals)} (${percent(share)})`];
    said.forEach((text, i) => say(cells[i] ?? null, text));
    say(this.volume.querySelector("b"), compact(bar.volume));
    this.#averages(series, bar, lengths);
  }

  /** @param {Series} series @param {Bar} bar @param {number[]} lengths */
  #averages(series, bar, lengths) {
    const shown = this.element.querySelectorAll("[data-length]");
    if ([...shown].map((cell) => cell.getAttribute("data-length")).join() !== lengths.join()) {
      shown.forEach((cell) => cell.remove());
      for (const length of lengths) part(this.element, "span", `ma-${length}`).dataset["length"] = String(length);
    }
    const index = series.indexOf(bar.ms);
    for (const length of lengths) {
      const value = averageAt(series.bars, index, length);
      const cell = this.element.querySelector(`[data-length="${length}"]`);
      say(cell, value === null ? "" : `MA ${length} ${fixed(value.toFixed(this.decimals), this.decimals)}`);
    }
  }
}

/** @param {HTMLElement} parent @param {string} tag @param {string} className */
function part(parent, tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}
