// The results of one job, or why there are none: each of the reasons is a state of its own.
import { about, asked, cellState, differing, ended, failed, failures, gaps, grid, lookup, progress, texts } from "./executions.js";
import { actions, badge, breath, byId, count, h, link, loading, MEANINGS, model, plain, readable, region, say, sign, state, unknownJob } from "./page.js";
import * as api from "./runner.js";
import { follow, settings } from "./runner.js";

const PLACE = ["question", "model", "region", "with"]; // of an answer, in the fragment of its permanent address
const PAUSE = 2; // seconds, where a pending answer does not say when to ask again

const id = new URLSearchParams(location.search).get("id") ?? "";
const query = `?id=${encodeURIComponent(id)}`;
const view = byId("view");
byId("job-id").textContent = id;
byId("job-link").href = `job.html${query}`;
document.title = `Results of ${id} · Beacon`;

let questions = null;
let waiting = null; // the panel of a pending job: {bar, text}

// What stands below the first view.
const lower = () => api.parts(import("./answers.js"), import("./analysis.js"), import("./export.js"));

/** One look: what was found is shown; a number of seconds where it is worth looking again. */
async function look() {
  const asking = Promise.all([reason(api.analysis(id)), reason(api.job(id)), questions ?? api.questions().then(texts)]);
  lower().catch(() => {}); // asked for after the data, for which everybody waits
  const [result, job, catalogue] = await asking;
  questions = catalogue;
  if (result instanceof api.Refused) return without(result, job);
  if (job instanceof api.Refused) throw job;
  await ready(result, job);
  return null;
}

/** A refusal as a value: here it is one of the answers. */
const reason = (asking) => asking.catch((error) => (error instanceof api.Refused ? error : Promise.reject(error)));

async function ready(result, job) {
  const whole = h("div", { class: "stack" }, about(job), headline(job, questions, result.analysis));
  view.replaceChildren(whole);
  const { rest, begin, analysisOf } = await answered(job, result.analysis, (element) => whole.append(element));
  for (const part of [rest, ...failing(job), ...analysisOf(result, questions)]) {
    whole.append(part);
    await breath();
  }
  begin();
  whole.dataset.state = "ready";
  goToPlace();
}

const failing = (job) => (failed(job).length ? [failures(job, questions)] : []);

let goToPlace = () => {};

/** The permanent address of an answer, which the page takes on. */
function address(...place) {
  const there = new URL(location.href);
  if (settings().runner !== location.origin) there.searchParams.set("runner", settings().runner);
  there.hash = new URLSearchParams(PLACE.map((name, index) => [name, place[index]]).filter(([, value]) => value));
  history.replaceState(null, "", there);
  return there.href;
}

/** The matrix, shown by `show`, and with what can be done with it the answers to which its cells and the address lead. */
async function answered(job, analysis, show) {
  const select = async (...place) => {
    if ((await following).open(...place)) address(...place);
  };
  const first = matrix(job, questions, analysis, select);
  const following = lower().then(([{ answers }]) => answers(job, questions, address));
  show(first.element);
  await first.filled;
  const [, { analysisOf }, { tools }] = await lower();
  const { element, open, begin } = await following;
  first.element.append(tools(job, questions, id));
  goToPlace = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.has(PLACE[0])) open(...PLACE.map((name) => asked.get(name) ?? ""));
  };
  return { rest: element, begin, analysisOf };
}

async function without(result, job) {
  if (result.code === "analysis_pending" && !(job instanceof api.Refused)) {
    pending(job);
    return result.retryAfter ?? PAUSE;
  }
  const panel = (PANELS[result.code] ?? other)(result);
  if (job instanceof api.Refused || !job.executions.length) {
    view.replaceChildren(h("div", { class: "stack" }, panel));
    return null;
  }
  const whole = h("div", { class: "stack" }, about(job), headline(job, questions), panel);
  const { rest, begin } = await answered(job, null, (element) => whole.append(element));
  whole.append(...failing(job), rest);
  view.replaceChildren(whole);
  begin();
  goToPlace();
  return null;
}

function pending(job) {
  if (!waiting) {
    const bar = progress();
    const text = h("p", { role: "status" });
    waiting = { bar, text };
    view.replaceChildren(state("pending", "wait", "The analysis is pending", "This page shows it as soon as it is there.", bar.element, text));
  }
  waiting.bar.update(job);
  say(waiting.text, ended(job) ? "All executions have ended; the analysis is being made." : "The analysis is made when all executions have ended.");
}

const sentence = (text) => (text[0] ?? "").toUpperCase() + text.slice(1);
const again = () => link("index.html", "Submit a job", true);
const details = () => link(`job.html${query}`, "See what happened");

const PANELS = {
  job_not_found: () => unknownJob(id),
  analysis_not_applicable: () =>
    state("not-applicable", "stop", "There is nothing to compare", "An analysis compares at least two regions that answered, and this job has fewer. Its answers are below.", actions(details(), again())),
  analysis_disabled: () =>
    state("disabled", "stop", "No analysis was asked for", "This job was submitted without comparing the answers. They are below.", actions(details(), again())),
  analysis_failed: (result) =>
    state("failed", "fault", "There is no analysis", `${sentence(result.body.details.reason)}.`, actions(details(), again())),
  standard_workflow: () =>
    state(
      "standard",
      "turn",
      "This job was submitted without an analysis",
      "It went to the standard endpoint, which makes none. There are two ways to get one:",
      h("ul", {}, h("li", {}, "Submit it again: this page's settings say which endpoint is used, and cross-region makes an analysis."), h("li", {}, "Ask whoever runs the runner for the backfill, which analyses jobs that have ended.")),
      actions(details(), again()),
    ),
};

/** A code that this page does not know: the runner's own words. */
function other(result) {
  return state("other", "fault", "There is no analysis", result.message, h("p", { class: "small muted" }, "Code ", h("code", {}, result.code)), actions(details()));
}

// The first thing on the page: the level, what is missing, and how much differs.

/** The card above everything; without an analysis it says only what is missing, or is not there at all. */
export function headline(view, questions, analysis = null) {
  const missing = missingParts(view);
  if (!analysis) return missing && h("section", { class: "card level", "data-tone": "medium", "aria-label": "What is missing" }, missing);
  const name = analysis.recommendation;
  const [opening, ...rest] = summary(readable(analysis.summary, questions));
  return h(
    "section",
    { class: "card level", "data-tone": name.toLowerCase().replace(" risk", ""), "aria-labelledby": "level" },
    h("h2", { id: "level" }, name),
    missing,
    h("p", { class: "meaning" }, difference(view, analysis)),
    h("p", { class: "muted" }, extent(view)),
    h("details", { id: "summary" }, h("summary", {}, h("span", {}, "Full summary")), h("div", { class: "summary" }, h("p", { class: "muted" }, `${name}: ${MEANINGS.level[name] ?? ""}`), opening, rest)),
  );
}

function missingParts(view) {
  const about = asked(view);
  const found = gaps(about, view.executions);
  if (!found.length) return null;
  const silent = found.filter((gap) => gap.kind === "silent").length;
  const rows = found.map((gap) => h("li", { "data-gap": gap.kind, "data-region": gap.region, "data-model": gap.model }, gapSentence(gap)));
  const compared = silent > 0 && h("li", {}, `${silent === about.regions.length ? "No region answered" : `Compared ${about.regions.length - silent} of ${count(about.regions.length, "region")}`}.`);
  return h("ul", { class: "gaps" }, rows, compared);
}

const ALL = { 1: "its only question", 2: "both questions" };

function gapSentence({ kind, region: code, model: id, total, failed, refused }) {
  const where = region(code);
  if (kind === "silent") {
    if (!total) return `${where} was not asked.`;
    return `${where} did not answer: ${failed} of ${total} failed${failed < total ? `, ${total - failed} did not run` : ""}.`;
  }
  if (refused === total) return `${model(id)} refused ${ALL[total] ?? `all ${total} questions`} in ${where}.`;
  return `${model(id)} refused ${refused} of ${total} questions in ${where}, and answered none.`;
}

function difference(view, analysis) {
  const total = asked(view).questions.length;
  const number = new Set(analysis.key_differences.map((one) => one.question_id)).size;
  if (!number) return `No key differences in ${count(total, "question")}.`;
  return `Answers differ in ${number} of ${count(total, "question")}.`;
}

function extent(view) {
  const { regions, models, questions } = asked(view);
  const done = view.executions.filter((one) => one.status === "completed").length;
  return `${count(regions.length, "region")}, ${count(models.length, "model")}, ${count(questions.length, "question")}: ${done} of ${count(view.executions.length, "execution")} completed.`;
}

/** The summary's few marks, `**heading**` and `- item`, as elements. Its first line is the level, which stands above it. */
function summary(text) {
  const found = [];
  for (const line of text.split("\n").slice(1)) {
    const heading = /^\*\*(.+?):?\*\*$/.exec(line);
    const item = /^- (.+)$/.exec(line);
    if (heading) found.push(h("h3", {}, heading[1]));
    else if (item) {
      if (found.at(-1)?.tagName !== "UL") found.push(h("ul"));
      found.at(-1).append(h("li", {}, item[1]));
    } else if (line.trim()) found.push(h("p", {}, line));
  }
  return found;
}

// Models by regions for each question: what is alike, what differs, what is refused, failed or missing.

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

addEventListener("hashchange", () => goToPlace());
view.replaceChildren(loading());
if (id) await follow(look);
else view.replaceChildren(unknownJob(id));
