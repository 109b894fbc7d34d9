// The progress of one job, for as long as it runs.
import { ended, failed, failures, matrix, progress, subject, texts, times } from "./executions.js";
import { actions, badge, byId, h, idle, link, loading, MEANINGS, model, plain, region, show, sign, unknownJob } from "./page.js";
import * as api from "./runner.js";
import { follow } from "./runner.js";

const FIRST_PAUSE = 1; // seconds between two looks at a job that has just begun
const LONGEST_PAUSE = 5;

const id = new URLSearchParams(location.search).get("id") ?? "";
const view = byId("view");
byId("job-id").textContent = id;
document.title = `Job ${id} · Beacon`;

let pause = FIRST_PAUSE;
let names = null;
let shown = null; // what takes newer views: {bar, clock, table, failures, next}
let newest = null; // view

// What nobody needs at first.
const tools = () => api.parts(import("./actions.js"));
const reading = () => api.parts(import("./dialogs.js"), import("./passage.js"));
idle(reading);

async function look() {
  const [catalogue, job] = await Promise.all([names ?? api.questions().then(texts), api.job(id)]);
  names = catalogue;
  update(job);
  await offer(job);
  if (ended(job)) return null;
  pause = Math.min(pause * 1.1, LONGEST_PAUSE);
  return pause;
}

function update(job) {
  newest = job;
  shown ??= build(job);
  shown.bar.update(job);
  shown.clock.update(job);
  shown.table.update(job);
  show(byId("job-status"), job.status, () => badge(job.status));
  const number = failed(job).length;
  if (number) show(shown.failures, String(number), () => failures(job, names));
  if (ended(job)) show(shown.next, job.status, () => next(job));
}

function build(job) {
  const bar = progress();
  const clock = times();
  const table = matrix(job, names, read);
  const failing = h("div");
  const following = h("div", { class: "next" });
  const executions = h("section", { class: "card" }, h("h2", {}, "Executions"), h("p", { class: "muted small" }, "Select one that ended to read its answer or its error."), table.element, legend());
  view.replaceChildren(h("section", { class: "card", "aria-label": "Progress" }, bar.element, clock.element, following), executions);
  table.filled.then(() => {
    table.update(newest);
    view.append(h("section", { class: "card", "aria-labelledby": "about" }, h("h2", { id: "about" }, "About this job"), subject(job)), failing);
  });
  return { bar, clock, table, failures: failing, next: following };
}

function legend() {
  const items = Object.entries(MEANINGS.execution).map(([status, meaning]) => h("li", { "data-tone": status }, sign(status), ": ", meaning));
  return h("ul", { class: "key" }, items);
}

/** Offers what can be done with the job now. */
async function offer(job) {
  const [{ cancelling, repeating }] = await tools();
  show(byId("job-actions"), String(ended(job)), () => h("div", { class: "tools" }, ended(job) ? repeating(id, () => newest) : cancelling(id, () => newest, look)));
}

/** Shows what one execution brought, also while the others run. */
async function read(one) {
  const [{ open }, { passage }] = await reading();
  const { output, status } = one;
  const text = status === "completed" ? passage(output.response, "Answer") : passage(output.error, "Error");
  const dialog = open(
    names.get(one.question_id) ?? plain(one.question_id),
    [h("p", { class: "muted" }, `${model(one.model_id)}, ${region(one.region)} `, badge(status)), text.element, text.more],
    h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close"),
    true,
  );
}

function next(job) {
  return h("div", {}, h("p", { role: "status" }, MEANINGS.job[job.status] ?? ""), actions(link(`results.html?id=${encodeURIComponent(id)}`, "See the results", true)));
}

view.replaceChildren(loading());
try {
  if (id) await follow(look);
  else view.replaceChildren(unknownJob(id));
} catch (error) {
  if (!(error instanceof api.Refused)) throw error;
  view.replaceChildren(unknownJob(id));
}
