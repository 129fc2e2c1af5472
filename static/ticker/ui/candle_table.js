/** The newest candles as a table, for those who do not see canvases; renewed only while it is open. */

/** @import { Series } from "../market/candles.js" */
import { dayAndClock, fixed } from "../market/format.js";

const ROWS = 50;

/**
 * @param {HTMLElement} body  of the table
 * @param {Series} series
 * @param {{priceDecimals: number, qtyDecimals: number}} pair
 */
export function fillCandleTable(body, series, pair) {
  const rows = series.bars.slice(-ROWS).reverse();
  const made = rows.map((bar) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const time = document.createElement("time");
    time.dateTime = new Date(bar.ms).toISOString();
    time.textContent = dayAndClock(bar.ms);
    head.append(time);
    row.append(head);
    for (const price of [bar.open, bar.high, bar.low, bar.close]) row.insertCell().textContent = fixed(price, pair.priceDecimals);
    row.insertCell().textContent = fixed(bar.volume, pair.qtyDecimals);
    return row;
  });
  body.replaceChildren(...made);
}
