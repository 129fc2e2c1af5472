/** The buttons with which staff change how fast the compared pair trades, while a comparison goes on. */

import { all, one, say } from "./cells.js";

/** @param {HTMLFormElement} form */
export function mountRate(form) {
  const said = one(form, "[data-rate-said]");
  const buttons = /** @type {HTMLButtonElement[]} */ (all(form, "[name=rate]"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { submitter } = event;
    if (submitter instanceof HTMLButtonElement) void change(submitter);
  });

  /** @param {HTMLButtonElement} button */
  async function change(button) {
    say(said, "…");
    try {
      const body = new FormData(form, button);
      // The answer leads to this page, which is here already.
      const { type } = await fetch(form.action, { method: "POST", body, redirect: "manual" });
      if (type !== "opaqueredirect") throw new Error(type);
      for (const other of buttons) other.ariaPressed = String(other === button);
      say(said, "within two seconds");
    } catch {
      say(said, "was not changed");
    }
  }
}
