// Models by regions for each question: what is alike, what differs, what is refused, failed or missing.
import { asked, cellState, differing, lookup } from "./cells.js";
import { h } from "./dom.js";
import { grid } from "./grid.js";
import { badge, count, model, plain, region, sign } from "./words.js";

const SEVERITIES = ["critical", "high", "medium", "low"];
const MEANINGS = {
  similar: "the analysis found no difference here",
  differs: "the analysis found a difference between this region and others",
  answered: "there is no other answer to compare with",
  refused: "the model declined to answer",
  failed: "no answer came back",
  missing: "was not run",
};

/** A section whose cells open the answers, by `open(question, model, region)`. */
export function matrix(view, questions, analysis, open) {
  const { regions, models, questions: ids } = asked(view);
  const find = lookup(view.executions);
  const differences = analysis && differing(analysis.key_differences);
  const table = grid(view, questions, "Answers by question, model and region", (id) => analysis && worst(analysis.key_differences, id));
  const seen = new Set();
  for (const id of ids) {
    for (const name of models) {
      for (const code of regions) {
        const state = cellState(find, regions, differences, [code, name, id]);
        seen.add(state);
        const cell = table.cells(code, name, id);
        cell.dataset.cell = state;
        cell.append(button(state, `${plain(state)}: ${model(name)}, ${region(code)}`, () => open(id, name, code)));
      }
    }
  }
  const legend = Object.entries(MEANINGS).filter(([state]) => seen.has(state)).map(([state, meaning]) => h("li", { "data-tone": state }, sign(state), ` ${meaning}`));
  return h("section", { class: "card", "aria-labelledby": "matrix" }, h("h2", { id: "matrix" }, "Answers at a glance"), h("p", { class: "muted small" }, "Select a cell to read the answers side by side."), table.element, h("ul", { class: "key" }, legend));
}

const button = (state, label, onclick) => h("button", { type: "button", class: "cell", "data-tone": state, "aria-label": label, onclick }, sign(state));

function worst(list, id) {
  const own = list.filter((one) => one.question_id === id);
  const severity = SEVERITIES.find((name) => own.some((one) => one.severity === name));
  return severity && badge(severity, `${count(own.length, "difference")}, ${severity}`);
}
