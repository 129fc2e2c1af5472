/** What is drawn where the chart library did not load: the server's line of closes, kept moving. */

/** @import { Series } from "../market/candles.js" */
import { linePath } from "../market/lines.js";

const BARS = 250; // as many as there are pixels worth of

export class PlainLine {
  /** @type {Series | null} */
  #series = null;

  /** @param {Element} svg  with one path */
  constructor(svg) {
    this.path = svg.querySelector("path");
    const [, , width = 0, height = 0] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
    this.width = width;
    this.height = height - 20; // the box has a margin of 10 above and below
  }

  /** @param {Series} series */
  show(series) {
    this.#series = series;
    this.update();
  }

  update() {
    const closes = this.#series?.bars.slice(-BARS).map(({ close }) => close) ?? [];
    this.path?.setAttribute("d", linePath(closes, this.width, this.height));
  }
}
