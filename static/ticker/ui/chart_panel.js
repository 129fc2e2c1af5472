/** The chart with what is around it: intervals, legend, countdown, label and table. */

/** @import { Feed } from "../types.js" */
/** @import { Bar, Columns } from "../market/candles.js" */
/** @import { Look } from "./chart.js" */
/** @import { Painter } from "./paint.js" */
/** @import { PlainLine } from "./plain_line.js" */
import { countdown, dayAndClock, direction, fixed, minus } from "../market/format.js";
import { CandleFeed } from "./candle_feed.js";
import { all, one, say } from "./cells.js";
import { Chart, library } from "./chart.js";
import { keptLook, mountChartKeys, mountLook } from "./chart_tools.js";
import { onKey } from "./keys.js";
import { Legend } from "./legend.js";

const LABEL_EVERY_MS = 30_000; // a screen reader that stands on the chart is not to be talked over
const LABEL_BARS = 60;
const TABLE_EVERY_MS = 2_000;

/**
 * What the page knows of its pair; ticker/pages/pair.py writes it.
 *
 * @typedef {object} PairData
 * @property {string} symbol
 * @property {string} name
 * @property {string} base
 * @property {string} quote
 * @property {string} tick
 * @property {string} step
 * @property {number} priceDecimals
 * @property {number} qtyDecimals
 * @property {string} interval
 * @property {Record<string, number>} intervals  ms by name
 * @property {Columns} bars
 * @property {string} candlesUrl
 * @property {string} tradesUrl
 * @property {string} epoch
 */

export class ChartPanel {
  /** Where the crosshair is. @type {Bar | undefined} */
  #pointed;
  #labelledMs = 0;
  #tabledMs = 0;
  /** What there is without the chart library. @type {PlainLine | null} */
  #plain = null;

  /**
   * @param {HTMLElement} root
   * @param {PairData} data
   * @param {Feed} feed
   * @param {Painter} painter
   * @param {(text: string) => void} announce
   */
  constructor(root, data, feed, painter, announce) {
    this.data = data;
    this.feed = feed;
    this.painter = painter;
    this.announce = announce;
    this.look = keptLook();
    this.candles = new CandleFeed(data, feed, {
      moved: () => painter.ask("chart", () => this.#draw()),
      rewritten: () => painter.ask("chart anew", () => this.#redraw()),
    });
    this.place = one(root, "[data-chart]");
    this.legend = new Legend(one(root, "[data-legend]"), data);
    this.goLive = one(root, "[data-go-live]");
    this.countdown = one(root, "[data-countdown]");
    this.table = /** @type {HTMLDetailsElement} */ (one(root, "[data-as-table]"));
    this.links = /** @type {HTMLAnchorElement[]} */ (all(root, "[data-interval]"));

    this.chart = this.#makeChart(root);
    this.#mountIntervals();
    mountLook(root, (look) => this.#relook(look));
    this.goLive.addEventListener("click", () => this.chart?.goLive());
    this.table.addEventListener("toggle", () => void this.#fillTable());
    this.candles.follow();
    this.#paintLegend();
    this.tick();
    setInterval(() => this.tick(), 1000);
  }

  /** @param {HTMLElement} root */
  #makeChart(root) {
    const { series } = this.candles;
    const fallback = root.querySelector("[data-fallback]");
    if (!library()) {
      one(root, "[data-no-library]").hidden = false;
      if (fallback instanceof SVGElement) void this.#drawPlainly(fallback);
      return null;
    }
    const chart = new Chart(this.place, this.data, this.look, {
      pointed: (bar) => {
        this.#pointed = bar;
        this.#paintLegend();
      },
      nearStart: () => void this.candles.readOlder(),
      scrolled: (live) => (this.goLive.hidden = live),
    });
    chart.showAnew(series);
    if (series.last) fallback?.remove();
    mountChartKeys(this.place, chart, (bar) => this.#read(bar));
    return chart;
  }

  /** @param {SVGElement} line  as the server drew it; it stands still where the module does not come either */
  async #drawPlainly(line) {
    const { PlainLine } = await import("./plain_line.js");
    this.#plain = new PlainLine(line);
    this.#plain.show(this.candles.series);
  }

  /** The theme or the palette is another one. */
  recolour() {
    this.chart?.recolour();
  }

  /** @param {Partial<Look>} look */
  #relook(look) {
    this.look = { ...this.look, ...look };
    this.chart?.relook(look);
    this.#paintLegend();
  }

  #draw() {
    if (this.chart) this.place.querySelector("[data-fallback]")?.remove();
    this.chart?.update();
    this.#plain?.update();
    if (!this.#pointed || this.#pointed.ms === this.candles.series.last?.ms) this.#paintLegend();
  }

  #redraw() {
    this.chart?.show(this.candles.series);
    this.#plain?.show(this.candles.series);
    this.#paintLegend();
  }

  #paintLegend() {
    const { series } = this.candles;
    const bar = (this.#pointed && series.at(this.#pointed.ms)) ?? series.last;
    this.legend.paint(series, bar, this.look.averages);
  }

  #mountIntervals() {
    const first = this.candles.interval;
    const show = (/** @type {string} */ name) => {
      if (name === this.candles.interval) return;
      history.pushState(null, "", `?i=${name}`);
      void this.choose(name);
    };
    for (const link of this.links) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        show(link.dataset["interval"] ?? "");
      });
    }
    Object.keys(this.data.intervals).forEach((name, i) => onKey(String(i + 1), () => show(name)));
    addEventListener("popstate", () => void this.choose(new URLSearchParams(location.search).get("i") ?? first));
  }

  /** Show another interval; what is shown stays until the new candles are there. @param {string} name */
  async choose(name) {
    if (!(name in this.data.intervals)) return;
    this.#mark(name);
    try {
      if (!(await this.candles.choose(name))) return;
    } catch {
      this.#mark(this.candles.interval);
      this.announce(`Candles of ${name} could not be read.`);
      return;
    }
    this.#pointed = undefined;
    this.chart?.showAnew(this.candles.series);
    this.#redraw();
    this.#label();
    void this.#fillTable();
    this.tick();
  }

  /** @param {string} name */
  #mark(name) {
    for (const link of this.links) {
      if (link.dataset["interval"] === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  tick() {
    const { everyMs, series } = this.candles;
    const nowMs = Date.now() + this.feed.status.offsetMs;
    const leftMs = series.last ? series.last.ms + everyMs - nowMs : 0;
    say(this.countdown, leftMs > 0 && everyMs > 1000 ? countdown(leftMs) : "");
    if (this.painter.paused) return;
    if (performance.now() - this.#labelledMs > LABEL_EVERY_MS) this.#label();
    if (performance.now() - this.#tabledMs > TABLE_EVERY_MS) void this.#fillTable();
  }

  #label() {
    const { interval, series } = this.candles;
    const { last } = series;
    if (!last) return;
    this.#labelledMs = performance.now();
    const { name, priceDecimals } = this.data;
    const closes = series.bars.slice(-LABEL_BARS).map(({ close }) => Number(close));
    const [low, high] = [Math.min(...closes), Math.max(...closes)].map((price) => fixed(price.toFixed(priceDecimals), priceDecimals));
    const way = { up: "rising", down: "falling", flat: "unchanged" }[direction(minus(last.close, last.open))];
    this.place.ariaLabel =
      `${name} ${interval} candles, last ${fixed(last.close, priceDecimals)}, ` +
      `range of the last ${closes.length} candles ${low} to ${high}, ${way}`;
  }

  async #fillTable() {
    if (!this.table.open) return;
    this.#tabledMs = performance.now();
    const { fillCandleTable } = await import("./candle_table.js");
    fillCandleTable(one(this.table, "[data-candle-rows]"), this.candles.series, this.data);
    say(this.table.querySelector("[data-table-interval]"), this.candles.interval);
  }

  /** @param {Bar} bar */
  #read(bar) {
    const prices = [bar.open, bar.high, bar.low, bar.close].map((price) => fixed(price, this.data.priceDecimals));
    const [open, high, low, close] = prices;
    this.announce(`${dayAndClock(bar.ms)} UTC: open ${open}, high ${high}, low ${low}, close ${close}`);
  }
}
