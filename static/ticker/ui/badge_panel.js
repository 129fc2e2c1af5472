/** What is behind the connection badge: figures for whoever helps, another transport, another try. Read when it is opened. */

/** @import { Feed, TransportName } from "../types.js" */

import { NAMES, rowsOf, whyOf } from "./badge_rows.js";
import { say } from "./cells.js";

/** Opens and closes with the badge; told by `show` to look again. */
export class Panel {
  #place;
  #button;
  #feed;
  /** @type {HTMLElement[]} the values, in the order of rowsOf */
  #values;
  #why = made("p", "");
  #pin = pinChoice();
  #copy = made("button", "Copy diagnostics");

  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} button
   * @param {Feed} feed
   */
  constructor(place, button, feed) {
    this.#place = place;
    this.#button = button;
    this.#feed = feed;
    const list = document.createElement("dl");
    this.#values = rowsOf(feed.status, Date.now()).map(([term]) => row(list, term, made("dd", "")));
    const transport = made("dd", "");
    transport.append(this.#pin);
    row(list, "Transport", transport);
    const retry = made("button", "Retry now");
    for (const one of [retry, this.#copy]) one.setAttribute("type", "button");
    place.replaceChildren(made("h2", "Connection"), list, this.#why, retry, this.#copy);
    place.tabIndex = -1;

    retry.addEventListener("click", () => feed.retryNow());
    this.#copy.addEventListener("click", () => void this.#copyDiagnostics());
    this.#pin.addEventListener("change", () => {
      feed.pin(/** @type {TransportName | ""} */ (this.#pin.value) || null);
    });
    for (const one of [place, button]) {
      one.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || place.hidden) return;
        event.stopPropagation();
        this.#close();
        button.focus();
      });
    }
    document.addEventListener("pointerdown", ({ target }) => {
      if (target instanceof Node && !place.contains(target) && !button.contains(target)) this.#close();
    });
  }

  /** Only while somebody looks. */
  show() {
    if (this.#place.hidden) return;
    const { status } = this.#feed;
    rowsOf(status, Date.now()).forEach(([, value], index) => say(this.#values[index] ?? null, value));
    say(this.#why, whyOf(status));
    this.#why.hidden = this.#why.textContent === "";
    const automatic = this.#pin.options[0];
    say(automatic ?? null, status.pinned === null ? `Automatic: ${NAMES[status.transport]}` : "Automatic");
    if (document.activeElement !== this.#pin) this.#pin.value = status.pinned ?? "";
  }

  toggle() {
    if (this.#place.hidden) this.#open();
    else this.#close();
  }

  #open() {
    this.#place.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    say(this.#copy, "Copy diagnostics");
    this.show();
    this.#place.focus();
  }

  #close() {
    this.#place.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    this.#place.querySelector("textarea")?.remove();
  }

  async #copyDiagnostics() {
    const { status } = this.#feed;
    const text = JSON.stringify({ at: new Date().toISOString(), page: location.pathname, ...status }, null, 2);
    try {
      await navigator.clipboard.writeText(text);
      say(this.#copy, "Copied");
    } catch {
      this.#offer(text);
    }
  }

  /** @param {string} text  pages that came over plain HTTP have no clipboard: people copy it themselves */
  #offer(text) {
    this.#place.querySelector("textarea")?.remove();
    const area = document.createElement("textarea");
    area.readOnly = true;
    area.value = text;
    area.rows = 6;
    area.setAttribute("aria-label", "Diagnostics");
    this.#place.append(area);
    area.select();
    say(this.#copy, "Now press Ctrl+C");
  }
}

/** @returns {HTMLSelectElement} which transport to stay on */
function pinChoice() {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", "Transport");
  choice.append(new Option("Automatic", ""));
  for (const [name, title] of Object.entries(NAMES)) choice.append(new Option(title, name));
  return choice;
}

/**
 * @param {string} name
 * @param {string} text
 * @returns {HTMLElement}
 */
function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/**
 * @param {HTMLElement} list
 * @param {string} term
 * @param {HTMLElement} value
 * @returns {HTMLElement} the value
 */
function row(list, term, value) {
  const pair = document.createElement("div");
  pair.append(made("dt", term), value);
  list.append(pair);
  return value;
}
