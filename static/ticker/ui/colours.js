/** The sheet's colours for canvases, which do not know custom properties. */

/**
 * The present value of the sheet's colours, as rgb(…).
 *
 * @param {string[]} names  without the two dashes
 * @returns {(name: string, alpha?: number) => string}
 */
export function colours(names) {
  // A probe, because the value of the property itself would be the unresolved words light-dark(…).
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found.set(name, getComputedStyle(probe).color);
  }
  probe.remove();
  return (name, alpha) => {
    const colour = found.get(name) ?? "rgb(128, 128, 128)";
    return alpha === undefined ? colour : colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
  };
}
