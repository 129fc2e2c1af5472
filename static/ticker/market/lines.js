/** Price lines as SVG paths; ticker/pages/lines.py draws the same before any script runs. */

/**
 * The `d` of a path through the points, left to right in a box of this size, highest on top; empty for fewer than two.
 *
 * @param {string[]} points
 * @param {number} width
 * @param {number} height
 */
export function linePath(points, width, height) {
  if (points.length < 2) return "";
  const values = points.map(Number);
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const step = width / (values.length - 1);
  const y = (/** @type {number} */ value) => (span ? height - ((value - low) / span) * height : height / 2);
  return `M${values.map((value, i) => `${(i * step).toFixed(1)},${y(value).toFixed(1)}`).join("L")}`;
}
