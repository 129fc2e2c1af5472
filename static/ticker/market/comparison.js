/** Counts what each transport saw of the same trades. Pure: moments come in as arguments, all of them by the server's clock. */

const KEPT = 3_000; // of the newest delays: enough for a 95th percentile, few enough to be sorted at every paint
const REMEMBERED = 20_000; // trades: whoever is further behind than this has other troubles
const BUCKET_MS = 250; // a point of the line of delays: at most 120 of them in what is shown
export const SHOWN_MS = 30_000;

// The line of delays has the same scale for everybody, by powers of ten: 3 ms and 3 s are both to be seen.
const [FASTEST_MS, SLOWEST_MS] = [1, 10_000];

/** @typedef {"poll" | "longpoll" | "sse" | "websocket"} Name */

/**
 * When each trade happened. Polling hears of the newest trade only; when those before it happened is known from the
 * streams beside it, perhaps a moment later.
 */
export class TradeTimes {
  /** @type {Map<number, number>} */
  #known = new Map();
  /** @type {Map<number, ((ms: number) => void)[]>} */
  #waiting = new Map();

  /** @param {number} seq @param {number} ms */
  tell(seq, ms) {
    if (this.#known.has(seq)) return;
    this.#known.set(seq, ms);
    for (const hear of this.#waiting.get(seq) ?? []) hear(ms);
    this.#waiting.delete(seq);
    forgetOldest(this.#known);
  }

  /** @param {number} seq @param {(ms: number) => void} hear  called at once, later, or never */
  ask(seq, hear) {
    const ms = this.#known.get(seq);
    if (ms !== undefined) return hear(ms);
    this.#waiting.set(seq, [...(this.#waiting.get(seq) ?? []), hear]);
    forgetOldest(this.#waiting);
  }
}

/** @param {Map<number, unknown>} map  in the order of insertion, as maps are */
function forgetOldest(map) {
  if (map.size <= REMEMBERED) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}

/**
 * What one transport saw, and what it cost. Two figures need a definition:
 *
 * - missed: numbers between two trades that it saw, none of which it ever told of. What happened before its first
 *   word does not count, nor what is still to come.
 * - delay: from the moment a trade happened until this transport told of it or of a newer one. A skipped trade
 *   counts too: until then the price on the screen was an old one.
 */
export class Tally {
  messages = 0; // of the protocol, heartbeats included; of polling, answers with a body
  requests = 0;
  empty = 0; // answers without news
  payload = 0; // bytes of text received
  /** Bytes as the browser measured them, heads of answers included. @type {number | null} null where it does not */
  transferred = null;
  reconnects = 0;
  seen = 0;
  missed = 0;
  price = "";

  /** Number of the newest trade known here. @type {number | null} */
  last = null;
  /** @type {number[]} a ring */
  #delays = [];
  #heard = 0;
  #slowestMs = 0;
  /** The slowest delay of each quarter of a second. @type {Map<number, number>} */
  #buckets = new Map();
  #open = 0;
  #heldMs = 0;
  #heldSinceMs = 0;

  /** @param {TradeTimes} times  shared by all that are compared */
  constructor(times) {
    this.times = times;
  }

  /**
   * A stream told trades, in order and each once.
   *
   * @param {readonly {id: number, p: string, ts: number}[]} trades
   * @param {number} atMs
   */
  told(trades, atMs) {
    for (const { id, p, ts } of trades) {
      this.times.tell(id, ts);
      this.#reach(id, atMs);
      this.price = p;
    }
  }

  /**
   * Polling saw the newest trade.
   *
   * @param {{seq: number | null, time_ms: number | null, last: string | null}} ticker
   * @param {number} atMs
   * @returns {boolean} whether it was news
   */
  looked({ seq, time_ms, last }, atMs) {
    if (seq === null || time_ms === null || last === null || seq === this.last) return false;
    this.price = last;
    if (this.last === null || seq < this.last) this.last = seq; // the first look, or a new numbering: a place to count from
    else {
      this.times.tell(seq, time_ms);
      this.#reach(seq, atMs);
    }
    return true;
  }

  /** @param {number} seq @param {number} atMs */
  #reach(seq, atMs) {
    if (this.last === null || seq <= this.last) this.last = seq - 1;
    for (let one = Math.max(this.last + 1, seq - REMEMBERED); one <= seq; one++) {
      this.times.ask(one, (ms) => this.#delayed(Math.max(0, atMs - ms), atMs));
    }
    this.missed += seq - this.last - 1;
    this.seen += 1;
    this.last = seq;
  }

  /** @param {number} ms @param {number} atMs */
  #delayed(ms, atMs) {
    this.#delays[this.#heard++ % KEPT] = ms;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    const bucket = Math.floor(atMs / BUCKET_MS);
    this.#buckets.set(bucket, Math.max(ms, this.#buckets.get(bucket) ?? 0));
    for (const old of this.#buckets.keys()) {
      if (old >= bucket - SHOWN_MS / BUCKET_MS) break;
      this.#buckets.delete(old);
    }
  }

  /** A connection was opened, or a request sent. @param {number} atMs */
  opened(atMs) {
    if (this.#open++ === 0) this.#heldSinceMs = atMs;
  }

  /** @param {number} atMs */
  closed(atMs) {
    if (--this.#open === 0) this.#heldMs += atMs - this.#heldSinceMs;
  }

  /** How many connections are held at this moment. */
  get open() {
    return this.#open;
  }

  /**
   * @param {number} fromMs  when counting began
   * @param {number} untilMs
   * @returns {number} the part of the time with a connection, 0 to 1
   */
  held(fromMs, untilMs) {
    const heldMs = this.#heldMs + (this.#open > 0 ? Math.max(0, untilMs - this.#heldSinceMs) : 0);
    return untilMs > fromMs ? Math.min(1, heldMs / (untilMs - fromMs)) : 0;
  }

  /** @returns {{p50: number | null, p95: number | null, max: number | null}} ms; null before the first trade */
  delays() {
    const sorted = this.#delays.toSorted((a, b) => a - b);
    const max = this.#heard ? this.#slowestMs : null;
    return { p50: percentile(sorted, 50), p95: percentile(sorted, 95), max };
  }

  /**
   * The `d` of the line of delays over the last half minute, newest at the right, slowest on top, by powers of ten.
   *
   * @param {number} nowMs
   * @param {number} width
   * @param {number} height
   */
  line(nowMs, width, height) {
    const points = [...this.#buckets]
      .toSorted(([a], [b]) => a - b)
      .map(([bucket, ms]) => ({ x: (1 - (nowMs - bucket * BUCKET_MS) / SHOWN_MS) * width, y: (1 - rank(ms)) * height }))
      .filter(({ x }) => x >= 0);
    return points.length < 2 ? "" : `M${points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`;
  }
}

/** 0 for the fastest, 1 for the slowest. @param {number} ms */
function rank(ms) {
  const within = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, ms));
  return Math.log10(within / FASTEST_MS) / Math.log10(SLOWEST_MS / FASTEST_MS);
}

/**
 * By nearest rank: always a delay that there was.
 *
 * @param {readonly number[]} sorted  ascending
 * @param {number} percent
 * @returns {number | null} null of none
 */
export function percentile(sorted, percent) {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
}
