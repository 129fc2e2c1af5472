/** Buttons that copy the example beside them. */

import { all } from "./cells.js";

const SAID_MS = 1_500;

export function mountCopyButtons() {
  for (const button of all(document, "[data-copy]")) {
    const word = button.textContent ?? "";
    button.addEventListener("click", async () => {
      const code = button.parentElement?.querySelector("code");
      try {
        // Only https and localhost have a clipboard; elsewhere the text is selected, ready for the keys.
        await navigator.clipboard.writeText(code?.textContent ?? "");
        button.textContent = "Copied";
      } catch {
        if (code) getSelection()?.selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = word), SAID_MS);
    });
  }
}
