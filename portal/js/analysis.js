// An analysis as sections: metrics, scores of regions, differences, risks.
import { bar, heat } from "./charts.js";
import { badge, count, h, plain, readable, region, REGIONS } from "./page.js";
import { settings } from "./runner.js";

const SEVERITIES = ["critical", "high", "medium", "low"];

// The thresholds are the contract's: from here on a metric alone makes the level or the conclusion one of high risk.
const METRICS = [
  { name: "bias_variance", title: "Bias variance", meaning: "How far the bias scores of the answers lie apart.", threshold: 0.6, good: "low" },
  { name: "censorship_rate", title: "Censorship rate", meaning: "The share of answers that were withheld or refused.", threshold: 0.5, good: "low" },
  { name: "factual_consistency", title: "Factual consistency", meaning: "The share of words that answers to a question have in common.", threshold: 0.3, good: "high" },
  { name: "narrative_divergence", title: "Narrative divergence", meaning: "The share of words that they do not have in common.", threshold: 0.7, good: "low" },
];

/** The sections below the headline and the matrix. */
export function analysisOf(answer, questions) {
  const { analysis } = answer;
  return [metrics(analysis), scores(answer.region_scores), differences(analysis.key_differences, questions), risks(analysis.risk_assessment, questions)];
}

function section(id, title, ...content) {
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

function metrics(analysis) {
  const formula = h("a", { href: `${settings().runner}/openapi.yaml` }, "The formulas are in the published contract");
  return section("metrics", "Metrics", h("dl", { class: "metrics" }, METRICS.map(({ name, ...about }) => bar({ ...about, value: analysis[name] }))), h("p", { class: "muted small" }, formula, ", section Analysis."));
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
  if (!list.length) return section("differences", "Key differences", h("p", { class: "muted" }, "None were found."));
  const groups = Map.groupBy(list, (one) => one.question_id);
  const parts = [...groups].map(([id, group], index) => {
    const worst = SEVERITIES.find((severity) => group.some((one) => one.severity === severity)) ?? group[0].severity;
    return h(
      "details",
      { open: index === 0 },
      h("summary", {}, h("span", {}, questions.get(id) ?? plain(id)), badge(worst, `${count(group.length, "difference")}, ${worst}`)),
      h("ul", { class: "rows" }, group.map((one) => difference(one, questions))),
    );
  });
  return section("differences", "Key differences", parts);
}

function difference(one, questions) {
  const said = Object.entries(one.variations).map(([name, text]) => h("li", {}, variation(name, text)));
  return h("li", {}, badge(one.severity), h("strong", {}, plain(one.dimension)), h("div", {}, h("p", {}, readable(one.description, questions)), h("ul", { class: "tags" }, said)));
}

/** Numbered variations name their regions themselves; the others are named by a region or by a side. */
function variation(name, text) {
  const said = readable(text, new Map());
  return /_\d+$/.test(name) ? said : `${REGIONS[name] ?? plain(name)}: ${said}`;
}

function risks(list, questions) {
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
        h("p", {}, readable(one.description, questions)),
        h("p", { class: "muted small" }, `${one.regions.map(region).join(", ")} · confidence ${Math.round(one.confidence * 100)}%`),
      ),
    ),
  );
  return section("risks", "Risks", h("ul", { class: "rows" }, items));
}
