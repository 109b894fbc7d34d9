// Models by regions for each question: what is alike, what differs, what is refused, failed or missing.
import { asked, cellState, differing, lookup } from "./cells.js";
import { h } from "./dom.js";
import { grid } from "./grid.js";
import { badge, count, MEANINGS, model, plain, region, sign } from "./words.js";

const SEVERITIES = ["critical", "high", "medium", "low"];

/** `{element, filled}`: a section whose cells open the answers, by `open(question, model, region)`; `filled` resolves when all are there. */
export function matrix(view, questions, analysis, open) {
  const { regions, models } = asked(view);
  const find = lookup(view.executions);
  const differences = analysis && differing(analysis.key_differences);
  const table = grid(view, questions, "Answers by question, model and region", (id) => analysis && worst(analysis.key_differences, id));
  const seen = new Set();
  const legend = h("ul", { class: "key" });
  const show = (id) => {
    for (const name of models) {
      for (const code of regions) {
        const state = cellState(find, regions, differences, [code, name, id]);
        seen.add(state);
        const cell = table.cells(code, name, id);
        cell.dataset.cell = state;
        cell.append(button(state, `${plain(state)}: ${model(name)}, ${region(code)}`, () => open(id, name, code)));
      }
    }
  };
  const filled = table.fill(show).then(() => {
    const meanings = Object.entries(MEANINGS.answer).filter(([state]) => seen.has(state));
    legend.append(...meanings.map(([state, meaning]) => h("li", { "data-tone": state }, sign(state), ": ", meaning)));
  });
  const element = h("section", { class: "card", "aria-labelledby": "matrix" }, h("h2", { id: "matrix" }, "Answers at a glance"), h("p", { class: "muted small" }, "Select a cell to read the answers side by side."), table.element, legend);
  return { element, filled };
}

const button = (state, label, onclick) => h("button", { type: "button", class: "cell", "data-tone": state, "aria-label": label, onclick }, sign(state));

function worst(list, id) {
  const own = list.filter((one) => one.question_id === id);
  const severity = SEVERITIES.find((name) => own.some((one) => one.severity === name));
  return severity && badge(severity, `${count(own.length, "difference")}, ${severity}`);
}
