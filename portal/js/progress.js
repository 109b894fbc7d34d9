// What a job has done so far: a bar, a table of every execution, and what failed with its reason.
import { h, say } from "./dom.js";
import { badge, count, model, plain, region } from "./words.js";

const JOB_ENDED = new Set(["completed", "partial", "failed", "cancelled"]);
const EXECUTION_ORDER = ["completed", "failed", "timeout", "cancelled", "running", "pending"];
const EXECUTION_ENDED = EXECUTION_ORDER.slice(0, 4);

export const ended = (view) => JOB_ENDED.has(view.status);

/** Models and questions of a job in the order in which they were asked for; regions likewise. */
export function asked(view) {
  const { spec, executions } = view;
  const distinct = (values) => [...new Set(values)];
  return {
    regions: distinct(spec.constraints.regions),
    models: distinct(executions.map((one) => one.model_id)),
    questions: distinct(executions.map((one) => one.question_id)),
  };
}

function counts(executions) {
  const found = Object.fromEntries(EXECUTION_ORDER.map((status) => [status, 0]));
  for (const { status } of executions) found[status] = (found[status] ?? 0) + 1;
  return found;
}

/** A progress bar with its legend; `update` takes a newer view. */
export function progress() {
  const label = h("p", { class: "figure", role: "status" });
  const track = h("div", { class: "bar", role: "progressbar", "aria-label": "Executions that ended", "aria-valuemin": "0" });
  const legend = h("p", { class: "legend" });
  const element = h("div", { class: "progress" }, label, track, legend);
  const update = (view) => {
    const by = counts(view.executions);
    const done = EXECUTION_ENDED.reduce((sum, status) => sum + by[status], 0);
    const total = view.executions.length;
    say(label, `${done} of ${count(total, "execution")} ended`);
    track.setAttribute("aria-valuemax", String(total));
    track.setAttribute("aria-valuenow", String(done));
    const present = EXECUTION_ORDER.filter((status) => by[status] > 0);
    const key = present.map((status) => `${status}${by[status]}`).join();
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    track.replaceChildren(...present.map((status) => h("i", { "data-tone": status, "--share": `${(100 * by[status]) / total}%` })));
    legend.replaceChildren(...present.map((status) => badge(status, `${by[status]} ${status}`)));
  };
  return { element, update };
}

/** A table with a row for each question and model and a column for each region. */
export function matrix(view, texts) {
  const { regions, models, questions } = asked(view);
  const cells = new Map();
  const name = (code, id, question) => JSON.stringify([code, id, question]);
  const rows = questions.flatMap((question) =>
    models.map((id, index) =>
      h(
        "tr",
        { class: index === 0 ? "first" : null },
        index === 0 && h("th", { scope: "rowgroup", rowspan: models.length }, texts.get(question) ?? plain(question)),
        h("th", { scope: "row" }, model(id)),
        regions.map((code) => {
          const cell = h("td", { "data-label": region(code) });
          cells.set(name(code, id, question), cell);
          return cell;
        }),
      ),
    ),
  );
  const element = h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Executions" },
    h(
      "table",
      { class: "matrix" },
      h("caption", { class: "hidden" }, "Executions by question, model and region"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Question"), h("th", { scope: "col" }, "Model"), regions.map((code) => h("th", { scope: "col" }, region(code))))),
      h("tbody", {}, rows),
    ),
  );
  const update = (newer) => {
    for (const one of newer.executions) {
      const cell = cells.get(name(one.region, one.model_id, one.question_id));
      if (!cell || cell.dataset.status === one.status) continue;
      cell.dataset.status = one.status;
      cell.replaceChildren(badge(one.status));
    }
  };
  return { element, update };
}

export const failed = (view) => view.executions.filter((one) => one.status === "failed" || one.status === "timeout");

/** What failed, each with its reason. */
export function failures(view, texts) {
  return h(
    "section",
    { class: "card", "aria-labelledby": "failures" },
    h("h2", { id: "failures" }, "What failed"),
    h(
      "ul",
      { class: "rows" },
      failed(view).map((one) =>
        h(
          "li",
          {},
          badge(one.status),
          h("div", {}, h("strong", {}, `${region(one.region)}, ${model(one.model_id)}`), h("p", { class: "muted" }, texts.get(one.question_id) ?? plain(one.question_id))),
          h("div", {}, h("p", {}, one.output.error), h("code", {}, one.output.error_code)),
        ),
      ),
    ),
  );
}

/** The text of each question by its id. */
export function texts(catalogue) {
  return new Map(Object.values(catalogue.categories).flatMap((entries) => entries.map((entry) => [entry.question_id, entry.question])));
}
