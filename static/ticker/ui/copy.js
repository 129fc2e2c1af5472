/** A button that copies the example beside it. */

const SAID_MS = 1_500;

/** @param {HTMLElement} button */
export async function copy(button) {
  const code = button.parentElement?.querySelector("code");
  try {
    // Only https and localhost have a clipboard; elsewhere the text is selected, ready for the keys.
    await navigator.clipboard.writeText(code?.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    if (code) getSelection()?.selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), SAID_MS);
}
