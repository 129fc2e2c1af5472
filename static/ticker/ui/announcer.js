/** Says the price aloud to those who asked for it, as seldom as they asked; off by default (W3C technique SCR14). */

import { fixed } from "../market/format.js";
import { keep, recall } from "./kept.js";

export class Announcer {
  #saidMs = 0;
  #saidPrice = 0;

  /**
   * @param {HTMLElement} region  role="status"
   * @param {HTMLSelectElement | null} choice  off, seconds, or percent
   * @param {{name: string, priceDecimals: number}} pair
   */
  constructor(region, choice, pair) {
    this.region = region;
    this.pair = pair;
    this.mode = recall("announce", "off");
    if (!choice) return;
    choice.value = this.mode;
    choice.addEventListener("change", () => keep("announce", (this.mode = choice.value)));
  }

  /** @param {string} text */
  say(text) {
    this.region.textContent = text;
  }

  /** @param {string} last */
  heard(last) {
    if (this.mode === "off") return;
    const [now, price] = [performance.now(), Number(last)];
    const due =
      this.mode === "percent"
        ? Math.abs(price / (this.#saidPrice ||= price) - 1) >= 0.01
        : now - this.#saidMs >= Number(this.mode) * 1000;
    if (!due) return;
    this.#saidMs = now;
    this.#saidPrice = price;
    this.say(`${this.pair.name} ${fixed(last, this.pair.priceDecimals)}`);
  }
}
