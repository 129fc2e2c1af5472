/** Paints once per animation frame and at most ten times a second, however many events came; stops while people read. */

const EVERY_MS = 100; // faster than eyes follow digits, slow enough for two old cores
const CALM_MS = 500; // for those who asked for less motion

export class Painter {
  /** @type {Map<unknown, () => void>} */
  #asked = new Map();
  #planned = false;
  #paintedMs = 0;
  #waiting = 0;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  paused = false;
  /** Told whenever something comes that waits for `resume`. @type {(waiting: number) => void} */
  onWaiting = () => {};

  /**
   * Have something painted; of several with the same key only the newest is.
   *
   * @param {unknown} key
   * @param {() => void} paint
   */
  ask(key, paint) {
    this.#asked.set(key, paint);
    if (this.paused) {
      this.onWaiting(++this.#waiting);
      return;
    }
    this.#plan();
  }

  pause() {
    this.paused = true;
    this.#waiting = 0;
    this.onWaiting(0);
  }

  resume() {
    this.paused = false;
    this.#plan();
  }

  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    const every = this.#calm.matches ? CALM_MS : EVERY_MS;
    setTimeout(() => requestAnimationFrame(() => this.#paint()), Math.max(0, this.#paintedMs + every - performance.now()));
  }

  #paint() {
    this.#planned = false;
    this.#paintedMs = performance.now();
    if (this.paused) return;
    const due = [...this.#asked.values()];
    this.#asked.clear();
    for (const paint of due) {
      try {
        paint();
      } catch (error) {
        // One bad value must not stop the others, nor the next frame.
        console.error(error);
      }
    }
  }
}
