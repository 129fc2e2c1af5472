/** The candles of a chart: history first, then what happens to the newest, without a step back and without a hole. */

/** @import { Candle } from "../types.js" */
import { times } from "./format.js";

/**
 * One candle as the chart keeps it; prices stay strings.
 *
 * @typedef {object} Bar
 * @property {number} ms  when it opens
 * @property {string} open
 * @property {string} high
 * @property {string} low
 * @property {string} close
 * @property {string} volume
 * @property {boolean} closed
 */

/**
 * What a candle did to the series: it changed the newest bar, opened a new one, is older than what is known, or
 * opened a new one after bars whose end we have not seen: those have to be read (`holeMs`).
 *
 * @typedef {"changed" | "opened" | "old" | "gap"} Outcome
 */

export const MOST_BARS = 5_000; // beyond this the chart library is busy half the time

/** @param {Candle} candle @returns {Bar} */
export function barOf(candle) {
  const { open_ms, open, high, low, close, volume, closed } = candle;
  return { ms: open_ms, open, high, low, close, volume, closed };
}

/**
 * Candles as a page brings them: whole ticks and steps, a list for each figure, without gaps; prices as distances.
 *
 * @typedef {object} Columns
 * @property {number} from_ms  when the first opens
 * @property {number} settled  how many of them never change again
 * @property {number[]} open  from the close before, the first from nothing
 * @property {number[]} high  above the body
 * @property {number[]} low  below it
 * @property {number[]} close  from the open
 * @property {number[]} volume
 */

/**
 * @param {Columns} columns
 * @param {number} everyMs
 * @param {string} tick
 * @param {string} step
 * @returns {Bar[]}
 */
export function barsOf(columns, everyMs, tick, step) {
  let last = 0;
  return columns.open.map((move, i) => {
    const open = last + move;
    const close = open + (columns.close[i] ?? 0);
    last = close;
    return {
      ms: columns.from_ms + i * everyMs,
      open: times(open, tick),
      high: times(Math.max(open, close) + (columns.high[i] ?? 0), tick),
      low: times(Math.min(open, close) - (columns.low[i] ?? 0), tick),
      close: times(close, tick),
      volume: times(columns.volume[i] ?? 0, step),
      closed: i < columns.settled,
    };
  });
}

/** The bars of one interval, ascending, each once. */
export class Series {
  /**
   * @param {number} everyMs  from one bar to the next
   * @param {Bar[]} bars  ascending
   */
  constructor(everyMs, bars = []) {
    this.everyMs = everyMs;
    this.bars = bars;
  }

  get last() {
    return this.bars.at(-1);
  }

  /**
   * Take in what the feed told about the newest candle.
   *
   * @param {Bar} bar
   * @returns {Outcome}
   */
  apply(bar) {
    const last = this.last;
    // The chart library throws at a step back, and what is older has been told already.
    if (last && bar.ms < last.ms) return "old";
    if (last && bar.ms === last.ms) {
      if (last.closed && !bar.closed) return "old";
      this.bars[this.bars.length - 1] = bar;
      return "changed";
    }
    this.bars.push(bar);
    if (!last || (last.closed && bar.ms === last.ms + this.everyMs)) return "opened";
    return "gap";
  }

  /** From when bars have to be read again, because one is missing or its end was not seen; null where all is well. */
  get holeMs() {
    for (let i = 0; i + 1 < this.bars.length; i++) {
      const [bar, next] = [this.bars[i], this.bars[i + 1]];
      if (bar && next && (!bar.closed || next.ms > bar.ms + this.everyMs)) return bar.ms;
    }
    return null;
  }

  /**
   * Take in bars that were read. The newer version of a bar is the closed one, then the one with more volume.
   *
   * @param {Bar[]} read  ascending
   */
  merge(read) {
    /** @type {Map<number, Bar>} */
    const byTime = new Map(this.bars.map((bar) => [bar.ms, bar]));
    for (const bar of read) {
      const known = byTime.get(bar.ms);
      if (!known || newer(bar, known)) byTime.set(bar.ms, bar);
    }
    this.bars = [...byTime.values()].sort((a, b) => a.ms - b.ms).slice(-MOST_BARS);
  }

  /** The bar that opens at this moment. @param {number} ms */
  at(ms) {
    return this.bars[this.indexOf(ms)];
  }

  /** Where the bar that opens at this moment is, or -1. @param {number} ms */
  indexOf(ms) {
    let low = 0;
    let high = this.bars.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.bars[middle]?.ms ?? 0;
      if (found === ms) return middle;
      if (found < ms) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** @param {Bar} one @param {Bar} other */
function newer(one, other) {
  if (one.closed !== other.closed) return one.closed;
  return Number(one.volume) >= Number(other.volume);
}
