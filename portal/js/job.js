// The progress of one job, for as long as it runs.
import * as api from "./api.js";
import { byId, h, show } from "./dom.js";
import { follow } from "./follow.js";
import { ended, failed, failures, matrix, progress, texts } from "./progress.js";
import { actions, link, loading, unknownJob } from "./states.js";
import { badge, model, plain, region } from "./words.js";

const FIRST_PAUSE = 1; // seconds between two looks at a job that has just begun
const LONGEST_PAUSE = 5;

const id = new URLSearchParams(location.search).get("id") ?? "";
const view = byId("view");
byId("job-id").textContent = id;
document.title = `Job ${id} · Beacon`;

let pause = FIRST_PAUSE;
let names = null;
let shown = null; // what takes newer views: {bar, table, tail}

async function look() {
  names ??= texts(await api.questions());
  const job = await api.job(id);
  update(job);
  if (ended(job)) return null;
  pause = Math.min(pause * 1.1, LONGEST_PAUSE);
  return pause;
}

function update(job) {
  shown ??= build(job);
  shown.bar.update(job);
  shown.table.update(job);
  show(byId("job-status"), job.status, () => badge(job.status));
  const number = failed(job).length;
  if (number) show(shown.failures, String(number), () => failures(job, names));
  if (ended(job)) show(shown.next, job.status, () => next(job));
}

function build(job) {
  const bar = progress();
  const table = matrix(job, names, read);
  const failing = h("div");
  const following = h("div", { class: "next" });
  view.replaceChildren(h("section", { class: "card", "aria-label": "Progress" }, bar.element, following), h("section", { class: "card" }, h("h2", {}, "Executions"), table.element), failing);
  return { bar, table, failures: failing, next: following };
}

/** Shows what one execution brought, also while the others run. */
function read(one) {
  const { output, status } = one;
  const close = () => dialog.close();
  const text = status === "completed" ? output.response : output.error;
  const dialog = h(
    "dialog",
    { class: "card wide-dialog", "aria-labelledby": "execution-title", onclose: () => dialog.remove() },
    h("h2", { id: "execution-title" }, names.get(one.question_id) ?? plain(one.question_id)),
    h("p", { class: "muted" }, `${model(one.model_id)}, ${region(one.region)} `, badge(status)),
    h("p", { class: "answer", tabindex: "0", role: "group", "aria-label": "Answer", dir: "auto" }, text),
    h("div", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: close }, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

const ENDS = {
  completed: "Enough regions answered.",
  partial: "Some regions answered, fewer than were asked for.",
  failed: "Too few regions answered.",
  cancelled: "The job was cancelled.",
};

function next(job) {
  return h("div", {}, h("p", { role: "status" }, ENDS[job.status] ?? ""), actions(link(`results.html?id=${encodeURIComponent(id)}`, "See the results", true)));
}

view.replaceChildren(loading());
try {
  if (id) await follow(look);
  else view.replaceChildren(unknownJob(id));
} catch (error) {
  if (!(error instanceof api.Refused)) throw error;
  view.replaceChildren(unknownJob(id));
}
