/** The chart with all around it: intervals, history, the forming candle, legend, countdown, keys and table. */

/** @import { Candle, Feed, FeedEvent } from "../types.js" */
/** @import { Bar, Columns } from "../market/candles.js" */
/** @import { ChartType } from "./chart.js" */
/** @import { Painter } from "./paint.js" */
import { MOST_BARS, Series, barOf, barsOf } from "../market/candles.js";
import { countdown, dayAndClock, direction, fixed, minus } from "../market/format.js";
import { fillCandleTable } from "./candle_table.js";
import { all, one, say } from "./cells.js";
import { AVERAGES, Chart, library } from "./chart.js";
import { PAGE, readBars } from "./history.js";
import { keep, recall } from "./kept.js";
import { onKey } from "./keys.js";
import { Legend } from "./legend.js";
import { PlainLine } from "./plain_line.js";

const LABEL_EVERY_MS = 30_000; // a screen reader that stands on the chart is not to be talked over
const HEAL_AFTER_MS = [800, 2_000, 5_000, 10_000]; // the record follows the feed by a moment
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
  #unfollow = () => {};
  #loadingOlder = false;
  #olderEnded = false;
  #healing = 0;
  #choice = new AbortController();
  /** @type {Bar | undefined} */
  #pointed;
  #labelledMs = 0;
  #tabledMs = 0;

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
    this.interval = data.interval;
    this.series = new Series(this.everyMs, barsOf(data.bars, this.everyMs, data.tick, data.step));

    this.place = one(root, "[data-chart]");
    this.legend = new Legend(one(root, "[data-legend]"), data);
    this.goLive = one(root, "[data-go-live]");
    this.countdown = one(root, "[data-countdown]");
    this.table = /** @type {HTMLDetailsElement} */ (one(root, "[data-as-table]"));
    this.links = /** @type {HTMLAnchorElement[]} */ (all(root, "[data-interval]"));
    this.averages = /** @type {number[]} */ (recall("averages", [7, 25])).filter((length) => AVERAGES.includes(length));

    this.chart = this.#makeChart(root);
    this.#mountTools(root);
    this.#follow();
    this.#paintLegend();
    this.tick();
    setInterval(() => this.tick(), 1000);
  }

  get everyMs() {
    return this.data.intervals[this.interval] ?? 60_000;
  }

  /** @param {HTMLElement} root */
  #makeChart(root) {
    const fallback = root.querySelector("[data-fallback]");
    if (!library()) {
      one(root, "[data-no-library]").hidden = false;
      this.plain = fallback instanceof SVGElement ? new PlainLine(fallback) : null;
      this.plain?.show(this.series);
      return null;
    }
    const look = { type: /** @type {ChartType} */ (recall("chart", "candles")), averages: this.averages };
    const chart = new Chart(this.place, this.data, look, {
      pointed: (bar) => {
        this.#pointed = bar;
        this.#paintLegend();
      },
      nearStart: () => void this.#readOlder(),
      scrolled: (live) => (this.goLive.hidden = live),
    });
    chart.showAnew(this.series);
    if (this.series.last) fallback?.remove();
    return chart;
  }

  /** The theme or the palette is another one. */
  recolour() {
    this.chart?.recolour();
  }

  #follow() {
    this.#unfollow();
    this.#unfollow = this.feed.follow(`candle.${this.data.symbol}.${this.interval}`, { throttle: 100 }, (event) => this.#heard(event));
  }

  /** @param {FeedEvent} event */
  #heard({ kind, data }) {
    if (kind === "reset" || !data) return;
    const outcome = this.series.apply(barOf(/** @type {Candle} */ (data)));
    if (outcome === "old") return;
    if (outcome === "gap") this.#heal();
    this.painter.ask("chart", () => this.#draw());
  }

  #draw() {
    const { series, chart } = this;
    if (series.bars.length > MOST_BARS + PAGE) {
      series.merge([]);
      this.#redraw();
    }
    if (chart) this.place.querySelector("[data-fallback]")?.remove();
    chart?.update();
    this.plain?.update();
    if (!this.#pointed || this.#pointed.ms === series.last?.ms) this.#paintLegend();
  }

  #redraw() {
    this.chart?.show(this.series);
    this.plain?.show(this.series);
    this.#paintLegend();
  }

  #paintLegend() {
    const bar = (this.#pointed && this.series.at(this.#pointed.ms)) ?? this.series.last;
    this.legend.paint(this.series, bar, this.averages);
  }

  /** Read again what was missed, a little later, when the record has it too. */
  #heal(attempt = 0) {
    clearTimeout(this.#healing);
    this.#healing = setTimeout(async () => {
      const { series, interval } = this;
      const start = series.holeMs;
      if (start === null) return;
      try {
        const bars = await readBars(this.data.candlesUrl, { interval, start, limit: 1000 }, this.#choice.signal);
        if (series !== this.series) return;
        series.merge(bars);
        this.painter.ask("chart", () => this.#redraw());
      } catch {
        // Away or changed its mind: the next attempt tells.
      }
      const now = series.holeMs;
      if (now !== null && series === this.series) this.#heal(now > start ? 0 : Math.min(attempt + 1, HEAL_AFTER_MS.length - 1));
    }, HEAL_AFTER_MS[attempt]);
  }

  async #readOlder() {
    const first = this.series.bars[0];
    if (!first || this.#loadingOlder || this.#olderEnded || this.series.bars.length >= MOST_BARS) return;
    this.#loadingOlder = true;
    const { series, interval } = this;
    try {
      const bars = await readBars(this.data.candlesUrl, { interval, end: first.ms }, this.#choice.signal);
      if (series !== this.series) return;
      this.#olderEnded = bars.length === 0;
      series.merge(bars);
      if (bars.length) this.#redraw();
    } catch {
      // Scrolling on asks again.
    } finally {
      this.#loadingOlder = false;
    }
  }

  /**
   * Show another interval; what is shown stays until the new candles are there.
   *
   * @param {string} name
   */
  async choose(name) {
    if (name === this.interval || !(name in this.data.intervals)) return;
    this.#choice.abort();
    this.#choice = new AbortController();
    this.#mark(name);
    try {
      const bars = await readBars(this.data.candlesUrl, { interval: name }, this.#choice.signal);
      this.interval = name;
      this.series = new Series(this.everyMs, bars);
      this.#olderEnded = false;
      this.#pointed = undefined;
      this.chart?.showAnew(this.series);
      this.#redraw();
      this.#follow();
      this.#label();
      this.#fillTable();
      this.tick();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.#mark(this.interval);
      this.announce(`Candles of ${name} could not be read.`);
    }
  }

  /** @param {string} name */
  #mark(name) {
    for (const link of this.links) {
      if (link.dataset["interval"] === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  tick() {
    const { last } = this.series;
    const nowMs = Date.now() + this.feed.status.offsetMs;
    const leftMs = last ? last.ms + this.everyMs - nowMs : 0;
    say(this.countdown, leftMs > 0 && this.everyMs > 1000 ? countdown(leftMs) : "");
    if (performance.now() - this.#labelledMs > LABEL_EVERY_MS) this.#label();
    if (this.table.open && performance.now() - this.#tabledMs > TABLE_EVERY_MS && !this.painter.paused) this.#fillTable();
  }

  #label() {
    const { last, bars } = this.series;
    if (!last) return;
    this.#labelledMs = performance.now();
    const seen = bars.slice(-60).map(({ close }) => Number(close));
    const say_ = (/** @type {number} */ price) => fixed(price.toFixed(this.data.priceDecimals), this.data.priceDecimals);
    const way = { up: "rising", down: "falling", flat: "unchanged" }[direction(minus(last.close, last.open))];
    this.place.ariaLabel =
      `${this.data.name} ${this.interval} candles, last ${fixed(last.close, this.data.priceDecimals)}, ` +
      `range of the last ${seen.length} candles ${say_(Math.min(...seen))} to ${say_(Math.max(...seen))}, ${way}`;
  }

  #fillTable() {
    this.#tabledMs = performance.now();
    if (!this.table.open) return;
    fillCandleTable(one(this.table, "[data-candle-rows]"), this.series, this.data);
    say(this.table.querySelector("[data-table-interval]"), this.interval);
  }

  /** @param {HTMLElement} root */
  #mountTools(root) {
    const show = (/** @type {string} */ name) => {
      if (name === this.interval) return;
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
    const first = this.interval;
    addEventListener("popstate", () => void this.choose(new URLSearchParams(location.search).get("i") ?? first));

    this.goLive.addEventListener("click", () => this.chart?.goLive());
    this.table.addEventListener("toggle", () => this.#fillTable());

    const type = /** @type {HTMLSelectElement} */ (one(root, "[data-chart-type]"));
    type.value = this.chart?.look.type ?? "candles";
    type.addEventListener("change", () => {
      keep("chart", type.value);
      this.chart?.relook({ type: /** @type {ChartType} */ (type.value) });
    });

    for (const button of all(root, "[data-average]")) {
      const length = Number(button.dataset["average"]);
      const press = () => (button.ariaPressed = String(this.averages.includes(length)));
      press();
      button.addEventListener("click", () => {
        this.averages = AVERAGES.filter((one_) => this.averages.includes(one_) !== (one_ === length));
        keep("averages", this.averages);
        press();
        this.chart?.relook({ averages: this.averages });
        this.#paintLegend();
      });
    }
    this.place.addEventListener("keydown", (event) => this.#key(event));
    this.place.addEventListener("blur", () => this.chart?.unpoint());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { chart } = this;
    if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.key === "ArrowLeft" ? -1 : 1;
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowLeft: () => (event.shiftKey ? chart.pan(-10) : this.#read(chart.step(by))),
      ArrowRight: () => (event.shiftKey ? chart.pan(10) : this.#read(chart.step(by))),
      "+": () => chart.zoom(1.25),
      "=": () => chart.zoom(1.25),
      "-": () => chart.zoom(0.8),
      0: () => chart.fit(),
      Home: () => chart.toStart(),
      End: () => chart.goLive(),
      Escape: () => chart.unpoint(),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {Bar | undefined} bar */
  #read(bar) {
    if (!bar) return;
    const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((price) => fixed(price, this.data.priceDecimals));
    this.announce(`${dayAndClock(bar.ms)} UTC: open ${open}, high ${high}, low ${low}, close ${close}`);
  }
}
