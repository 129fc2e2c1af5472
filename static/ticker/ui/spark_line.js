/** A sparkline whose end follows the last price; its other points stay as the server drew them. */

import { linePath } from "../market/lines.js";

export class SparkLine {
  /** What the points stand for. @type {string[]} */
  #prices;

  /** @param {Element} svg  with one path, and the prices of its bottom and top in data-low and data-high */
  constructor(svg) {
    this.path = svg.querySelector("path");
    const [, top = 0, width = 0, height = 0] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
    this.width = width;
    this.height = height + 2 * top; // the box is larger than the line by a margin above and below
    const [low, high] = [Number(svg.getAttribute("data-low")), Number(svg.getAttribute("data-high"))];
    const line = this.path?.getAttribute("d") ?? "";
    const ys = [...line.matchAll(/,(-?[\d.]+)/g)].map(([, y]) => Number(y));
    // A tenth of a pixel is all that was drawn, and all that is to be drawn again.
    this.#prices = ys.map((y) => String(low + (1 - y / this.height) * (high - low)));
  }

  /** @param {string} last */
  end(last) {
    if (this.#prices.length < 2) return;
    this.#prices[this.#prices.length - 1] = last;
    this.path?.setAttribute("d", linePath(this.#prices, this.width, this.height));
  }
}
