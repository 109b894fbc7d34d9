// The results of one job, or why there are none: each of the reasons is a state of its own.
import * as api from "./api.js";
import { analysisOf } from "./analysis.js";
import { answers } from "./answers.js";
import { byId, h, say } from "./dom.js";
import { follow } from "./follow.js";
import { ended, failed, failures, progress, texts } from "./progress.js";
import { actions, link, loading, state, unknownJob } from "./states.js";

const PAUSE = 2; // seconds, where a pending answer does not say when to ask again

const id = new URLSearchParams(location.search).get("id") ?? "";
const query = `?id=${encodeURIComponent(id)}`;
const view = byId("view");
byId("job-id").textContent = id;
byId("job-link").href = `job.html${query}`;
document.title = `Results of ${id} · Beacon`;

let questions = null;
let waiting = null; // the panel of a pending job: {bar, text}

/** One look: what was found is shown; a number of seconds where it is worth looking again. */
async function look() {
  const [result, job, catalogue] = await Promise.all([reason(api.analysis(id)), reason(api.job(id)), questions ?? api.questions().then(texts)]);
  questions = catalogue;
  if (result instanceof api.Refused) return without(result, job);
  if (job instanceof api.Refused) throw job;
  ready(result, job);
  return null;
}

/** A refusal as a value: here it is one of the answers. */
const reason = (asking) => asking.catch((error) => (error instanceof api.Refused ? error : Promise.reject(error)));

function ready(result, job) {
  view.replaceChildren(h("div", { "data-state": "ready", class: "stack" }, analysisOf(result, questions), failed(job).length > 0 && failures(job, questions), answers(job, questions)));
}

function without(result, job) {
  if (result.code === "analysis_pending" && !(job instanceof api.Refused)) {
    pending(job);
    return result.retryAfter ?? PAUSE;
  }
  const panel = (PANELS[result.code] ?? other)(result);
  const more = job instanceof api.Refused ? [] : [failed(job).length > 0 && failures(job, questions), job.executions.length > 0 && answers(job, questions)];
  view.replaceChildren(h("div", { class: "stack" }, panel, more.filter(Boolean)));
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

const again = () => link("index.html", "Submit a job", true);
const details = () => link(`job.html${query}`, "See what happened");

const PANELS = {
  job_not_found: () => unknownJob(id),
  analysis_not_applicable: () =>
    state("not-applicable", "stop", "There is nothing to compare", "An analysis compares at least two regions that answered, and this job has fewer. Its answers are below.", actions(details(), again())),
  analysis_disabled: () =>
    state("disabled", "stop", "No analysis was asked for", "This job was submitted without comparing the answers. They are below.", actions(details(), again())),
  analysis_failed: (result) =>
    state("failed", "fault", "There is no analysis", `The reason: ${result.body.details.reason}.`, actions(details(), again())),
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

view.replaceChildren(loading());
if (id) await follow(look);
else view.replaceChildren(unknownJob(id));
