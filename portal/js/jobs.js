// All jobs, newest first, a page at a time.
import * as api from "./api.js";
import { byId, h, say, show } from "./dom.js";
import { follow } from "./follow.js";
import { actions, link, loading, state } from "./states.js";
import { badge, count, moment } from "./words.js";

const PAGE = 20;
const PAUSE = 5; // seconds between two looks while a job runs

const offset = Math.max(0, Number.parseInt(new URLSearchParams(location.search).get("from") ?? "0", 10) || 0);
const view = byId("view");
const WORKFLOWS = { "cross-region": "Cross-region", standard: "Standard" };

function row(job) {
  const query = `?id=${encodeURIComponent(job.id)}`;
  return h(
    "tr",
    {},
    h("th", { scope: "row", "data-label": "Job" }, h("a", { href: `job.html${query}`, class: "id" }, job.id)),
    h("td", { "data-label": "Status" }, badge(job.status)),
    h("td", { "data-label": "Workflow" }, WORKFLOWS[job.workflow] ?? job.workflow),
    h("td", { "data-label": "Benchmark" }, job.benchmark_name),
    h("td", { "data-label": "Submitted" }, moment(job.created_at)),
    h("td", {}, h("a", { href: `results.html${query}`, "aria-label": `Results of ${job.id}` }, "Results")),
  );
}

function table(page) {
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
        h("thead", {}, h("tr", {}, ["Job", "Status", "Workflow", "Benchmark", "Submitted", "Results"].map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, page.jobs.map(row)),
      ),
    ),
    h(
      "nav",
      { class: "actions", "aria-label": "Pages of the list" },
      offset > 0 && link(`jobs.html?from=${Math.max(0, offset - PAGE)}`, "Newer"),
      offset + PAGE < page.total && link(`jobs.html?from=${offset + PAGE}`, "Older"),
    ),
  );
}

function empty() {
  return state("empty", "search", "There are no jobs yet", "A job asks the same questions in several regions.", actions(link("index.html", "Submit a job", true)));
}

async function look() {
  const page = await api.jobs(PAGE, offset);
  say(byId("total"), count(page.total, "job"));
  const key = page.jobs.map((job) => `${job.id} ${job.status}`).join();
  const focused = document.activeElement?.getAttribute("href");
  show(view, `${page.total} ${key}`, () => (page.jobs.length ? table(page) : empty()));
  if (focused && document.activeElement === document.body) view.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  return page.jobs.some((job) => job.status === "queued" || job.status === "running") ? PAUSE : null;
}

byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(`job.html?id=${encodeURIComponent(new FormData(event.target).get("id").trim())}`);
});
view.replaceChildren(loading());
await follow(look);
