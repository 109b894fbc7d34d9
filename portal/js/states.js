// A page's whole content where there is nothing else to show: what is the case, and what to do.
import { h } from "./dom.js";

const SHAPES = {
  wait: "M12 6v6l4 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  stop: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12h8",
  fault: "M12 4 2.500 20h19zM12 10v5M12 17.500v.5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
  turn: "M4 9h11a5 5 0 0 1 0 10h-4M8 5 4 9l4 4",
};

/** A panel with a shape, a title, what it means, and links or more. */
export function state(name, shape, title, text, ...rest) {
  return h(
    "section",
    { class: "card state", "data-state": name, "aria-labelledby": "state-title" },
    h("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "shape" }, h("path", { d: SHAPES[shape] })),
    h("h2", { id: "state-title" }, title),
    h("p", {}, text),
    rest,
  );
}

export const actions = (...links) => h("p", { class: "actions" }, links);

export const link = (href, text, main = false) => h("a", { href, class: main ? "button primary" : "button" }, text);

/** There is no such job. */
export function unknownJob(id) {
  return state("unknown", "search", "There is no such job", `The runner knows no job ${id || "without an id"}. It may be another runner's: its address is in the settings.`, actions(link("jobs.html", "All jobs"), link("index.html", "Submit a job", true)));
}

/** While the first answer is on its way. */
export const loading = () => h("div", { class: "loading", "data-state": "loading" }, h("p", { class: "muted", role: "status" }, "Asking the runner …"));
