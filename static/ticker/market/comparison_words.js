/** Says what a comparison found: in words, as a table that sorts, as Markdown and as CSV. */

/** @import { Name, Tally } from "./comparison.js" */
import { UNKNOWN } from "./format.js";

/** @type {Record<Name, string>} */
export const TITLES = { poll: "Polling", longpoll: "Long poll", sse: "SSE", websocket: "WebSocket" };

/**
 * One row of the table of results: numbers, null where nothing is known.
 *
 * @typedef {object} Row
 * @property {Name} name
 * @property {string} how  "" or how often it polled
 * @property {number} seen
 * @property {number} missed
 * @property {number | null} p50
 * @property {number | null} p95
 * @property {number | null} max
 * @property {number} messages
 * @property {number} requests
 * @property {number} empty
 * @property {number} payload
 * @property {number | null} transferred
 * @property {number} held  percent of the time
 * @property {number} reconnects
 */

/** @typedef {Exclude<keyof Row, "how">} Column */

/** @type {[Column, string][]} */
export const COLUMNS = [
  ["name", "Transport"],
  ["seen", "Trades seen"],
  ["missed", "Missed"],
  ["p50", "Delay p50 (ms)"],
  ["p95", "p95 (ms)"],
  ["max", "max (ms)"],
  ["messages", "Messages"],
  ["requests", "Requests"],
  ["empty", "Empty answers"],
  ["payload", "Payload (bytes)"],
  ["transferred", "Transferred (bytes)"],
  ["held", "Connection held (%)"],
  ["reconnects", "Reconnects"],
];

/**
 * @param {Name} name
 * @param {Tally} tally
 * @param {number} fromMs
 * @param {number} untilMs
 * @param {string} [how]
 * @returns {Row}
 */
export function rowOf(name, tally, fromMs, untilMs, how = "") {
  const { seen, missed, messages, requests, empty, payload, transferred, reconnects } = tally;
  const held = Math.round(tally.held(fromMs, untilMs) * 100);
  return { name, how, seen, missed, ...tally.delays(), messages, requests, empty, payload, transferred, held, reconnects };
}

/**
 * @param {Column} column
 * @param {boolean} descending
 * @returns {(a: Row, b: Row) => number} what is not known comes last, whichever way
 */
export function by(column, descending) {
  const way = descending ? -1 : 1;
  return (a, b) => {
    if (column === "name") return TITLES[a.name].localeCompare(TITLES[b.name], "en") * way;
    const [left, right] = [a[column], b[column]];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return (left - right) * way;
  };
}

/** Grouped by commas; a dash for what is not known. @param {number | null} number */
export function count(number) {
  return number === null ? UNKNOWN : number.toLocaleString("en-US");
}

/** A delay as people say it: 4 ms, 1.2 s. @param {number | null} ms */
export function delay(ms) {
  if (ms === null) return UNKNOWN;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** 812 B, 14.2 kB, 1.3 MB. @param {number | null} size */
export function bytes(size) {
  if (size === null) return UNKNOWN;
  if (size < 1_000) return `${size} B`;
  return size < 1_000_000 ? `${(size / 1_000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}

/**
 * How often it polled: "2 s", or "0.5–2 s" where that was changed on the way.
 *
 * @param {readonly number[]} everyMs  all that were set
 */
export function rhythm(everyMs) {
  const [least, most] = [Math.min(...everyMs) / 1_000, Math.max(...everyMs) / 1_000];
  return least === most ? `${least} s` : `${least}–${most} s`;
}

/** @param {number} number @param {string} what */
const some = (number, what) => `${number === 0 ? "no" : count(number)} ${what}${number === 1 ? "" : "s"}`;

/** @param {number} number */
const none = (number) => (number === 0 ? "none" : count(number));

/**
 * What a row says, as a sentence.
 *
 * @param {Row} row
 */
export function sentence(row) {
  const who = row.how ? `${TITLES[row.name]} every ${row.how}` : TITLES[row.name];
  const happened = row.seen + row.missed;
  const isAsking = row.name === "poll" || row.name === "longpoll"; // a stream has no answers that could be empty
  const cost = `${some(row.requests, "request")}${isAsking ? `, ${none(row.empty)} of them empty` : ""}`;
  if (happened === 0) return `${who} saw no trade and sent ${cost}.`;
  const behind = `median delay ${delay(row.p50)}, 95th percentile ${delay(row.p95)}`;
  const back = row.reconnects ? ` It began again ${row.reconnects === 1 ? "once" : `${count(row.reconnects)} times`}.` : "";
  return `${who} missed ${none(row.missed)} of ${some(happened, "trade")} and sent ${cost}; ${behind}.${back}`;
}

/** @param {Row} row @returns {string[]} the cells, for programs: no grouping, empty where nothing is known */
function plain(row) {
  return COLUMNS.map(([column]) => {
    if (column === "name") return row.how ? `${TITLES[row.name]} every ${row.how}` : TITLES[row.name];
    const value = row[column];
    return value === null ? "" : String(Math.round(value));
  });
}

/** @param {readonly Row[]} rows @param {string} about  what was compared, a sentence */
export function markdown(rows, about) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [
    about,
    "",
    line(COLUMNS.map(([, title]) => title)),
    line(COLUMNS.map(([column]) => (column === "name" ? "---" : "---:"))),
    ...rows.map((row) => line(plain(row).map((cell) => cell || UNKNOWN))),
    "",
    ...rows.map((row) => `- ${sentence(row)}`),
    "",
  ].join("\n");
}

/** With CRLF, as RFC 4180 has it. @param {readonly Row[]} rows */
export function csv(rows) {
  return [COLUMNS.map(([, title]) => title), ...rows.map(plain)].map((cells) => `${cells.join(",")}\r\n`).join("");
}
