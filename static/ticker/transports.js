/** The page that compares the transports: its own connection, the lobby, and the bench once somebody comes near it. */

import { openFeed } from "./feed/feed.js";
import { mountBadge } from "./ui/badge.js";
import { all, one, say } from "./ui/cells.js";
import { mountLobby } from "./ui/lobby.js";
import { mountSettings } from "./ui/settings.js";
import { mountShell } from "./ui/shell.js";
import { isTaken } from "./ui/transports_lock.js";

mountSettings();
const feed = openFeed(); // the page's own, which nothing counts
mountBadge(/** @type {HTMLButtonElement} */ (one(document, "[data-badge]")), feed);
mountShell(feed);
mountLobby(one(document, "[data-lobby]"), feed);
const form = document.querySelector("[data-rate]");
if (form instanceof HTMLFormElement) void import("./ui/transports_rate.js").then(({ mountRate }) => mountRate(form));
const place = document.querySelector("[data-bench]");
if (place instanceof HTMLElement) mountLate(place);
for (const choice of all(document, "[data-pair]")) {
  choice.addEventListener("change", () => /** @type {HTMLSelectElement} */ (choice).form?.requestSubmit());
}

/**
 * Whoever only reads needs neither four clients nor what counts them: half of this page's scripts.
 *
 * @param {HTMLElement} bench
 */
function mountLate(bench) {
  let isMounted = false;
  let isClicked = false;
  /** @type {Promise<boolean> | undefined} */
  let mounting;

  /** @returns {Promise<boolean>} whether the bench is there */
  function mount() {
    return (mounting ??= import("./ui/transports_bench.js").then(
      ({ mountBench }) => {
        mountBench(bench);
        return (isMounted = true);
      },
      () => {
        mounting = undefined;
        say(bench.querySelector("[data-status]"), "The server does not answer. Try again in a moment.");
        return false;
      },
    ));
  }

  for (const near of ["pointerenter", "focusin"]) bench.addEventListener(near, () => void mount());
  for (const button of all(bench, "[data-start], [data-test]")) {
    button.addEventListener("click", async () => {
      if (isMounted || isClicked) return;
      isClicked = true;
      if (await mount()) button.click(); // nobody heard the first one
      isClicked = false;
    });
  }
  void isTaken().then((taken) => taken && mount()); // it says so
}
