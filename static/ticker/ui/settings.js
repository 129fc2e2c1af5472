/** The settings popover: theme, palette and keys, kept in this browser; theme.js applies them before the next first paint. */

import { onKey, shortcuts } from "./keys.js";
import { keep, recall } from "./kept.js";
import { all } from "./cells.js";

const THEMES = ["auto", "dark", "light", "contrast"];

/** @param {() => void} recolour  called after the colours have changed, by hand or by the system */
export function mountSettings(recolour = () => {}) {
  const root = document.documentElement;
  const look = () => ({ theme: root.dataset["theme"] ?? "auto", palette: root.dataset["palette"] ?? "green" });

  /** @param {Partial<{theme: string, palette: string}>} change */
  function apply(change) {
    Object.assign(root.dataset, change);
    keep("look", look());
    tick();
    recolour();
  }

  function tick() {
    for (const input of inputs) input.checked = input.value === look()[/** @type {"theme" | "palette"} */ (input.name)];
  }

  const inputs = /** @type {HTMLInputElement[]} */ (all(document, "#settings :is([name=theme], [name=palette])"));
  for (const input of inputs) input.addEventListener("change", () => apply({ [input.name]: input.value }));
  tick();

  const keys = /** @type {HTMLInputElement | null} */ (document.querySelector("#settings [name=shortcuts]"));
  shortcuts.on = recall("shortcuts", true);
  if (keys) {
    keys.checked = shortcuts.on;
    keys.addEventListener("change", () => keep("shortcuts", (shortcuts.on = keys.checked)));
  }

  onKey("t", () => apply({ theme: THEMES[(THEMES.indexOf(look().theme) + 1) % THEMES.length] ?? "auto" }));
  onKey("g m", () => location.assign("/"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
}
