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

const PAINT_EVERY_MS = 500; // a row is glanced at, not read
const CANDLE_EVERY_MS = 1000;

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

  /** What has changed since rows were painted. @type {Map<string, [Ticker, number]>} */
  const due = new Map();
  feed.follow("ticker.all", { throttle: 250 }, ({ kind, data, ts }) => {
    if (kind === "reset") return;
    for (const [symbol, ticker] of Object.entries(/** @type {Record<string, Ticker>} */ (data))) due.set(symbol, [ticker, ts]);
  });
  setInterval(() => due.size > 0 && painter.ask("rows", paintRows), PAINT_EVERY_MS);

  function paintRows() {
    for (const row of table.rows) {
      const [ticker, ts] = due.get(row.symbol) ?? [];
      if (ticker && ts !== undefined) row.show(ticker, ts);
    }
    due.clear();
  }

  for (const row of table.rows) {
    feed.follow(`candle.${row.symbol}.1m`, { throttle: CANDLE_EVERY_MS }, ({ kind, data }) => {
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
