/** Says the price aloud to those who asked for it, as seldom as they asked; read when somebody does (W3C technique SCR14). */

import { fixed } from "../market/format.js";

export class Announcer {
  #saidMs = 0;
  #saidPrice = 0;

  /**
   * @param {(text: string) => void} say
   * @param {{name: string, priceDecimals: number}} pair
   */
  constructor(say, pair) {
    this.say = say;
    this.pair = pair;
  }

  /** @param {string} last @param {string} mode  off, seconds, or percent */
  heard(last, mode) {
    if (mode === "off") return;
    const [now, price] = [performance.now(), Number(last)];
    const due =
      mode === "percent"
        ? Math.abs(price / (this.#saidPrice ||= price) - 1) >= 0.01
        : now - this.#saidMs >= Number(mode) * 1000;
    if (!due) return;
    this.#saidMs = now;
    this.#saidPrice = price;
    this.say(`${this.pair.name} ${fixed(last, this.pair.priceDecimals)}`);
  }
}
