// Small charts that read as text too.
import { h } from "./page.js";

/** A metric from 0 to 1 as a bar with its threshold; `good` is the end that is better, "low" or "high". */
export function bar({ title, value, meaning, threshold, good }) {
  const bad = good === "low" ? value >= threshold : value < threshold;
  const limit = `${good === "low" ? "of concern from" : "of concern below"} ${threshold.toFixed(2)}`;
  return h(
    "div",
    { class: "metric", "data-tone": bad ? "high" : "low" },
    h("dt", {}, title, " ", h("span", { class: "number" }, value.toFixed(2))),
    h(
      "dd",
      {},
      h("div", { class: "gauge", "aria-hidden": "true", "--value": `${100 * value}%`, "--threshold": `${100 * threshold}%` }),
      h("p", {}, meaning),
      h("p", { class: "muted small" }, `${good === "low" ? "Low" : "High"} is good; ${limit}.`),
    ),
  );
}

/** A cell of a heat map; `kind` is `heat` where more is worse, `cool` where it is better. */
export function heat(value, kind, label) {
  return h("td", { class: kind, "--value": `${Math.round(value * 100)}%`, "data-label": label }, value.toFixed(2));
}
