// All jobs, newest first: searched and filtered by the API, a page at a time. The address keeps the choice.
import { actions, badge, byId, count, duration, figure, h, link, loading, model, moment, say, show, state, written } from "./page.js";
import * as api from "./runner.js";
import { follow, JOBS as PAGE, list } from "./runner.js";

const MODELS = 3; // that are named in a row
const PAUSE = 5; // seconds between two looks while a job runs

const { offset, filters } = list;
const view = byId("view");
const form = byId("filters");
const WORKFLOWS = { "cross-region": "Cross-region", standard: "Standard" };

function row(job) {
  const id = `?id=${encodeURIComponent(job.id)}`;
  const ended = job.completed_at !== null;
  const took = ended && job.started_at !== null ? duration(Date.parse(job.completed_at) - Date.parse(job.started_at)) : "";
  return h(
    "tr",
    {},
    h("th", { scope: "row", "data-label": "Job" }, h("a", { href: `${ended ? "results" : "job"}.html${id}`, class: "id cover" }, job.id), h("small", { class: "muted" }, job.benchmark_name)),
    h("td", { "data-label": "Status" }, badge(job.status)),
    h("td", { "data-label": "Risk" }, job.risk_level ? badge(job.risk_level) : h("span", { class: "muted" }, "–")),
    h("td", { "data-label": "Regions" }, job.regions.join(", ")),
    h("td", { "data-label": "Models" }, models(job.models)),
    h("td", { "data-label": "Workflow" }, WORKFLOWS[job.workflow] ?? job.workflow),
    h("td", { "data-label": "Submitted" }, moment(job.created_at)),
    h("td", { "data-label": "Duration" }, took),
    h("td", {}, h("a", { href: `job.html${id}`, "aria-label": `Progress of ${job.id}` }, "Progress")),
  );
}

/** The names of a job's models, of many only the first. */
function models(ids) {
  const names = ids.slice(0, MODELS).map((id) => model(id).replaceAll(" ", "\u00A0"));
  return names.join(", ") + (ids.length > MODELS ? ` and ${ids.length - MODELS} more` : "");
}

const COLUMNS = ["Job", "Status", "Risk", "Regions", "Models", "Workflow", "Submitted", "Duration", "Progress"];

function table(page) {
  const last = offset + page.jobs.length;
  return h(
    "div",
    {},
    h(
      "div",
      { class: "card scroll" },
      h(
        "table",
        { class: "list" },
        h("caption", { class: "hidden" }, "Jobs, newest first"),
        h("thead", {}, h("tr", {}, COLUMNS.map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, page.jobs.map(row)),
      ),
    ),
    h(
      "nav",
      { class: "actions", "aria-label": "Pages of the list" },
      offset > 0 && link(at(Math.max(0, offset - PAGE)), "Newer"),
      last < page.total && link(at(last), "Older"),
      h("span", { class: "muted" }, written(() => `${figure(offset + 1)} to ${figure(last)} of ${figure(page.total)}`)),
    ),
  );
}

/** The address of this list from a job on, with the same filters. */
function at(first) {
  const there = new URLSearchParams(Object.entries(filters).map(([name, value]) => [`f_${name}`, value]));
  if (first) there.set("offset", String(first));
  return `jobs.html?${there}`;
}

function empty() {
  if (offset > 0) return state("empty", "search", "The list ends before this page", "It has become shorter, or the address is wrong.", actions(link(at(0), "First page", true)));
  if (Object.keys(filters).length) return state("empty", "search", "No job matches", "No job has all that the search and the filters ask for.", actions(link("jobs.html", "All jobs", true)));
  return state("empty", "search", "There are no jobs yet", "A job asks the same questions in several regions.", actions(link("index.html", "Submit a job", true)));
}

async function look() {
  const page = await api.jobs();
  show(byId("total"), String(page.total), () => written(() => count(page.total, "job")));
  const key = page.jobs.map((job) => `${job.id} ${job.status}`).join();
  const focused = document.activeElement?.getAttribute("href");
  show(view, `${page.total} ${key}`, () => (page.jobs.length ? table(page) : empty()));
  if (focused && document.activeElement === document.body) view.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  return page.jobs.some((job) => job.status === "queued" || job.status === "running") ? PAUSE : null;
}

for (const [name, value] of Object.entries(filters)) {
  const field = form.elements.namedItem(`f_${name}`);
  if (field) field.value = value;
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...new FormData(form)].filter(([, value]) => value.trim() !== "");
  location.assign(`jobs.html?${new URLSearchParams(chosen)}`);
});
form.addEventListener("change", (event) => event.target.name !== "f_q" && form.requestSubmit());
view.replaceChildren(loading());
try {
  await follow(look);
} catch (error) {
  if (!(error instanceof api.Refused)) throw error;
  view.replaceChildren(state("refused", "fault", "The runner refused these filters", error.message, actions(link("jobs.html", "All jobs", true))));
}
