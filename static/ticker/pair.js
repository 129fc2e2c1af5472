/** The page of one pair: what comes over the feed goes to the panel that shows it. */

/** @import { Ticker, Trade } from "./types.js" */
/** @import { Announcer } from "./ui/announcer.js" */
/** @import { PairData } from "./ui/chart_panel.js" */
import { openFeed } from "./feed/feed.js";
import { fixed } from "./market/format.js";
import { mountBadge } from "./ui/badge.js";
import { all, one, say } from "./ui/cells.js";
import { ChartPanel } from "./ui/chart_panel.js";
import { Header } from "./ui/header.js";
import { keep, recall } from "./ui/kept.js";
import { Painter } from "./ui/paint.js";
import { mountPause } from "./ui/pause.js";
import { QuoteRow } from "./ui/quote.js";
import { mountSettings } from "./ui/settings.js";
import { mountShell } from "./ui/shell.js";
import { ROWS, Tape } from "./ui/tape.js";
import { mountViews } from "./ui/views.js";

const TITLE_EVERY_MS = 1_000;
const WATCH_EVERY_MS = 1000;

/** @type {PairData} */
const pair = JSON.parse(one(document, "#pair-data").textContent ?? "");
const feed = openFeed();
const painter = new Painter();
mountBadge(/** @type {HTMLButtonElement} */ (one(document, "[data-badge]")), feed);
mountShell(feed);
mountViews(one(document, "[data-desk]"));
for (const button of all(document, "[data-copy]")) {
  button.addEventListener("click", async () => (await import("./ui/copy.js")).copy(button));
}
mountPause(painter);

const region = one(document, "[data-announce]");
const announce = (/** @type {string} */ text) => void (region.textContent = text);
const often = /** @type {HTMLSelectElement} */ (one(document, "[name=announce]"));
/** @type {Announcer | null} */
let announcer = null;
async function listen() {
  keep("announce", often.value);
  if (often.value !== "off") announcer ??= new (await import("./ui/announcer.js")).Announcer(announce, pair);
}
often.value = recall("announce", "off");
often.addEventListener("change", listen);
void listen();
const panel = new ChartPanel(one(document, ".chart-panel"), pair, feed, painter, announce);
mountSettings(() => panel.recolour());

const header = new Header(one(document, "[data-strip]"), pair);
let titledMs = 0;
feed.follow(`ticker.${pair.symbol}`, { throttle: 100 }, ({ kind, data }) => {
  if (kind === "reset") return;
  const ticker = /** @type {Ticker} */ (data);
  painter.ask("header", () => header.paint(ticker));
  announcer?.heard(ticker.last, often.value);
  // Outside the painter: a hidden tab paints nothing, and its title is all that is seen of it.
  if (!painter.paused && performance.now() - titledMs > TITLE_EVERY_MS) {
    titledMs = performance.now();
    document.title = `${fixed(ticker.last, pair.priceDecimals)} ${pair.name}`;
  }
});

const paintTape = () => painter.ask("tape", () => tape.paint());
const tape = new Tape(one(document, "[data-tape]"), pair, paintTape);
const held = one(document, "[data-hover-note]");
tape.onHeld = (/** @type {number | null} */ waiting) => {
  held.hidden = waiting === null;
  say(held, `Held · ${waiting} waiting`);
};
const position = pair.epoch ? { position: { epoch: pair.epoch, seq: tape.newest } } : {};
feed.follow(`trade.${pair.symbol}`, position, ({ kind, data }) => {
  if (kind === "reset") {
    const read = import("./ui/history.js").then(({ readTrades }) => readTrades(pair.tradesUrl, ROWS));
    void tape.refill(read).then(paintTape);
    return;
  }
  document.querySelector("[data-tape-waiting]")?.remove();
  tape.add(/** @type {Trade[]} */ (data));
  paintTape();
});

const wide = matchMedia("(min-width: 760px)"); // narrower, the list of pairs is not shown
/** @type {(() => void)[]} */
let unfollows = [];
const watched = all(document, "[data-watch] tbody tr").map((row) => new QuoteRow(row));
function watch() {
  for (const unfollow of unfollows) unfollow();
  unfollows = !wide.matches
    ? []
    : watched.map((row) =>
        feed.follow(`ticker.${row.symbol}`, { throttle: WATCH_EVERY_MS }, ({ kind, data }) => {
          if (kind !== "reset") painter.ask(row, () => row.paint(/** @type {Ticker} */ (data)));
        }),
      );
}
wide.addEventListener("change", watch);
watch();
