// An analysis as sections: its level and summary, metrics, scores of regions, differences, risks.
import { heat, ring } from "./charts.js";
import { h } from "./dom.js";
import { badge, count, plain, region, REGIONS } from "./words.js";

const LEVELS = {
  "CRITICAL RISK": "The regions tell different stories: look at where an answer comes from.",
  "HIGH RISK": "The regions differ in ways that matter.",
  "MEDIUM RISK": "The regions differ in places.",
  "LOW RISK": "The regions answer alike.",
};

const SEVERITIES = ["critical", "high", "medium", "low"];

/** All sections of a `ready` page. */
export function analysisOf(answer, questions) {
  const { analysis } = answer;
  return [level(analysis), metrics(analysis), scores(answer.region_scores), differences(analysis.key_differences, questions), risks(analysis.risk_assessment)];
}

function section(id, title, ...content) {
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

function level(analysis) {
  const name = analysis.recommendation;
  const [opening, ...rest] = summary(analysis.summary);
  return h(
    "section",
    { class: "card level", "data-tone": name.toLowerCase().replace(" risk", ""), "aria-labelledby": "level" },
    h("p", { class: "muted small" }, "Overall"),
    h("h2", { id: "level" }, name),
    h("p", { class: "meaning" }, LEVELS[name] ?? ""),
    opening,
    rest.length > 0 && h("details", { id: "summary" }, h("summary", {}, h("span", {}, "The whole summary")), h("div", { class: "summary" }, rest)),
  );
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

function metrics(analysis) {
  return section(
    "metrics",
    "Metrics",
    h(
      "div",
      { class: "metrics" },
      ring("Bias variance", analysis.bias_variance, "How far bias spreads between answers"),
      ring("Censorship rate", analysis.censorship_rate, "Answers that are refusals"),
      ring("Factual consistency", analysis.factual_consistency, "What the answers have in common", true),
      ring("Narrative divergence", analysis.narrative_divergence, "How far they tell another story"),
    ),
  );
}

function scores(regions) {
  const columns = ["Bias", "Political sensitivity", "Factual accuracy", "Refusals"];
  const rows = Object.entries(regions).map(([code, score]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, region(code)),
      heat(score.bias_score, "heat", columns[0]),
      heat(score.political_sensitivity, "heat", columns[1]),
      heat(score.factual_accuracy, "cool", columns[2]),
      h("td", { "data-label": columns[3] }, badge(score.censorship_detected ? "refused" : "answered", score.censorship_detected ? "Yes" : "None")),
    ),
  );
  return section(
    "scores",
    "Regions",
    h("table", { class: "scores" }, h("caption", { class: "hidden" }, "Mean scores of each region, from 0 to 1"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Region"), columns.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows)),
  );
}

/** Question by question, each with its worst severity; the first is open. */
function differences(list, questions) {
  if (!list.length) return section("differences", "Key differences", h("p", { class: "muted" }, "None: no question was answered in ways that differ much."));
  const groups = Map.groupBy(list, (one) => one.question_id);
  const parts = [...groups].map(([id, group], index) => {
    const worst = SEVERITIES.find((severity) => group.some((one) => one.severity === severity)) ?? group[0].severity;
    return h(
      "details",
      { open: index === 0 },
      h("summary", {}, h("span", {}, questions.get(id) ?? plain(id)), badge(worst, `${count(group.length, "difference")}, ${worst}`)),
      h("ul", { class: "rows" }, group.map(difference)),
    );
  });
  return section("differences", "Key differences", parts);
}

function difference(one) {
  const said = Object.entries(one.variations).map(([name, text]) => h("li", {}, variation(name, text)));
  return h("li", {}, badge(one.severity), h("strong", {}, plain(one.dimension)), h("div", {}, h("p", {}, one.description), h("ul", { class: "tags" }, said)));
}

/** Numbered variations name their regions themselves; the others are named by a region or by a side. */
function variation(name, text) {
  if (/_\d+$/.test(name)) return text;
  return `${REGIONS[name] ?? plain(name)}: ${text}`;
}

function risks(list) {
  if (!list.length) return section("risks", "Risks", h("p", { class: "muted" }, "None were found."));
  const items = list.map((one) =>
    h(
      "li",
      {},
      badge(one.severity),
      h("strong", {}, plain(one.type)),
      h(
        "div",
        {},
        h("p", {}, one.description),
        h("p", { class: "muted small" }, `${one.regions.map(region).join(", ")} · confidence ${Math.round(one.confidence * 100)}%`),
      ),
    ),
  );
  return section("risks", "Risks", h("ul", { class: "rows" }, items));
}
