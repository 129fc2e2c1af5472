/** The markets page: every row moves by itself. */

/** @import { Candle, Ticker } from "./types.js" */
import { openFeed } from "./feed/feed.js";
import { Rate } from "./market/rate.js";
import { mountBadge } from "./ui/badge.js";
import { one, say } from "./ui/cells.js";
import { onKey } from "./ui/keys.js";
import { MarketsTable } from "./ui/markets_table.js";
import { Painter } from "./ui/paint.js";
import { mountSettings } from "./ui/settings.js";
import { mountShell } from "./ui/shell.js";

const ROW_EVERY_MS = 1000; // a row is glanced at, not read

mountSettings();
const feed = openFeed();
mountBadge(/** @type {HTMLButtonElement} */ (one(document, "[data-badge]")), feed);
mountShell(feed);

const place = document.querySelector("[data-markets]");
if (place instanceof HTMLTableElement) {
  const painter = new Painter();
  const table = new MarketsTable(place);
  const rate = new Rate();
  const rateCell = document.querySelector("[data-trades-rate]");

  for (const row of table.rows) {
    feed.follow(`ticker.${row.symbol}`, { throttle: ROW_EVERY_MS }, ({ kind, data, ts }) => {
      if (kind === "reset") return;
      painter.ask(row, () => row.show(/** @type {Ticker} */ (data), ts));
    });
    feed.follow(`candle.${row.symbol}.1m`, { throttle: ROW_EVERY_MS }, ({ kind, data }) => {
      if (kind !== "reset") rate.add(row.symbol, /** @type {Candle} */ (data), Date.now());
    });
  }
  setInterval(() => {
    const nowMs = Date.now();
    table.tick(nowMs + feed.status.offsetMs);
    const perSecond = rate.perSecond(nowMs);
    if (perSecond === null || !(rateCell instanceof HTMLElement)) return;
    say(rateCell, perSecond.toFixed(1));
    rateCell.title = "In the last ten seconds";
  }, 1000);
  onKey("/", () => table.filter.focus());
}
