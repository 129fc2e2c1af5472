/** One comparison, from the moment when all four begin until all four end. */

/** @import { Name } from "../market/comparison.js" */
/** @import { Row } from "../market/comparison_words.js" */
/** @import { Line } from "./transports_lines.js" */
import "../feed/longpoll.js"; // all four begin at the same moment: what a feed reads late is there before
import "../feed/sse.js";
import { Tally, TradeTimes } from "../market/comparison.js";
import { rhythm, rowOf } from "../market/comparison_words.js";
import { readClock } from "./transports_clock.js";
import { watchTransfers } from "./transports_counted.js";
import { Gate } from "./transports_gate.js";
import { openPoll, openStream } from "./transports_lines.js";

const CLOCK_EVERY_MS = 60_000; // two clocks part by some milliseconds in an hour
const LATE_MS = 1_000; // what an answer weighed, and that a socket has closed, is told a moment later

/**
 * @typedef {object} Course
 * @property {string} symbol
 * @property {string} tickerUrl
 * @property {() => number} everyMs  between two polls
 * @property {number} offsetMs  the server's clock minus ours
 * @property {() => void} moved  something is to be painted; also for a moment after the end
 */

export class Run {
  #times = new TradeTimes();
  /** @type {Record<Name, Tally>} */
  tallies = {
    poll: new Tally(this.#times),
    longpoll: new Tally(this.#times),
    sse: new Tally(this.#times),
    websocket: new Tally(this.#times),
  };
  #gate = new Gate();
  #untilMs = 0; // 0 while it runs

  /** @param {Course} course */
  constructor(course) {
    this.course = course;
    this.offsetMs = course.offsetMs;
    this.fromMs = this.now();
    this.rhythms = [course.everyMs()];
    this.unwatch = watchTransfers((address, size) => this.#transferred(address, size));
    this.poll = openPoll(course.tickerUrl, course.everyMs, this.#wiring("poll"));
    /** @type {Record<Name, Line>} */
    this.lines = {
      poll: this.poll,
      longpoll: openStream("longpoll", this.#wiring("longpoll")),
      sse: openStream("sse", this.#wiring("sse")),
      websocket: openStream("websocket", this.#wiring("websocket")),
    };
    this.timer = setInterval(() => void this.#setClock(), CLOCK_EVERY_MS);
  }

  /** By the server's clock. */
  now = () => Date.now() + this.offsetMs;

  get isOver() {
    return this.#untilMs > 0;
  }

  /** The moment to look at: now, or the end. */
  get atMs() {
    return this.#untilMs || this.now();
  }

  /** @param {Name} name @returns {Row} */
  row(name) {
    const how = name === "poll" ? rhythm(this.rhythms) : "";
    return rowOf(name, this.tallies[name], this.fromMs, this.atMs, how);
  }

  /** Poll at the pace that is set now. */
  repace() {
    this.rhythms.push(this.course.everyMs());
    this.poll.hurry();
  }

  /** Let nothing that comes through to any of the four, for so long. @param {number} ms */
  hold(ms) {
    this.#gate.hold(ms);
  }

  close() {
    this.#untilMs = this.now();
    for (const line of Object.values(this.lines)) line.close();
    clearInterval(this.timer);
    setTimeout(() => {
      this.unwatch();
      this.course.moved();
    }, LATE_MS);
  }

  /** @param {Name} name */
  #wiring(name) {
    const { symbol, moved } = this.course;
    return { symbol, tally: this.tallies[name], now: this.now, gate: this.#gate, moved };
  }

  /** @param {URL} address @param {number} size */
  #transferred(address, size) {
    const { symbol, tickerUrl, moved } = this.course;
    /** @type {Record<string, Name>} */
    const names = { [tickerUrl]: "poll", "/live/v1/poll": "longpoll" };
    const name = names[address.pathname];
    // Setting the clock is a long poll too, of another channel.
    if (!name || (name !== "poll" && address.searchParams.get("ch") !== `trade.${symbol}`)) return;
    this.tallies[name].transferred = (this.tallies[name].transferred ?? 0) + size;
    moved();
  }

  async #setClock() {
    try {
      this.offsetMs = (await readClock(this.course.symbol)).offsetMs;
    } catch {
      // Then the clock is as it was.
    }
  }
}
