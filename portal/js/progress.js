// What a job has done so far: a bar, a table of every execution, and what failed with its reason.
import { asked, failing } from "./cells.js";
import { h, say } from "./dom.js";
import { grid } from "./grid.js";
import { badge, count, duration, model, moment, plain, region, sign } from "./words.js";

const JOB_ENDED = new Set(["completed", "partial", "failed", "cancelled"]);
const EXECUTION_ORDER = ["completed", "failed", "timeout", "cancelled", "running", "pending"];
const EXECUTION_ENDED = EXECUTION_ORDER.slice(0, 4);

export const ended = (view) => JOB_ENDED.has(view.status);

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
    const finished = present.filter((status) => EXECUTION_ENDED.includes(status));
    const key = present.map((status) => `${status}${by[status]}`).join();
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    track.replaceChildren(...finished.map((status) => h("i", { "data-tone": status, "--share": `${(100 * by[status]) / total}%` })));
    legend.replaceChildren(...present.map((status) => badge(status, `${by[status]} ${status}`)));
  };
  return { element, update };
}

/** The status of each execution; `open(execution)` is called with one that ended, when it is selected. */
export function matrix(view, texts, open) {
  const { element, cells } = grid(view, texts, "Executions by question, model and region");
  const update = (newer) => {
    for (const one of newer.executions) {
      const cell = cells(one.region, one.model_id, one.question_id);
      if (!cell || cell.dataset.status === one.status) continue;
      cell.dataset.status = one.status;
      const face = { class: "cell", "data-tone": one.status };
      const label = `${plain(one.status)}: ${model(one.model_id)}, ${region(one.region)}`;
      if (!LEGIBLE.has(one.status)) cell.replaceChildren(h("span", face, sign(one.status)));
      else cell.replaceChildren(h("button", { ...face, type: "button", "aria-label": label, onclick: () => open(one) }, sign(one.status)));
    }
  };
  return { element, update };
}

const LEGIBLE = new Set(["completed", "failed", "timeout"]); // have an answer or an error to read

export const failed = (view) => view.executions.filter(failing);

/** What failed, equal errors together. */
export function failures(view, texts) {
  const groups = Map.groupBy(failed(view), ({ status, output }) => JSON.stringify([status, output.error_code, output.error]));
  return h("section", { class: "card", "aria-labelledby": "failures" }, h("h2", { id: "failures" }, "What failed"), h("ul", { class: "rows" }, [...groups.values()].map((group) => failure(group, texts))));
}

function failure(group, texts) {
  const [{ status, output }] = group;
  const regions = [...new Set(group.map((one) => region(one.region)))].join(", ");
  const each = group.map((one) => h("li", {}, `${region(one.region)}, ${model(one.model_id)}: ${texts.get(one.question_id) ?? plain(one.question_id)}`));
  return h(
    "li",
    {},
    badge(status, `${group.length} × ${plain(status).toLowerCase()}`),
    h("strong", {}, regions),
    h("div", {}, h("p", {}, output.error), h("p", {}, h("code", {}, output.error_code)), h("details", { class: "plain" }, h("summary", {}, h("span", {}, count(group.length, "execution"))), h("ul", { class: "small" }, each))),
  );
}

/** When a job was submitted and ended, and what it is about. */
export function about(view) {
  const { regions, models } = asked(view);
  const { executions } = view;
  const first = executions.map((one) => one.created_at).sort()[0];
  const last = executions.map((one) => one.completed_at ?? "").sort().at(-1);
  const facts = [
    first && ["Submitted", moment(first)],
    last && ended(view) && ["Duration", duration(Date.parse(last) - Date.parse(first))],
    ["Regions", regions.map(region).join(", ")],
    ["Models", models.map(model).join(", ")],
    ["Signature", "signature" in view.spec ? "Signed" : "Not signed"],
  ];
  return h("dl", { class: "facts" }, facts.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** The text of each question by its id. */
export function texts(catalogue) {
  return new Map(Object.values(catalogue.categories).flatMap((entries) => entries.map((entry) => [entry.question_id, entry.question])));
}
