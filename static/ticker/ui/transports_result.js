/** The result: a sentence for each transport, a table that sorts, and both to take along. */

/** @import { Column, Row } from "../market/comparison_words.js" */
import { COLUMNS, TITLES, by, bytes, count, csv, delay, markdown, sentence } from "../market/comparison_words.js";
import { all, one, say } from "./cells.js";

const SAID_MS = 1_500;

export class Result {
  /** @type {Row[]} as they came */
  #rows = [];
  /** @type {{column: Column, descending: boolean} | null} null as they came */
  #order = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.words = one(root, "[data-sentences]");
    this.body = one(root, "tbody");
    this.about = "";
    for (const head of all(root, "th[data-sort]")) one(head, "button").addEventListener("click", () => this.#sort(head));
    one(root, "[data-copy-markdown]").addEventListener("click", ({ currentTarget }) =>
      this.#copy(/** @type {HTMLElement} */ (currentTarget), markdown(this.#ordered(), this.about)),
    );
    one(root, "[data-copy-csv]").addEventListener("click", ({ currentTarget }) =>
      this.#copy(/** @type {HTMLElement} */ (currentTarget), csv(this.#ordered())),
    );
  }

  /** @param {Row[]} rows @param {string} about  what was compared, a sentence */
  paint(rows, about) {
    this.#rows = rows;
    this.about = about;
    this.root.hidden = false;
    say(this.root.querySelector("[data-about]"), about);
    const items = children(this.words, rows.length, "li");
    rows.forEach((row, place) => say(items[place] ?? null, sentence(row)));
    this.#fill();
  }

  #ordered() {
    return this.#order ? this.#rows.toSorted(by(this.#order.column, this.#order.descending)) : this.#rows;
  }

  #fill() {
    const lines = children(this.body, this.#rows.length, "tr");
    this.#ordered().forEach((row, place) => fill(/** @type {HTMLTableRowElement} */ (lines[place]), row));
  }

  /** @param {HTMLElement} head */
  #sort(head) {
    const column = /** @type {Column} */ (head.dataset["sort"]);
    const descending = head.getAttribute("aria-sort") !== "descending" && column !== "name";
    for (const other of all(this.root, "th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    this.#order = { column, descending };
    this.#fill();
  }

  /** @param {HTMLElement} button @param {string} text */
  async #copy(button, text) {
    const word = button.dataset["word"] ?? (button.dataset["word"] = button.textContent ?? "");
    const place = /** @type {HTMLTextAreaElement} */ (one(this.root, "[data-copied]"));
    try {
      await navigator.clipboard.writeText(text);
      place.hidden = true;
      button.textContent = "Copied";
    } catch {
      // Only https and localhost have a clipboard; elsewhere the text is shown and selected, ready for the keys.
      place.value = text;
      place.hidden = false;
      place.select();
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = word), SAID_MS);
  }
}

/** Exactly so many children; those that are there stay. @param {HTMLElement} parent @param {number} number @param {string} tag */
function children(parent, number, tag) {
  while (parent.children.length > number) parent.lastElementChild?.remove();
  while (parent.children.length < number) parent.append(document.createElement(tag));
  return [...parent.children];
}

/** @param {HTMLTableRowElement} line @param {Row} row */
function fill(line, row) {
  line.dataset["transport"] = row.name;
  COLUMNS.forEach(([column], place) => {
    let cell = line.cells[place];
    if (!cell) {
      cell = document.createElement(place === 0 ? "th" : "td");
      if (place === 0) cell.scope = "row";
      line.append(cell);
    }
    say(cell, shown(row, column));
  });
}

/** @param {Row} row @param {Column} column */
function shown(row, column) {
  switch (column) {
    case "name":
      return row.how ? `${TITLES[row.name]}, every ${row.how}` : TITLES[row.name];
    case "p50":
    case "p95":
    case "max":
      return delay(row[column]);
    case "payload":
    case "transferred":
      return bytes(row[column]);
    case "held":
      return `${row.held} %`;
    default:
      return count(row[column]);
  }
}
