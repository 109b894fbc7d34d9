// The page on which a job is put together, signed and sent.
import { byId, CATEGORIES, count, h, idle, plain, say } from "./page.js";
import * as api from "./runner.js";
import { CannotSign, follow, keep, kept, obstacle, settings } from "./runner.js";

const KINDS = ["regions", "models", "questions"];
const FRESH = 240_000; // milliseconds for which a signed submission may be sent again; the runner takes five minutes
const form = byId("submit");
const outcome = byId("outcome");
const standard = settings().workflow === "standard";
const DRAFT = "beacon:draft"; // what was chosen and not submitted yet
let loaded = false; // the questions are there
const specs = () => import("./spec.js"); // not needed before something is submitted
let pending = null; // what was signed and perhaps not received: {made, text, submission}

function choice(entry, checked) {
  const id = `questions-${entry.question_id}`;
  return h(
    "li",
    { class: "choice" },
    h("input", { type: "checkbox", name: "questions", value: entry.question_id, id, checked }),
    h("label", { for: id }, entry.question),
  );
}

function showQuestions(catalogue) {
  const place = byId("questions");
  place.querySelectorAll(".category").forEach((section) => section.classList.add("old"));
  for (const [category, entries] of Object.entries(catalogue.categories)) {
    const items = entries.map((entry) => choice(entry, category === "bias_detection"));
    const known = place.querySelector(`[data-category="${CSS.escape(category)}"]`);
    if (known) {
      known.querySelector("ul").replaceChildren(...items);
      known.classList.remove("old");
    } else {
      const title = CATEGORIES[category] ?? plain(category);
      place.append(h("section", { class: "category", "data-category": category }, h("h2", {}, title), h("ul", { class: "choices" }, items)));
    }
  }
  place.querySelectorAll(".old").forEach((section) => section.remove());
  loaded = true;
  restoreDraft();
  estimate();
}

function chosen() {
  const data = new FormData(form);
  return { ...Object.fromEntries(KINDS.map((kind) => [kind, data.getAll(kind)])), analysis: byId("analysis").checked && !standard };
}

/** Keeps what is chosen through a reload, a way back and a closed tab; each tab has its own choice. */
function keepDraft() {
  const { regions, models, questions } = chosen();
  const draft = { regions, models, questions, analysis: byId("analysis").checked };
  for (const storage of ["sessionStorage", "localStorage"]) keep(storage, DRAFT, draft);
}

function forgetDraft() {
  for (const storage of ["sessionStorage", "localStorage"]) keep(storage, DRAFT, null);
}

function restoreDraft() {
  const draft = { ...kept("localStorage", DRAFT), ...kept("sessionStorage", DRAFT) };
  for (const kind of KINDS.filter((name) => Array.isArray(draft[name]))) {
    form.querySelectorAll(`input[name=${kind}]`).forEach((box) => (box.checked = draft[kind].includes(box.value)));
  }
  if (!standard && "analysis" in draft) byId("analysis").checked = draft.analysis === true;
}

function estimate() {
  const picked = chosen();
  const number = api.executions(picked);
  say(byId("estimate"), String(number));
  say(byId("estimate-unit"), number === 1 ? "execution" : "executions");
  say(byId("product"), KINDS.map((kind) => count(picked[kind].length, kind.slice(0, -1))).join(" × "));
  const one = picked.regions.length === 1 && picked.analysis;
  say(byId("note"), standard
    ? "Submission through the standard endpoint is switched on in the settings: this job will run, and will have no analysis."
    : one ? "With one region there is nothing to compare: the job runs, and its results say so." : "");
}

/** The first thing that is missing, with where to mend it. */
function missing(picked) {
  return KINDS.find((kind) => picked[kind].length === 0);
}

function tell(...content) {
  outcome.replaceChildren(...content);
}

async function prepared(picked) {
  const text = JSON.stringify([picked, settings()]);
  // Sent again as it was: should the first one have arrived after all, the runner answers with the same job.
  if (pending?.text === text && Date.now() - pending.made < FRESH) return pending.submission;
  const { submission } = await specs();
  pending = { text, made: Date.now(), submission: await submission(picked, settings().workflow) };
  return pending.submission;
}

async function send(event) {
  event.preventDefault();
  const picked = chosen();
  if (!loaded) {
    tell(h("p", { class: "problem" }, "The questions have not been loaded yet: the runner has to answer first."));
    return;
  }
  const lacking = missing(picked);
  for (const kind of KINDS) byId(kind).classList.toggle("lacking", picked[kind].length === 0);
  if (lacking) {
    tell(h("p", { class: "problem" }, `Choose at least one of the ${lacking}.`));
    byId(lacking).querySelector("input")?.focus();
    return;
  }
  const button = byId("send");
  button.disabled = true;
  say(button, "Submitting …");
  tell();
  try {
    const answer = await api.submit(await prepared(picked));
    forgetDraft();
    location.assign(`job.html?id=${encodeURIComponent(answer.id)}`);
  } catch (error) {
    tell(...problem(error));
    button.disabled = false;
    say(button, "Sign and submit");
    button.focus();
  }
}

function problem(error) {
  if (error instanceof api.Unreachable) {
    return [h("p", { class: "problem" }, `${error.message} Nothing is lost: submit again, and the job is made once.`)];
  }
  if (error instanceof CannotSign) return [h("p", { class: "problem" }, error.message)];
  if (!(error instanceof api.Refused)) {
    return [h("p", { class: "problem" }, `The job was not submitted: ${error.message}. Your choices are kept; reload the page and try again.`)];
  }
  pending = null; // a refused submission left nothing behind; the next one is a new one
  const again = error.retryAfter === null ? "" : ` Try again in ${error.retryAfter} s.`;
  const errors = error.code === "validation_error" ? error.body.details.errors : [];
  return [
    h("p", { class: "problem" }, `The runner refused this job: ${error.message}${again}`),
    errors.length > 0 && h("ul", { class: "small" }, errors.map((one) => h("li", {}, h("code", {}, one.pointer || "/"), ` ${one.message}`))),
    h("p", { class: "small muted" }, "Code ", h("code", {}, error.code)),
  ].filter(Boolean);
}

byId("analysis").disabled = standard;
if (standard) byId("analysis").checked = false;
form.addEventListener("change", () => {
  estimate();
  keepDraft();
});
form.addEventListener("submit", send);
restoreDraft();
estimate();
if (obstacle()) {
  byId("send").disabled = true;
  tell(h("p", { class: "problem" }, obstacle()));
}
idle(specs);
await follow(async () => {
  showQuestions(await api.questions());
  return null;
});
