/** What happens to the markets and to their servers: the newest in a corner for a moment, the last twenty behind a bell. */

/** @import { Feed } from "../types.js" */
/** @import { Toasts } from "./toasts.js" */
import { dayAndClock } from "../market/format.js";
import { all, one, say } from "./cells.js";
import { keep, recall } from "./kept.js";

/**
 * An item of the `system` log. Kinds that are not known are listed all the same, if they have a text.
 *
 * @typedef {{id: number, ts: number, kind: string, text: string, pair?: string, status?: string}} Notice
 */

const KEPT = 20;
const FRESH_MS = 60_000; // what is older was not missed: it is behind the bell
const SIGNS = /** @type {Record<string, string>} */ ({ announcement: "✉", feed: "▲", pair: "■", instance: "⇄" });

/** @param {Feed} feed */
export function mountNotices(feed) {
  const bell = one(document, "[data-bell]");
  const list = one(document, "[data-notices]");
  const unread = one(bell, "[data-unread]");
  /** @type {Notice[]} oldest first */
  let notices = [];
  let readMs = recall("notices.read", 0); // up to when somebody has looked behind the bell …
  let shownMs = recall("notices.shown", 0); // … and up to when notices were shown in the corner, on whichever page
  /** @type {Toasts | null} */
  let toasts = null;

  feed.follow("system", { last: KEPT }, ({ kind, data }) => {
    if (kind !== "update") return;
    const told = /** @type {Notice[]} */ (data).filter(({ text }) => typeof text === "string");
    notices = [...notices, ...told].slice(-KEPT);
    for (const { pair, status } of told.filter((notice) => notice.kind === "pair")) markHalted(pair, status);
    void show(told.filter(isForAll));
    paint();
  });

  /** @param {Notice[]} told */
  async function show(told) {
    const oldestMs = Math.max(shownMs, Date.now() + feed.status.offsetMs - FRESH_MS);
    const fresh = told.filter(({ ts }) => ts > oldestMs);
    if (fresh.length === 0) return;
    keep("notices.shown", (shownMs = fresh.at(-1)?.ts ?? shownMs));
    const read = await import("./toasts.js").catch(() => null);
    if (read === null) return; // it is behind the bell
    toasts ??= new read.Toasts(one(document, "[data-toasts]"));
    for (const notice of fresh) toasts.show(signOf(notice), notice.text);
  }

  function paint() {
    const count = notices.filter((notice) => isForAll(notice) && notice.ts > readMs).length;
    say(unread, String(count));
    unread.hidden = count === 0;
    bell.setAttribute("aria-label", count === 0 ? "Notices" : `Notices, ${count} new`);
    list.replaceChildren(...notices.toReversed().map(item));
  }

  one(document, "#notices").addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "open") return;
    keep("notices.read", (readMs = notices.at(-1)?.ts ?? readMs));
    paint();
  });
}

/** Whether it concerns whoever looks at prices. @param {Notice} notice */
function isForAll({ kind }) {
  return kind === "announcement" || kind === "feed" || kind === "pair";
}

/** @param {Notice} notice */
function signOf({ kind, status }) {
  return kind === "pair" && status === "open" ? "▶" : (SIGNS[kind] ?? "•");
}

/** @param {Notice} notice */
function item(notice) {
  const [line, sign, text, time] = ["li", "span", "p", "time"].map((name) => document.createElement(name));
  if (!line || !sign || !text || !time) throw new Error("no document");
  sign.ariaHidden = "true";
  sign.textContent = signOf(notice);
  text.textContent = notice.text;
  time.textContent = `${dayAndClock(notice.ts)} UTC`;
  line.append(sign, text, time);
  return line;
}

/** What the page says of a pair that stands still. @param {string | undefined} symbol @param {string | undefined} status */
function markHalted(symbol, status) {
  for (const tag of all(document, "[data-halted]")) {
    if (tag.dataset["halted"] === symbol) tag.hidden = status !== "halted";
  }
}
