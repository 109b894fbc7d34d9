// What a job has done so far: a bar, a table of every execution, and what failed with its reason.
import { asked, failing } from "./cells.js";
import { h, idle, say, show } from "./dom.js";
import { grid } from "./grid.js";
import { badge, brief, count, duration, model, moment, plain, region, sign } from "./words.js";

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

/**
 * `{element, filled, update}`: the status of each execution; `open(execution)` is called with one that ended, when it is
 * selected.
 */
export function matrix(view, texts, open) {
  const { element, cells, fill } = grid(view, texts, "Executions by question, model and region");
  const update = (newer) => newer.executions.forEach((one) => showStatus(cells(one.region, one.model_id, one.question_id), one, open));
  const by = Map.groupBy(view.executions, (one) => one.question_id);
  const filled = fill((question) => update({ executions: by.get(question) }));
  return { element, filled, update };
}

function showStatus(cell, one, open) {
  if (!cell || cell.dataset.status === one.status) return;
  cell.dataset.status = one.status;
  const face = { class: "cell", "data-tone": one.status };
  const label = `${plain(one.status)}: ${model(one.model_id)}, ${region(one.region)}`;
  if (!LEGIBLE.has(one.status)) cell.replaceChildren(h("span", face, sign(one.status)));
  else cell.replaceChildren(h("button", { ...face, type: "button", "aria-label": label, onclick: () => open(one) }, sign(one.status)));
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
    h("div", {}, h("p", {}, brief(output.error)), h("p", {}, h("code", {}, output.error_code)), h("details", { class: "plain" }, h("summary", {}, h("span", {}, count(group.length, "execution"))), h("ul", { class: "small" }, each))),
  );
}

/** When a job was submitted and ended, and what it is about. */
export function about(view) {
  const first = earliest(view.executions, "created_at");
  const last = latest(view.executions);
  return facts([first && ["Submitted", moment(first)], last && ended(view) && ["Duration", duration(Date.parse(last) - Date.parse(first))], ...scope(view)]);
}

/** What a job is about. */
export const subject = (view) => facts(scope(view));

function scope(view) {
  const { regions, models } = asked(view);
  return [
    ["Regions", regions.map(region).join(", ")],
    ["Models", models.map(model).join(", ")],
    ["Signed by", signer(view.spec)],
  ];
}

const facts = (rows, kind = "facts") => h("dl", { class: kind }, rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
const earliest = (executions, name) => executions.map((one) => one[name]).filter(Boolean).sort()[0];
const latest = (executions) => executions.map((one) => one.completed_at ?? "").sort().at(-1);

/** The public key of a spec, and whether it is that of this browser. */
function signer(spec) {
  if (!("public_key" in spec)) return "nobody";
  const { public_key: key } = spec;
  const note = h("span", {});
  idle(async () => {
    const { ownKey } = await import("./signing.js");
    if ((await ownKey())?.key === key) say(note, "this browser, ");
  });
  return [note, h("code", { class: "small" }, key)];
}

/** The times of a job that runs: `{element, update}`; `update` takes a newer view. */
export function times() {
  const named = (name) => ({ name, value: h("dd", {}, "–"), title: h("dt", {}, name) });
  const rows = ["Submitted", "Started", "Elapsed", "Time left"].map(named);
  const [submitted, started, elapsed, left] = rows;
  const element = h("dl", { class: "facts times" }, rows.map(({ title, value }) => h("div", {}, title, value)));
  let view = null;
  const tick = () => {
    const begun = earliest(view.executions, "started_at");
    if (!begun) return;
    const spent = (ended(view) ? Date.parse(latest(view.executions)) : Date.now()) - Date.parse(begun);
    say(elapsed.value, duration(spent));
    say(left.value, rest(view, spent));
  };
  const update = (newer) => {
    view = newer;
    show(submitted.value, "shown", () => moment(earliest(view.executions, "created_at")));
    const begun = earliest(view.executions, "started_at");
    if (begun) show(started.value, begun, () => moment(begun));
    if (ended(view)) say(elapsed.title, "Duration");
    tick();
  };
  setInterval(() => view && !ended(view) && tick(), 1000);
  return { element, update };
}

/** The time that the other executions need if they go on as those that ended. */
function rest(view, spent) {
  if (ended(view)) return "none";
  const done = view.executions.filter((one) => one.completed_at !== null).length;
  return done ? `about ${duration((spent / done) * (view.executions.length - done))}` : "not known yet";
}

/** The text of each question by its id. */
export function texts(catalogue) {
  return new Map(Object.values(catalogue.categories).flatMap((entries) => entries.map((entry) => [entry.question_id, entry.question])));
}
