/** Greet and broadcast: the instance greets, and what one visitor says is heard by all, on every instance. */

/** @import { Feed, Status } from "../types.js" */
import { one, say } from "./cells.js";

const SHOWN = 20;

/** @typedef {{id: number, ts: number, user: string | null, text: string}} Said  an item of the `lobby` log */
/** @typedef {{code?: string, msg?: string, afterMs?: number}} Reason  why something was not published */

/**
 * @param {HTMLElement} root
 * @param {Feed} feed
 */
export function mountLobby(root, feed) {
  const log = one(root, "[data-lobby-log]");
  const form = /** @type {HTMLFormElement} */ (one(root, "form"));
  const input = /** @type {HTMLInputElement} */ (one(form, "input"));
  const button = /** @type {HTMLButtonElement} */ (one(form, "button"));
  const answer = one(root, "[data-lobby-answer]");
  let greeted = "";

  feed.follow("lobby", { last: SHOWN }, ({ kind, data }) => {
    if (kind !== "update") return;
    for (const { user, text, ts } of /** @type {Said[]} */ (data)) add(user ?? "Somebody", text, ts);
  });
  feed.on("status", (status) => {
    if (status.state === "live") greet(status);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void publish(input.value.trim());
  });

  /** Once for each connection. @param {Status} status */
  function greet({ conn, server, offsetMs, user }) {
    if (conn === greeted || conn === "") return;
    greeted = conn;
    add(server, `Hello ${user ?? "there"}! You are connection ${conn} of mine.`, Date.now() + offsetMs, "greeting");
  }

  /** @param {string} text */
  async function publish(text) {
    if (text === "") return;
    button.disabled = true;
    const sentMs = performance.now();
    try {
      const { seq } = await feed.publish("lobby", { text });
      say(answer, `Number ${seq} of the lobby, ${Math.round(performance.now() - sentMs)} ms after it was said.`);
      if (input.value.trim() === text) input.value = "";
    } catch (error) {
      say(answer, sentence(/** @type {Reason} */ (error)));
    }
    button.disabled = false;
  }

  /** @param {string} who @param {string} text @param {number} ts @param {string} [kind] */
  function add(who, text, ts, kind = "") {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const line = document.createElement("li");
    line.className = kind;
    for (const [name, words] of /** @type {const} */ ([["b", who], ["span", text], ["time", clock(ts)]])) {
      line.appendChild(document.createElement(name)).textContent = words;
    }
    line.dataset["ts"] = String(ts);
    const later = [...log.children].find((other) => Number(/** @type {HTMLElement} */ (other).dataset["ts"]) > ts);
    log.insertBefore(line, later ?? null); // what was said before comes after the greeting, which is newer
    while (log.children.length > 2 * SHOWN) log.firstElementChild?.remove();
    if (isAtEnd) log.scrollTop = log.scrollHeight; // whoever reads what was said before is left there
  }
}

/** @param {number} ms */
function clock(ms) {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}

/** @param {Reason} reason @returns {string} for whoever wanted to say something; the text is still in the field */
function sentence({ code = "", msg = "", afterMs = 0 }) {
  switch (code) {
    case "rate_limited":
      return `Not so fast: try again in ${Math.max(0.1, afterMs / 1_000).toFixed(1)} s.`;
    case "payload_too_large":
      return "That is too long.";
    case "not_connected":
      return "Nothing was sent: there is no WebSocket now. It comes back by itself.";
    case "unknown":
      return "The connection ended before the answer came: it may have been said, or not.";
    case "unavailable":
      return "The server could not ask Redis: it may have been said, or not.";
    default:
      return `It was not said: ${msg || code}.`;
  }
}
