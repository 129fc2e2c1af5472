/** On a phone the desk shows one panel at a time; the sheet hides the others by the name of the view. */

import { all } from "./cells.js";

/** @param {HTMLElement} desk */
export function mountViews(desk) {
  const tabs = all(document, ".phone-tabs [data-view]");
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      desk.dataset["view"] = tab.dataset["view"] ?? "chart";
      for (const other of tabs) other.ariaPressed = String(other === tab);
    });
  }
}
