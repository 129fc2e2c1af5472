/** The bench on which the transports are compared: its buttons, and one run at a time. Read when somebody comes near it. */

import { all, one, say } from "./cells.js";
import { Painter } from "./paint.js";
import { Card } from "./transports_card.js";
import { readClock } from "./transports_clock.js";
import { claim, free, isTaken } from "./transports_lock.js";
import { Result } from "./transports_result.js";
import { Run } from "./transports_run.js";

const HOLD_MS = 2_000;
const SLIDE_MS = 500; // the lines of delays move to the left, whether something comes or not

/** @param {HTMLElement} bench  with the pair in its data */
export function mountBench(bench) {
  const { symbol = "", pair = "", decimals = "2", tickerUrl = "" } = bench.dataset;
  const painter = new Painter();
  const cards = all(bench, "[data-transport]").map((root) => new Card(root, Number(decimals)));
  const result = new Result(one(document, "[data-result]"));
  const status = one(bench, "[data-status]");
  const clock = one(bench, "[data-clock-of-run]");
  const startButton = /** @type {HTMLButtonElement} */ (one(bench, "[data-start]"));
  const testButton = /** @type {HTMLButtonElement} */ (one(bench, "[data-test]"));
  const holdButton = /** @type {HTMLButtonElement} */ (one(bench, "[data-hold]"));
  const slider = /** @type {HTMLInputElement} */ (one(bench, "[data-every]"));
  const everyMs = () => Number(slider.value) * 1_000;

  /** The one that is shown; it may be over. @type {Run | null} */
  let run = null;
  let forS = 0; // 0: until it is stopped
  /** @type {() => void} */
  let release = () => {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /** @param {number} seconds  0 until it is stopped */
  async function start(seconds) {
    startButton.disabled = testButton.disabled = true;
    say(status, "Setting the clock…");
    const claimed = await claim();
    if (claimed === null) return void waitForTheOther();
    release = claimed;
    try {
      const { offsetMs, wrongMs } = await readClock(symbol);
      if (document.hidden) release();
      else begin(seconds, offsetMs);
      say(status, run && !run.isOver ? `Running; delays are exact to ${Math.max(1, Math.ceil(wrongMs))} ms.` : "");
    } catch {
      release();
      say(status, "The server does not answer. Try again in a moment.");
    }
    ready();
  }

  /** @param {number} seconds @param {number} offsetMs */
  function begin(seconds, offsetMs) {
    forS = seconds;
    const begun = new Run({ symbol, tickerUrl, everyMs, offsetMs, moved: () => begun === run && ask() });
    run = begun;
    timer = setInterval(tick, SLIDE_MS);
    ask();
  }

  /** @param {string} why */
  function end(why) {
    if (!run || run.isOver) return;
    run.close();
    clearInterval(timer);
    release();
    say(status, why);
    ready();
    ask();
  }

  function tick() {
    if (run && forS && run.now() - run.fromMs >= forS * 1_000) end(`The ${forS} s test is done; its result is below.`);
    else ask();
  }

  function ask() {
    painter.ask("run", paint);
  }

  function paint() {
    if (!run) return;
    const { atMs, isOver, fromMs, tallies, lines } = run;
    const rows = [];
    for (const card of cards) {
      const row = run.row(card.name);
      card.state(isOver ? "idle" : lines[card.name].state());
      card.paint(tallies[card.name], row, atMs);
      rows.push(row);
    }
    const seconds = Math.round((atMs - fromMs) / 1_000);
    result.paint(rows, `${pair}, ${seconds} s, all four at the same time.`);
    say(clock, isOver ? "" : forS ? `${Math.max(0, forS - seconds)} s left` : `${seconds} s`);
  }

  function ready() {
    const isRunning = run !== null && !run.isOver;
    startButton.disabled = testButton.disabled = false;
    say(startButton, isRunning ? "Stop all" : "Start all");
    testButton.disabled = isRunning;
    holdButton.disabled = !isRunning;
    bench.toggleAttribute("data-running", isRunning);
  }

  async function waitForTheOther() {
    startButton.disabled = testButton.disabled = true;
    say(status, "Another tab is comparing. Stop it there, and it can begin here.");
    await free();
    say(status, "The other tab has stopped: it can begin here.");
    ready();
  }

  startButton.addEventListener("click", () => (run && !run.isOver ? end("Stopped.") : void start(0)));
  testButton.addEventListener("click", () => void start(Number(testButton.dataset["seconds"])));
  holdButton.addEventListener("click", () => {
    run?.hold(HOLD_MS);
    holdButton.disabled = true;
    setTimeout(ready, HOLD_MS);
  });
  slider.addEventListener("input", () => {
    say(bench.querySelector("[data-every-said]"), `${slider.value} s`);
    slider.setAttribute("aria-valuetext", `every ${slider.value} seconds`);
    if (run && !run.isOver) run.repace();
  });
  for (const card of cards) {
    card.state("idle");
    card.drop.addEventListener("click", () => run?.lines[card.name].cut());
  }
  document.addEventListener("visibilitychange", () => {
    // A hidden tab is slowed down by the browser, and would hold connections that other tabs need.
    if (document.hidden) end("Stopped, because this page was hidden.");
  });
  void isTaken().then((taken) => {
    if (taken && run === null) void waitForTheOther();
  });
}
