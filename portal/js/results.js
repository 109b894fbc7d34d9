// The results of one job, or why there are none: each of the reasons is a state of its own.
import * as api from "./api.js";
import { byId, h, say } from "./dom.js";
import { follow } from "./follow.js";
import { headline } from "./headline.js";
import { matrix } from "./matrix.js";
import { about, ended, failed, failures, progress, texts } from "./progress.js";
import { settings } from "./settings.js";
import { actions, link, loading, state, unknownJob } from "./states.js";

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
  const { rest, analysisOf } = await answered(job, result.analysis, (element) => whole.append(element));
  whole.append(...rest, ...failing(job), ...analysisOf(result, questions));
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
  const { element, open } = await following;
  first.element.append(tools(job, questions, id));
  goToPlace = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.has(PLACE[0])) open(...PLACE.map((name) => asked.get(name) ?? ""));
  };
  return { rest: [element], analysisOf };
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
  const { rest } = await answered(job, null, (element) => whole.append(element));
  whole.append(...failing(job), ...rest);
  view.replaceChildren(whole);
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

addEventListener("hashchange", () => goToPlace());
view.replaceChildren(loading());
if (id) await follow(look);
else view.replaceChildren(unknownJob(id));
