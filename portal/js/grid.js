// A table with a part for each question, a row for each model and a column for each region.
import { asked } from "./cells.js";
import { h } from "./dom.js";
import { model, plain, region } from "./words.js";

/**
 * `{element, cells}`: `cells` are called as `cells(region, model, question)`.
 *
 * @param note a function from the id of a question to what stands beside its text.
 */
export function grid(view, texts, title, note = () => null) {
  const { regions, models, questions } = asked(view);
  const name = (...parts) => JSON.stringify(parts);
  const cells = new Map();
  const parts = questions.map((question) =>
    h(
      "tbody",
      {},
      h("tr", {}, h("th", { scope: "rowgroup", colspan: regions.length + 1 }, h("span", {}, texts.get(question) ?? plain(question)), note(question))),
      models.map((id) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, model(id)),
          regions.map((code) => {
            const cell = h("td", { "data-region": code, "data-model": id, "data-question": question });
            cells.set(name(code, id, question), cell);
            return cell;
          }),
        ),
      ),
    ),
  );
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), regions.map((code) => h("th", { scope: "col" }, region(code)))));
  const table = h("table", { class: "matrix" }, h("caption", { class: "hidden" }, title), head, parts);
  const element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table);
  return { element, cells: (...place) => cells.get(name(...place)) };
}
