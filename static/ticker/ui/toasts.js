/** Short notices in the corner: three at most, six seconds each, and for as long as somebody points at them. Read with the first. */

const MOST = 3;
const FOR_MS = 6_000;
const STEP_MS = 250;

export class Toasts {
  /** What is shown, with the time it has left. @type {Map<HTMLElement, number>} */
  #left = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #place;

  /** @param {HTMLElement} place  role="status" */
  constructor(place) {
    this.#place = place;
  }

  /** @param {string} sign @param {string} text  shown as text, whatever it holds */
  show(sign, text) {
    const toast = document.createElement("div");
    toast.className = "toast";
    const mark = toast.appendChild(document.createElement("span"));
    mark.ariaHidden = "true";
    mark.textContent = sign;
    toast.appendChild(document.createElement("p")).textContent = text;
    const close = toast.appendChild(document.createElement("button"));
    close.type = "button";
    close.ariaLabel = "Dismiss";
    close.textContent = "✕";
    close.addEventListener("click", () => this.#remove(toast));
    this.#place.append(toast);
    this.#left.set(toast, FOR_MS);
    for (const old of [...this.#left.keys()].slice(0, -MOST)) this.#remove(old);
    this.#timer ??= setInterval(() => this.#pass(), STEP_MS);
  }

  #pass() {
    if (this.#place.matches(":hover, :focus-within")) return; // somebody reads
    for (const [toast, leftMs] of [...this.#left]) {
      this.#left.set(toast, leftMs - STEP_MS);
      if (leftMs <= STEP_MS) this.#remove(toast);
    }
  }

  /** @param {HTMLElement} toast */
  #remove(toast) {
    toast.remove();
    this.#left.delete(toast);
    if (this.#left.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
