// The answers to each question, region beside region.
import { h } from "./dom.js";
import { asked } from "./progress.js";
import { badge, model, plain, region } from "./words.js";

/** A section with one part for each question; what is closed is built when it is opened. */
export function answers(view, questions) {
  const { regions, models, questions: ids } = asked(view);
  const parts = ids.map((id, index) => {
    const part = h("details", { open: index === 0 }, h("summary", {}, h("span", {}, questions.get(id) ?? plain(id))));
    const fill = () => {
      if (part.open && part.childElementCount === 1) part.append(...models.map((one) => side(view, id, one, regions)));
    };
    part.addEventListener("toggle", fill);
    fill();
    return part;
  });
  return h("section", { class: "card", "aria-labelledby": "answers" }, h("h2", { id: "answers" }, "Answers side by side"), parts);
}

function side(view, question, id, regions) {
  const of = (code) => view.executions.find((one) => one.region === code && one.model_id === id && one.question_id === question);
  return h("div", {}, h("h3", {}, model(id)), h("div", { class: "sides" }, regions.map((code) => answer(code, of(code)))));
}

function answer(code, execution) {
  const name = region(code);
  if (!execution) return h("article", { "aria-label": name }, h("h4", {}, name), h("p", { class: "muted" }, "Was not asked."));
  return h("article", { "aria-label": name }, h("h4", {}, name, " ", mark(execution)), body(execution, name));
}

function mark(execution) {
  if (execution.status !== "completed") return badge(execution.status);
  return execution.is_content_refusal ? badge("refused") : badge("answered");
}

function body(execution, name) {
  if (execution.status === "completed") return h("p", { class: "answer", tabindex: "0", role: "group", "aria-label": `Answer from ${name}` }, execution.output.response);
  if (execution.status === "failed" || execution.status === "timeout") return h("p", { class: "muted" }, execution.output.error);
  return h("p", { class: "muted" }, "No answer.");
}
