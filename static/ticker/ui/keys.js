/** Single-key shortcuts, silent while somebody types, and off for those who switched them off (WCAG 2.1.4). */

/** @type {Map<string, () => void>} */
const known = new Map();
const SEQUENCE_MS = 1_500; // from g to m
let before = { key: "", at: 0 };

export const shortcuts = { on: true };

/**
 * @param {string} keys  "p", or two of them with a space: "g m"
 * @param {() => void} act
 */
export function onKey(keys, act) {
  known.set(keys, act);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable]");
  if (!shortcuts.on || typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const key = event.key.toLowerCase();
  const act = (event.timeStamp - before.at < SEQUENCE_MS && known.get(`${before.key} ${key}`)) || known.get(key);
  before = { key, at: event.timeStamp };
  if (!act) return;
  event.preventDefault();
  act();
});
