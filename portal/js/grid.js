// A table with a part for each question, a row for each model and a column for each region.
import { asked } from "./cells.js";
import { breath, h } from "./dom.js";
import { model, plain, region } from "./words.js";

const AT_ONCE = 60; // cells that are made before the browser may do something else

/**
 * `{element, cells, fill}`: `cells(region, model, question)` is a cell; `fill(finish)` makes the parts one after the
 * other, each of them complete when `finish(question)` returns, and resolves when all are there.
 *
 * @param note a function from the id of a question to what stands beside its text.
 */
export function grid(view, texts, title, note = () => null) {
  const { regions, models, questions } = asked(view);
  const name = (...parts) => JSON.stringify(parts);
  const known = new Map();
  const cell = (code, id, question) => {
    const element = h("td", { "data-region": code, "data-model": id, "data-question": question });
    known.set(name(code, id, question), element);
    return element;
  };
  const row = (id, question) => h("tr", {}, h("th", { scope: "row" }, model(id)), regions.map((code) => cell(code, id, question)));
  const part = (question) => {
    const heading = h("tr", {}, h("th", { scope: "rowgroup", colspan: regions.length + 1 }, h("span", {}, texts.get(question) ?? plain(question)), note(question)));
    return h("tbody", {}, heading, models.map((id) => row(id, question)));
  };
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), regions.map((code) => h("th", { scope: "col" }, region(code)))));
  const table = h("table", { class: "matrix" }, h("caption", { class: "hidden" }, title), head);
  const element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table);
  const fill = async (finish) => {
    let made = 0;
    for (const question of questions) {
      if (made >= AT_ONCE) {
        await breath();
        made = 0;
      }
      const group = part(question);
      finish(question);
      table.append(group);
      made += regions.length * models.length;
    }
  };
  return { element, cells: (...place) => known.get(name(...place)), fill };
}
