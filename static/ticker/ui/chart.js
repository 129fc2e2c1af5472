/** The chart: candles, volume and averages on TradingView's canvas, in the sheet's colours. */

/** @import { Bar, Series } from "../market/candles.js" */
import { averageAt, averages } from "../market/averages.js";
import { dayAndClock, fixed } from "../market/format.js";
import { colours } from "./colours.js";

/**
 * The chart library comes as a classic script without types of its own; only this file touches it.
 *
 * @typedef {any} Library
 */

/** @typedef {"candles" | "hollow" | "line" | "area"} ChartType */
/** @typedef {{type: ChartType, averages: number[]}} Look */

const NAMES = ["panel", "text", "quiet", "line", "grid", "accent", "up", "down", "ma-7", "ma-25", "ma-99"];
export const AVERAGES = [7, 25, 99];
const BAR_PX = 8;
const RIGHT_BARS = 6; // room for what comes
const NEAR_START_BARS = 30;

/** @returns {Library} undefined where the script did not load */
export function library() {
  return /** @type {any} */ (window).LightweightCharts;
}

/**
 * The whole price axis, and whatever the crosshair is on.
 *
 * @typedef {object} ChartEvents
 * @property {(bar: Bar | undefined) => void} pointed  at a bar; undefined when at none
 * @property {() => void} nearStart  the oldest bars are in sight
 * @property {(live: boolean) => void} scrolled  whether the newest bar is in sight
 */

export class Chart {
  /** @type {Library} */
  #main = null;
  /** @type {Map<number, Library>} */
  #averages = new Map();
  /** @type {Series | null} */
  #series = null;
  #pointedMs = 0;
  /** The newest bar that is drawn: the library throws at anything older. */
  #drawnMs = 0;

  /**
   * @param {HTMLElement} element  sized by the sheet
   * @param {{priceDecimals: number}} pair
   * @param {Look} look
   * @param {ChartEvents} events
   */
  constructor(element, pair, look, events) {
    this.pair = pair;
    this.look = look;
    this.events = events;
    this.lib = library();
    this.colour = colours(NAMES);
    this.chart = this.lib.createChart(element, { autoSize: true, ...this.#style() });
    this.volume = this.chart.addSeries(
      this.lib.HistogramSeries,
      { priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false },
      1,
    );
    this.#build();
    const [prices, volumes] = this.chart.panes();
    prices.setStretchFactor(5);
    volumes.setStretchFactor(1);
    this.chart.subscribeCrosshairMove((/** @type {Library} */ at) => {
      this.#pointedMs = typeof at.time === "number" ? at.time * 1000 : 0;
      events.pointed(this.pointed);
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((/** @type {Library} */ range) => {
      if (!range) return;
      if (range.from < NEAR_START_BARS) events.nearStart();
      events.scrolled(this.chart.timeScale().scrollPosition() > -1);
    });
  }

  /** The bar that the crosshair is on. */
  get pointed() {
    return this.#pointedMs ? this.#series?.at(this.#pointedMs) : undefined;
  }

  /**
   * Draw all of these bars; what is in sight stays in sight.
   *
   * @param {Series} series
   */
  show(series) {
    this.#series = series;
    const { bars } = series;
    this.#main.setData(bars.map((bar) => this.#point(bar)));
    this.volume.setData(bars.map((bar) => this.#volumePoint(bar)));
    for (const [length, line] of this.#averages) {
      line.setData(averages(bars, length).map(({ ms, value }) => ({ time: ms / 1000, value })));
    }
    this.#drawnMs = series.last?.ms ?? 0;
  }

  /**
   * Draw bars of another interval, newest on the right.
   *
   * @param {Series} series
   */
  showAnew(series) {
    this.chart.timeScale().applyOptions({ secondsVisible: series.everyMs < 60_000, barSpacing: BAR_PX });
    this.show(series);
    this.chart.timeScale().scrollToPosition(RIGHT_BARS, false);
  }

  /** Draw what has changed at the end of the series that is shown. */
  update() {
    const bars = this.#series?.bars ?? [];
    const from = this.#series?.indexOf(this.#drawnMs) ?? 0;
    for (let i = Math.max(0, from); i < bars.length; i++) {
      const bar = bars[i];
      if (!bar) continue;
      this.#main.update(this.#point(bar));
      this.volume.update(this.#volumePoint(bar));
      for (const [length, line] of this.#averages) {
        const value = averageAt(bars, i, length);
        if (value !== null) line.update({ time: bar.ms / 1000, value });
      }
      this.#drawnMs = bar.ms;
    }
  }

  /** @param {Partial<Look>} change */
  relook(change) {
    this.look = { ...this.look, ...change };
    this.#build();
    if (this.#series) this.show(this.#series);
  }

  /** The theme or the palette is another one. */
  recolour() {
    this.colour = colours(NAMES);
    this.chart.applyOptions(this.#style());
    this.relook({});
  }

  goLive() {
    // Without the animation of scrollToRealTime: older candles that arrive meanwhile would end it halfway.
    this.chart.timeScale().scrollToPosition(RIGHT_BARS, false);
  }

  fit() {
    this.chart.timeScale().fitContent();
  }

  /** @param {number} bars  to the right; negative to the left */
  pan(bars) {
    const scale = this.chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  toStart() {
    this.pan(-(this.#series?.bars.length ?? 0));
  }

  /** @param {number} factor  above one: closer */
  zoom(factor) {
    const scale = this.chart.timeScale();
    scale.applyOptions({ barSpacing: Math.min(60, Math.max(1, scale.options().barSpacing * factor)) });
  }

  /**
   * Move the crosshair so many bars on, from the newest where there is none.
   *
   * @param {number} by
   * @returns {Bar | undefined} where it is now
   */
  step(by) {
    const bars = this.#series?.bars ?? [];
    const from = this.#pointedMs ? (this.#series?.indexOf(this.#pointedMs) ?? 0) : bars.length - (by < 0 ? 0 : 1);
    const index = Math.min(bars.length - 1, Math.max(0, from + by));
    const bar = bars[index];
    if (!bar) return undefined;
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (range && (index < range.from || index > range.to)) this.pan(index < range.from ? index - range.from : index - range.to);
    this.chart.setCrosshairPosition(Number(bar.close), bar.ms / 1000, this.#main);
    this.#pointedMs = bar.ms;
    this.events.pointed(bar);
    return bar;
  }

  unpoint() {
    this.#pointedMs = 0;
    this.chart.clearCrosshairPosition();
    this.events.pointed(undefined);
  }

  #style() {
    const { colour } = this;
    return {
      layout: {
        background: { type: "solid", color: colour("panel") },
        textColor: colour("quiet"),
        fontFamily: getComputedStyle(document.body).fontFamily,
        fontSize: 11,
        attributionLogo: false, // it would bring a <style> of its own; the notice below the chart says the same
        panes: { separatorColor: colour("line"), separatorHoverColor: colour("accent", 0.25) },
      },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      crosshair: {
        mode: 0, // follows the pointer freely: one reads levels with it, not only closes
        vertLine: { color: colour("quiet", 0.6), labelBackgroundColor: colour("quiet") },
        horzLine: { color: colour("quiet", 0.6), labelBackgroundColor: colour("quiet") },
      },
      rightPriceScale: { borderColor: colour("line"), scaleMargins: { top: 0.14, bottom: 0.06 } },
      timeScale: { borderColor: colour("line"), timeVisible: true, rightOffset: RIGHT_BARS, minBarSpacing: 0.6 },
      localization: {
        timeFormatter: (/** @type {number} */ time) => `${dayAndClock(time * 1000)} UTC`,
      },
      handleScroll: { vertTouchDrag: false }, // a finger that goes up or down scrolls the page
    };
  }

  /** The series of the present look, below the crosshair's order: averages above prices. */
  #build() {
    const { lib, chart, colour, look } = this;
    const { priceDecimals } = this.pair;
    const priceFormat = {
      type: "custom",
      minMove: Number(`1e-${priceDecimals}`),
      formatter: (/** @type {number} */ price) => fixed(price.toFixed(priceDecimals), priceDecimals),
    };
    const olds = [this.#main, ...this.#averages.values()].filter(Boolean);
    const hollow = look.type === "hollow";
    const [up, down] = [colour("up"), colour("down")];
    const looks = {
      candles: { upColor: up, downColor: down, borderVisible: false, wickUpColor: up, wickDownColor: down },
      hollow: {
        upColor: colour("panel"),
        downColor: down,
        borderVisible: true,
        borderUpColor: up,
        borderDownColor: down,
        wickUpColor: up,
        wickDownColor: down,
      },
      line: { color: colour("accent"), lineWidth: 2 },
      area: { lineColor: colour("accent"), lineWidth: 2, topColor: colour("accent", 0.28), bottomColor: colour("accent", 0.02) },
    };
    const kind = { candles: lib.CandlestickSeries, hollow: lib.CandlestickSeries, line: lib.LineSeries, area: lib.AreaSeries };
    this.#main = chart.addSeries(kind[look.type], { ...looks[look.type], priceFormat, priceLineStyle: hollow ? 1 : 2 }, 0);
    this.#averages = new Map(
      AVERAGES.filter((length) => look.averages.includes(length)).map((length) => [
        length,
        chart.addSeries(
          lib.LineSeries,
          {
            color: colour(`ma-${length}`),
            lineWidth: 1,
            priceLineVisible: false,
            lastValueVisible: false,
            crosshairMarkerVisible: false,
            priceFormat,
          },
          0,
        ),
      ]),
    );
    // Only now: a pane that loses its last series is gone, and volume would move up into its place.
    for (const old of olds) chart.removeSeries(old);
  }

  /** @param {Bar} bar */
  #point(bar) {
    const time = bar.ms / 1000;
    if (this.look.type === "line" || this.look.type === "area") return { time, value: Number(bar.close) };
    return { time, open: Number(bar.open), high: Number(bar.high), low: Number(bar.low), close: Number(bar.close) };
  }

  /** @param {Bar} bar */
  #volumePoint(bar) {
    const way = Number(bar.close) >= Number(bar.open) ? "up" : "down";
    return { time: bar.ms / 1000, value: Number(bar.volume), color: this.colour(way, 0.45) };
  }
}
