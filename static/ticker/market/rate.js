/** How many trades a second there are, counted from the trades that open candles hold. */

const WINDOW_MS = 10_000; // long enough to be calm, short enough to be now

export class Rate {
  /** @type {Map<string, {open_ms: number, trades: number}>} */
  #known = new Map();
  /** @type {{at: number, trades: number}[]} */
  #heard = [];
  #sinceMs = 0;

  /**
   * Take in a candle of the pair: the open one, or its last version.
   *
   * @param {string} symbol
   * @param {{open_ms: number, trades: number}} candle
   * @param {number} nowMs
   */
  add(symbol, candle, nowMs) {
    this.#sinceMs ||= nowMs;
    const known = this.#known.get(symbol);
    this.#known.set(symbol, { open_ms: candle.open_ms, trades: candle.trades });
    // The first candle of a pair tells where counting begins, not that so many trades happened now.
    if (!known || candle.open_ms < known.open_ms) return;
    const trades = candle.open_ms === known.open_ms ? candle.trades - known.trades : candle.trades;
    if (trades > 0) this.#heard.push({ at: nowMs, trades });
  }

  /**
   * Trades per second of all pairs over the last ten seconds; null until there is something to go by.
   *
   * @param {number} nowMs
   */
  perSecond(nowMs) {
    this.#heard = this.#heard.filter(({ at }) => at > nowMs - WINDOW_MS);
    const overMs = Math.min(WINDOW_MS, nowMs - this.#sinceMs);
    if (!this.#sinceMs || overMs < WINDOW_MS / 2) return null;
    return (this.#heard.reduce((sum, { trades }) => sum + trades, 0) * 1000) / overMs;
  }
}
