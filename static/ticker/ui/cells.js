/** Cells of figures: the text changes in place, and for a moment the ground says which way it went. */

/** @import { Direction } from "../market/format.js" */
import { arrow, direction, percent } from "../market/format.js";

const FLASH_MS = 150;
const FLASH_EVERY_MS = 500; // nothing may flash more than three times a second (WCAG 2.3.1)
/** @type {WeakMap<Element, number>} */
const flashed = new WeakMap();

/**
 * @param {Element | null} cell
 * @param {string} text
 * @returns {boolean} whether it is another text than before
 */
export function say(cell, text) {
  if (!cell || cell.textContent === text) return false;
  // The node stays: a selection survives, and nothing is laid out anew.
  if (cell.firstChild instanceof Text && cell.childNodes.length === 1) cell.firstChild.data = text;
  else cell.textContent = text;
  return true;
}

/**
 * @param {Element} cell
 * @param {Direction} way
 */
export function flash(cell, way) {
  const now = performance.now();
  cell.classList.remove("flash-up", "flash-down"); // a flash of before may have been of the other kind
  if (way === "flat" || now - (flashed.get(cell) ?? -FLASH_EVERY_MS) < FLASH_EVERY_MS) return;
  flashed.set(cell, now);
  cell.classList.add(`flash-${way}`);
  setTimeout(() => cell.classList.remove("flash-up", "flash-down"), FLASH_MS);
}

/**
 * Colour a cell by a direction; the arrow in it says the same.
 *
 * @param {Element} cell
 * @param {Direction} way
 */
export function turn(cell, way) {
  cell.classList.remove("up", "down", "flat");
  cell.classList.add(way);
}

/**
 * A cell with an arrow and a signed change.
 *
 * @param {Element | null} cell
 * @param {string} change  percent, a plain decimal
 * @param {string} [text]  what to say; the percent alone where nothing is given
 */
export function sayChange(cell, change, text = percent(change)) {
  if (!cell) return;
  const way = direction(change);
  turn(cell, way);
  say(cell.querySelector(".arrow"), arrow(way));
  say(cell.querySelector("[data-text]"), text);
}

/**
 * The element that a page of this kind always has.
 *
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function one(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** @param {ParentNode} root @param {string} selector */
export function all(root, selector) {
  return /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
}
