// Small charts, drawn as SVG and read out as text.
import { h } from "./dom.js";

const RADIUS = 42;
const AROUND = 2 * Math.PI * RADIUS;
const ZONES = [[0.7, "critical"], [0.5, "high"], [0.3, "medium"], [0, "low"]]; // of the risks, by the contract

const tone = (value) => ZONES.find(([from]) => value >= from)[1];

/** A share from 0 to 1 as a ring; `good` says that more of it is better. */
export function ring(title, value, note, good = false) {
  const percent = `${Math.round(value * 100)}%`;
  return h(
    "figure",
    { class: "metric", "data-tone": tone(good ? 1 - value : value) },
    h(
      "svg",
      { viewBox: "0 0 100 100", role: "img", "aria-label": `${title}: ${value.toFixed(2)}, ${percent}` },
      h("circle", { cx: 50, cy: 50, r: RADIUS, class: "track" }),
      value > 0 && h("circle", { cx: 50, cy: 50, r: RADIUS, class: "value", "stroke-dasharray": `${value * AROUND} ${AROUND}`, transform: "rotate(-90 50 50)" }),
      h("text", { x: 50, y: 50, "aria-hidden": "true" }, percent),
    ),
    h("figcaption", {}, h("strong", {}, title), h("span", { class: "number" }, value.toFixed(2)), h("small", {}, note)),
  );
}

/** A cell of a heat map; `kind` is `heat` where more is worse, `cool` where it is better. */
export function heat(value, kind, label) {
  return h("td", { class: kind, "--value": `${Math.round(value * 100)}%`, "data-label": label }, value.toFixed(2));
}
