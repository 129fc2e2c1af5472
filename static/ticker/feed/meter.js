/** How many messages a second, over the last ten: a number for people, steady enough to read. */

const SPAN_S = 10;

export class Meter {
  #counts = [0];

  count() {
    this.#counts[0] = (this.#counts[0] ?? 0) + 1;
  }

  /** A second is over. */
  tick() {
    this.#counts = [0, ...this.#counts].slice(0, SPAN_S + 1);
  }

  /** @returns {number} mean of the full seconds, to one decimal */
  get perS() {
    const full = this.#counts.slice(1);
    if (full.length === 0) return 0;
    return Math.round((full.reduce((sum, count) => sum + count, 0) / full.length) * 10) / 10;
  }
}
