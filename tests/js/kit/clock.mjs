/** Time that passes when a test says so. */

export class Clock {
  nowMs = 1_790_000_000_000;
  #next = 1;
  #due = new Map();

  now = () => this.nowMs;

  timers = {
    setTimeout: (run, ms = 0) => this.#add(run, ms, null),
    clearTimeout: (id) => void this.#due.delete(id),
    setInterval: (run, ms) => this.#add(run, ms, ms),
    clearInterval: (id) => void this.#due.delete(id),
  };

  #add(run, ms, everyMs) {
    const id = this.#next++;
    this.#due.set(id, { at: this.nowMs + ms, run, everyMs });
    return id;
  }

  /** Let so much time pass: timers fire in order, and promises settle in between. */
  async pass(ms) {
    const end = this.nowMs + ms;
    await settle();
    for (;;) {
      const [id, timer] = [...this.#due].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (timer === undefined || timer.at > end) break;
      this.nowMs = Math.max(this.nowMs, timer.at);
      if (timer.everyMs === null) this.#due.delete(id);
      else timer.at = this.nowMs + timer.everyMs;
      timer.run();
      await settle();
    }
    this.nowMs = end;
  }

  /** The wall clock leaps while nothing runs: a laptop that slept. What was due fires once, late. */
  leap(ms) {
    this.nowMs += ms;
    for (const timer of this.#due.values()) timer.at = Math.max(timer.at, this.nowMs);
  }
}

/** Let all promises settle that wait for nothing but each other. */
export async function settle() {
  await new Promise((resolve) => setImmediate(resolve));
}
