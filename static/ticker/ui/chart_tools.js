/** The chart's buttons and keys. */

/** @import { Bar } from "../market/candles.js" */
/** @import { Chart, ChartType, Look } from "./chart.js" */
import { AVERAGES } from "./chart.js";
import { all, one } from "./cells.js";
import { keep, recall } from "./kept.js";

/** @returns {Look} what this browser was told last */
export function keptLook() {
  const averages = /** @type {number[]} */ (recall("averages", [7, 25]));
  return { type: recall("chart", "candles"), averages: AVERAGES.filter((length) => averages.includes(length)) };
}

/**
 * @param {HTMLElement} root
 * @param {(look: Partial<Look>) => void} relook
 */
export function mountLook(root, relook) {
  let { type, averages } = keptLook();
  const types = /** @type {HTMLSelectElement} */ (one(root, "[data-chart-type]"));
  types.value = type;
  types.addEventListener("change", () => {
    type = /** @type {ChartType} */ (types.value);
    keep("chart", type);
    relook({ type });
  });
  for (const button of all(root, "[data-average]")) {
    const length = Number(button.dataset["average"]);
    const press = () => (button.ariaPressed = String(averages.includes(length)));
    press();
    button.addEventListener("click", () => {
      averages = AVERAGES.filter((known) => averages.includes(known) !== (known === length));
      keep("averages", averages);
      press();
      relook({ averages });
    });
  }
}

/**
 * @param {HTMLElement} place  that has the focus
 * @param {Chart} chart
 * @param {(bar: Bar) => void} read  tells in words where the crosshair is
 */
export function mountChartKeys(place, chart, read) {
  /** @param {number} by */
  function step(by) {
    const bar = chart.step(by);
    if (bar) read(bar);
  }
  /** @type {Record<string, (shift: boolean) => void>} */
  const acts = {
    ArrowLeft: (shift) => (shift ? chart.pan(-10) : step(-1)),
    ArrowRight: (shift) => (shift ? chart.pan(10) : step(1)),
    "+": () => chart.zoom(1.25),
    "=": () => chart.zoom(1.25),
    "-": () => chart.zoom(0.8),
    0: () => chart.fit(),
    Home: () => chart.toStart(),
    End: () => chart.goLive(),
    Escape: () => chart.unpoint(),
  };
  place.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event.shiftKey);
  });
  place.addEventListener("blur", () => chart.unpoint());
}
