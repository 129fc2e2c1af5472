/** The connection badge: whether prices are live, at a glance, and what to do if not. */

/** @import { Feed } from "../types.js" */
/** @import { Panel } from "./badge_panel.js" */
/** @import { Look } from "./badge_words.js" */

import { SPOKEN, saidOf } from "./badge_words.js";
import { say } from "./cells.js";

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
  /** @type {Panel | null} */
  let panel = null;
  const announce = announcer();

  function show() {
    const { look, icon: sign, word: text } = saidOf(feed.status, Date.now());
    say(icon, sign);
    say(word, text);
    if (button.dataset.state !== look) button.dataset.state = look;
    const state = look === "degraded" ? "live" : look;
    const root = document.documentElement;
    if (root.dataset.connection !== state) root.dataset.connection = state;
    announce(look);
    panel?.show();
  }

  /** Few people ever look behind the badge: those wait for a moment. */
  async function open() {
    const read = await import("./badge_panel.js").catch(() => null);
    if (read === null) return feed.retryNow(); // the server is away: the one thing that people want of it now
    if (!(place instanceof HTMLElement)) return;
    panel ??= new read.Panel(place, button, feed);
    panel.toggle();
  }

  button.addEventListener("click", () => void open());
  feed.on("status", show);
  setInterval(show, 1_000); // ages and countdowns move without an event
  show();
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
      say(document.querySelector("[data-announce]"), SPOKEN[now]);
    }, SETTLE_MS);
  };
}
