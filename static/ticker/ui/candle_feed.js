/** The candles of the chart's interval: those of the page first, then live, older ones on demand, and missed ones healed. */

/** @import { Candle, Feed, FeedEvent } from "../types.js" */
/** @import { PairData } from "./chart_panel.js" */
import { MOST_BARS, Series, barOf, barsOf } from "../market/candles.js";

const PAGE = 500;
const HEAL_AFTER_MS = [800, 2_000, 5_000, 10_000]; // the record follows the feed by a moment

/**
 * @typedef {object} CandleEvents
 * @property {() => void} moved  the end of the series is another one
 * @property {() => void} rewritten  more than its end is
 */

/** Read when something is to be read: a page that is only watched needs none of it. */
const history = () => import("./history.js");

export class CandleFeed {
  #unfollow = () => {};
  #choice = new AbortController();
  #healing = 0;
  #loadingOlder = false;
  #olderEnded = false;

  /**
   * @param {PairData} data
   * @param {Feed} feed
   * @param {CandleEvents} events
   */
  constructor(data, feed, events) {
    this.data = data;
    this.feed = feed;
    this.events = events;
    this.interval = data.interval;
    this.series = new Series(this.everyMs, barsOf(data.bars, this.everyMs, data.tick, data.step));
  }

  get everyMs() {
    return this.data.intervals[this.interval] ?? 60_000;
  }

  follow() {
    this.#unfollow();
    const channel = `candle.${this.data.symbol}.${this.interval}`;
    this.#unfollow = this.feed.follow(channel, { throttle: 100 }, (event) => this.#heard(event));
  }

  /** @param {FeedEvent} event */
  #heard({ kind, data }) {
    if (kind === "reset" || !data) return;
    const outcome = this.series.apply(barOf(/** @type {Candle} */ (data)));
    if (outcome === "old") return;
    if (outcome === "gap") this.#heal();
    if (this.series.bars.length > MOST_BARS + PAGE) {
      this.series.merge([]);
      this.events.rewritten();
    }
    this.events.moved();
  }

  /** Read again what was missed, a little later, when the record has it too. */
  #heal(attempt = 0) {
    clearTimeout(this.#healing);
    this.#healing = setTimeout(() => void this.#healNow(attempt), HEAL_AFTER_MS[attempt]);
  }

  /** @param {number} attempt */
  async #healNow(attempt) {
    const { series, interval } = this;
    const start = series.holeMs;
    if (start === null) return;
    try {
      const bars = await (await history()).readBars(this.data.candlesUrl, { interval, start, limit: 2 * PAGE }, this.#choice.signal);
      if (series !== this.series) return;
      series.merge(bars);
      this.events.rewritten();
    } catch {
      // Away, or another interval was chosen: the next attempt tells.
    }
    const now = series.holeMs;
    if (now === null || series !== this.series) return;
    this.#heal(now > start ? 0 : Math.min(attempt + 1, HEAL_AFTER_MS.length - 1));
  }

  /** Have candles before those that are there, unless there are none, or enough of them. */
  async readOlder() {
    const { series, interval } = this;
    const first = series.bars[0];
    if (!first || this.#loadingOlder || this.#olderEnded || series.bars.length >= MOST_BARS) return;
    this.#loadingOlder = true;
    try {
      const bars = await (await history()).readBars(this.data.candlesUrl, { interval, end: first.ms }, this.#choice.signal);
      if (series !== this.series) return;
      this.#olderEnded = bars.length === 0;
      series.merge(bars);
      if (bars.length) this.events.rewritten();
    } catch {
      // Scrolling on asks again.
    } finally {
      this.#loadingOlder = false;
    }
  }

  /**
   * Change to another interval; the present one goes on until the new candles are there.
   *
   * @param {string} name
   * @returns {Promise<boolean>} false where a later choice overtook this one; throws where they cannot be read
   */
  async choose(name) {
    this.#choice.abort();
    const choice = (this.#choice = new AbortController());
    try {
      const bars = await (await history()).readBars(this.data.candlesUrl, { interval: name }, choice.signal);
      this.interval = name;
      this.series = new Series(this.everyMs, bars);
    } catch (error) {
      if (choice.signal.aborted) return false;
      throw error;
    }
    this.#olderEnded = false;
    this.follow();
    return true;
  }
}
