// Before the first paint: what this browser was told to look like. Classic and blocking, so that nothing flashes.
(() => {
  const root = document.documentElement;
  root.dataset.script = "on";
  /** @type {{theme?: string, palette?: string}} */
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("tradedash.look") || "{}");
  } catch {
    // Storage may be forbidden: the defaults are fine.
  }
  root.dataset.theme = ["dark", "light", "contrast"].includes(kept.theme ?? "") ? kept.theme : "auto";
  root.dataset.palette = ["red", "blue"].includes(kept.palette ?? "") ? kept.palette : "green";
})();
