// The executions of a job: the state of each, the table that they stand in, and how far they have come. One file, as a job
// can be looked at only when all of them are there.
import { badge, breath, brief, count, duration, h, idle, model, moment, plain, region, say, show, sign } from "./page.js";

// The state of each execution as the matrix shows it. It says what the runner says: an answer differs only where the
// analysis found a difference that its region has a part in.

const FAILED = new Set(["failed", "timeout"]);
const SIMILAR_FROM = 0.3; // of words that two regions share; the contract's threshold of a difference in content

export const failing = (execution) => FAILED.has(execution.status);
const answering = (execution) => execution?.status === "completed" && !execution.is_content_refusal;
const place = (region, model, question) => JSON.stringify([region, model, question]);

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

/** A function from region, model and question to the execution, if there is one. */
export function lookup(executions) {
  const known = new Map(executions.map((one) => [place(one.region, one.model_id, one.question_id), one]));
  return (region, model, question) => known.get(place(region, model, question));
}

/** The regions by question that have a part in one of its differences; null where nothing was analysed. */
export function differing(list) {
  const found = new Map();
  for (const one of list) {
    const regions = found.get(one.question_id) ?? new Set();
    for (const region of parties(one)) regions.add(region);
    found.set(one.question_id, regions);
  }
  return found;
}

function parties({ dimension, variations }) {
  const said = Object.entries(variations);
  if (dimension === "censorship") return variations.censored.split(", ");
  if (dimension === "factual_accuracy") return apart(said.map(([, text]) => text));
  if (dimension === "tone_sentiment") return unusual(said.map(([region, text]) => [region, text.split(" ")[0]]));
  return unusual(said.map(([, text]) => text.split(": ")));
}

/** The regions whose answers share too few words with those of the others, from "US vs EU: 0.12 similarity". */
function apart(comparisons) {
  const shares = new Map();
  for (const text of comparisons) {
    const [pair, share] = text.split(": ");
    for (const region of pair.split(" vs ")) shares.set(region, [...(shares.get(region) ?? []), Number.parseFloat(share)]);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...shares].filter(([, values]) => mean(values) < SIMILAR_FROM).map(([region]) => region);
}

/** The regions that are not as most of them are; all where no two are alike. */
function unusual(pairs) {
  const groups = [...Map.groupBy(pairs, ([, value]) => value).values()].sort((left, right) => right.length - left.length);
  const usual = groups[0].length > (groups[1]?.length ?? 0) ? groups[0] : [];
  return pairs.filter((pair) => !usual.includes(pair)).map(([region]) => region);
}

/** `similar`, `differs`, `answered` (there is nothing to compare with), `refused`, `failed` or `missing`. */
export function cellState(find, regions, differences, [region, model, question]) {
  const one = find(region, model, question);
  if (one && failing(one)) return "failed";
  if (one?.status !== "completed") return "missing";
  if (one.is_content_refusal) return "refused";
  const others = regions.filter((code) => code !== region).map((code) => find(code, model, question)).filter(answering);
  if (!differences || !others.length) return "answered";
  const alike = others.some((other) => other.output.response === one.output.response);
  return differences.get(question)?.has(region) && !alike ? "differs" : "similar";
}

/** What a reader has to know first: regions without an answer, and models that refuse throughout a region. */
export function gaps({ regions, models }, executions) {
  return regions.flatMap((region) => {
    const own = executions.filter((one) => one.region === region);
    const ended = own.filter((one) => one.status === "completed");
    if (!ended.length) return [{ kind: "silent", region, total: own.length, failed: own.filter(failing).length }];
    return models.flatMap((model) => {
      const answers = ended.filter((one) => one.model_id === model);
      if (!answers.length || !answers.every((one) => one.is_content_refusal)) return [];
      return [{ kind: "refuses", region, model, refused: answers.length, total: own.filter((one) => one.model_id === model).length }];
    });
  });
}

// A table with a part for each question, a row for each model and a column for each region.

const FIRST = 12; // cells that are made before a reader sees any
const AT_ONCE = 60; // and then before the browser may do something else

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
    let most = FIRST;
    for (const question of questions) {
      if (made >= most) {
        await breath();
        made = 0;
        most = AT_ONCE;
      }
      const group = part(question);
      finish(question);
      table.append(group);
      made += regions.length * models.length;
    }
  };
  return { element, cells: (...place) => known.get(name(...place)), fill };
}

// What a job has done so far: a bar, a table of every execution, and what failed with its reason.

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
