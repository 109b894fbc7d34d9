// The first thing on a page of results: the level, what is missing, and how much differs.
import { asked, gaps } from "./cells.js";
import { h } from "./dom.js";
import { count, MEANINGS, model, readable, region } from "./words.js";

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
    h("p", { class: "meaning" }, differing(view, analysis)),
    h("p", { class: "muted" }, scope(view)),
    h("details", { id: "summary" }, h("summary", {}, h("span", {}, "Full summary")), h("div", { class: "summary" }, h("p", { class: "muted" }, `${name}: ${MEANINGS.level[name] ?? ""}`), opening, rest)),
  );
}

function missingParts(view) {
  const about = asked(view);
  const found = gaps(about, view.executions);
  if (!found.length) return null;
  const silent = found.filter((gap) => gap.kind === "silent").length;
  const rows = found.map((gap) => h("li", { "data-gap": gap.kind, "data-region": gap.region, "data-model": gap.model }, sentence(gap)));
  const compared = silent > 0 && h("li", {}, `${silent === about.regions.length ? "No region answered" : `Compared ${about.regions.length - silent} of ${count(about.regions.length, "region")}`}.`);
  return h("ul", { class: "gaps" }, rows, compared);
}

const ALL = { 1: "its only question", 2: "both questions" };

function sentence({ kind, region: code, model: id, total, failed, refused }) {
  const where = region(code);
  if (kind === "silent") {
    if (!total) return `${where} was not asked.`;
    return `${where} did not answer: ${failed} of ${total} failed${failed < total ? `, ${total - failed} did not run` : ""}.`;
  }
  if (refused === total) return `${model(id)} refused ${ALL[total] ?? `all ${total} questions`} in ${where}.`;
  return `${model(id)} refused ${refused} of ${total} questions in ${where}, and answered none.`;
}

function differing(view, analysis) {
  const total = asked(view).questions.length;
  const number = new Set(analysis.key_differences.map((one) => one.question_id)).size;
  if (!number) return `No key differences in ${count(total, "question")}.`;
  return `Answers differ in ${number} of ${count(total, "question")}.`;
}

function scope(view) {
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
