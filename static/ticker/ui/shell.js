/** What runs around every live page: the clock, how old the prices are when nothing comes, and notices. */

/** @import { Feed } from "../types.js" */
import { age, dayAndClock } from "../market/format.js";
import { all, say } from "./cells.js";
import { mountNotices } from "./notices.js";

/** @param {Feed | null} feed  null on pages without live data */
export function mountShell(feed) {
  const clocks = /** @type {HTMLTimeElement[]} */ (all(document, "[data-clock]"));
  const ages = all(document, "[data-age-text]");
  const server = document.querySelector("[data-server]");

  function tick() {
    const nowMs = Date.now() + (feed?.status.offsetMs ?? 0);
    for (const clock of clocks) {
      say(clock, `${dayAndClock(nowMs)} UTC`);
      clock.dateTime = new Date(nowMs).toISOString();
    }
    if (!feed) return;
    const { status } = feed;
    const sinceMs = status.feed === "stale" && status.feedSince ? status.feedSince : status.lastHeardMs;
    if (sinceMs) for (const place of ages) say(place, age(Date.now() - sinceMs));
  }

  tick();
  setInterval(tick, 1000);
  if (feed) mountNotices(feed);
  feed?.on("status", (status) => {
    if (status.server) say(server, status.server);
    if (status.state === "live") for (const old of all(document, "[data-old]")) delete old.dataset["old"];
  });
}
