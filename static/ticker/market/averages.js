/** Moving averages of closes. They are drawn, not traded on: floats will do. */

/** @import { Bar } from "./candles.js" */

/**
 * The mean of the closes of a bar and the `length - 1` before it; null where there are not so many.
 *
 * @param {Bar[]} bars
 * @param {number} index
 * @param {number} length
 */
export function averageAt(bars, index, length) {
  if (index < length - 1 || index >= bars.length) return null;
  let sum = 0;
  for (let i = index - length + 1; i <= index; i++) sum += Number(bars[i]?.close);
  return sum / length;
}

/**
 * The same for every bar, in one pass.
 *
 * @param {Bar[]} bars
 * @param {number} length
 * @returns {{ms: number, value: number}[]}  from the first bar that has enough before it
 */
export function averages(bars, length) {
  const found = [];
  let sum = 0;
  for (let i = 0; i < bars.length; i++) {
    sum += Number(bars[i]?.close);
    if (i >= length) sum -= Number(bars[i - length]?.close);
    if (i >= length - 1) found.push({ ms: bars[i]?.ms ?? 0, value: sum / length });
  }
  return found;
}
