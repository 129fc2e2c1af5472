/** Freezing the page, for those who read (WCAG 2.2.2): P or the button, and a banner that says so. */

/** @import { Painter } from "./paint.js" */
import { one, say } from "./cells.js";
import { onKey } from "./keys.js";

/** @param {Painter} painter */
export function mountPause(painter) {
  const banner = one(document, "[data-paused]");
  const waiting = one(banner, "[data-waiting]");
  const button = one(document, "[data-pause]");

  function toggle() {
    if (painter.paused) painter.resume();
    else painter.pause();
    banner.hidden = !painter.paused;
    button.ariaPressed = String(painter.paused);
    button.textContent = painter.paused ? "Resume" : "Pause";
  }

  painter.onWaiting = (count) => say(waiting, String(count));
  button.addEventListener("click", toggle);
  one(banner, "[data-resume]").addEventListener("click", toggle);
  onKey("p", toggle);
}
