/** The connection badge: whether prices are live, at a glance, and what to do if not. */

/** @import { Feed, TransportName } from "../types.js" */
/** @import { Look } from "./badge_words.js" */

import { NAMES, SPOKEN, rowsOf, saidOf, whyOf } from "./badge_words.js";

const SETTLE_MS = 2_000; // a reconnect that succeeds at once is not worth a word

/**
 * Keep the badge true, and open its panel on a click. Also sets `data-connection` on the root element: "live",
 * "stale"…, so that a style sheet can fade what is old.
 *
 * @param {HTMLElement} button  `[data-badge]`; the panel is the `[data-badge-panel]` beside it
 * @param {Feed} feed
 */
export function mountBadge(button, feed) {
  const icon = button.querySelector("[data-badge-icon]");
  const word = button.querySelector("[data-badge-word]");
  const place = button.parentElement?.querySelector("[data-badge-panel]");
  const panel = place instanceof HTMLElement ? new Panel(place, button, feed) : null;
  const announce = announcer();

  function show() {
    const { look, icon: sign, word: text } = saidOf(feed.status, Date.now());
    put(icon, sign);
    put(word, text);
    if (button.dataset.state !== look) button.dataset.state = look;
    const state = look === "degraded" ? "live" : look;
    const root = document.documentElement;
    if (root.dataset.connection !== state) root.dataset.connection = state;
    announce(look);
    panel?.show();
  }

  feed.on("status", show);
  setInterval(show, 1_000); // ages and countdowns move without an event
  show();
}

class Panel {
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

    button.addEventListener("click", () => (place.hidden ? this.#open() : this.#close()));
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
    rowsOf(status, Date.now()).forEach(([, value], index) => put(this.#values[index] ?? null, value));
    put(this.#why, whyOf(status));
    this.#why.hidden = this.#why.textContent === "";
    const automatic = this.#pin.options[0];
    put(automatic ?? null, status.pinned === null ? `Automatic: ${NAMES[status.transport].long}` : "Automatic");
    if (document.activeElement !== this.#pin) this.#pin.value = status.pinned ?? "";
  }

  #open() {
    this.#place.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    put(this.#copy, "Copy diagnostics");
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
      put(this.#copy, "Copied");
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
    put(this.#copy, "Now press Ctrl+C");
  }
}

/** @returns {HTMLSelectElement} which transport to stay on */
function pinChoice() {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", "Transport");
  choice.append(new Option("Automatic", ""));
  for (const [name, { long }] of Object.entries(NAMES)) choice.append(new Option(long, name));
  return choice;
}

/**
 * Tells those who hear the page how the connection is, once it has been so for two seconds.
 *
 * @returns {(look: Look) => void}
 */
function announcer() {
  /** @type {Look} */
  let told = "live"; // that a page becomes live is what everybody expects
  /** @type {Look} */
  let now = "live";
  let timer = 0;
  return (look) => {
    if (look === now) return;
    now = look;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (now === told) return;
      told = now;
      put(document.querySelector("[data-announce]"), SPOKEN[now]);
    }, SETTLE_MS);
  };
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

/**
 * Write only what differs: a text that is written again loses the selection, and may be read out again.
 *
 * @param {Element | null} element
 * @param {string} text
 */
function put(element, text) {
  if (element !== null && element.textContent !== text) element.textContent = text;
}
