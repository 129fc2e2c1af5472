/** Holds back what comes, as a network does that stalls, and then lets all of it through in order. */

export class Gate {
  /** @type {(() => void)[]} */
  #held = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} deliver  now, or when what is held goes through */
  pass(deliver) {
    if (this.#timer === undefined) deliver();
    else this.#held.push(deliver);
  }

  /** @returns {Promise<void>} once it is open */
  opened() {
    return new Promise((resolve) => this.pass(resolve));
  }

  /** @param {number} ms */
  hold(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const deliver of this.#held.splice(0)) deliver();
    }, ms);
  }
}
