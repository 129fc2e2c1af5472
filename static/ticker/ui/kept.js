/** What a browser remembers for its user; where storage is forbidden it forgets with the tab. */

/** @type {Map<string, string>} */
const here = new Map();

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise  what to say when nothing, or nothing readable, is kept
 * @returns {T}
 */
export function recall(name, otherwise) {
  try {
    const text = here.get(name) ?? localStorage.getItem(`tradedash.${name}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {unknown} value  that JSON can hold */
export function keep(name, value) {
  const text = JSON.stringify(value);
  here.set(name, text);
  try {
    localStorage.setItem(`tradedash.${name}`, text);
  } catch {
    // Forbidden or full: it holds for this tab.
  }
}
