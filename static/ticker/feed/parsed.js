/** Text from the server, as a message; what is not one is nothing, so that a proxy's greeting does no harm. */

/** @import { Message } from "./types.js" */

/**
 * @param {unknown} text
 * @returns {Message | null}
 */
export function parsed(text) {
  if (typeof text !== "string") return null;
  try {
    const value = JSON.parse(text);
    return isMessage(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {unknown} value
 * @returns {value is Message}
 */
export function isMessage(value) {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
