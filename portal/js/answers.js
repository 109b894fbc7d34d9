// The answers to each question, region beside region, with the words marked in which two of them differ.
import { changes } from "./changes.js";
import { asked, failing } from "./executions.js";
import { badge, breath, brief, h, model, plain, region } from "./page.js";
import { LONG, passage } from "./passage.js";

const AT_ONCE = 4; // models whose answers are shown before the browser may do something else
const NOTHING_SHARED = 0.15; // below this share of words, marks would cover everything

/**
 * `{element, open, begin}`: a section with a part for each question, built when it is opened; `begin` builds the one that
 * is open at first, a few answers at a time, for which the section has to be on the page.
 *
 * @param address a function from a place (question, model, region, region compared with) to its permanent address.
 */
export function answers(view, questions, address) {
  const { regions, models, questions: ids } = asked(view);
  const parts = new Map();
  for (const [index, id] of ids.entries()) {
    const part = h("details", { open: index === 0, "data-question": id }, h("summary", {}, h("span", {}, questions.get(id) ?? plain(id))));
    const rest = [...models];
    const fill = (number = rest.length) => part.append(...rest.splice(0, number).map((name) => side(view, id, name, regions, address)));
    const fillSlowly = async () => {
      while (part.open && rest.length) {
        fill(AT_ONCE);
        await breath();
      }
    };
    part.addEventListener("toggle", () => part.isConnected && fillSlowly());
    parts.set(id, { part, fill, fillSlowly });
  }
  const element = h("section", { class: "card", "aria-labelledby": "answers" }, h("h2", { id: "answers" }, "Answers side by side"), [...parts.values()].map(({ part }) => part));
  addEventListener("beforeprint", () => parts.forEach(({ part, fill }) => ((part.open = true), fill())));
  return { element, open: (...place) => open(parts, ...place), begin: () => [...parts.values()].forEach(({ fillSlowly }) => fillSlowly()) };
}

/**
 * Opens the answers to a question, from one model, compared with those of a region, and goes to that of another; false
 * where there are none.
 */
function open(parts, id, name, code, reference) {
  const entry = parts.get(id);
  if (!entry) return false;
  entry.part.open = true;
  entry.fill();
  const place = entry.part.querySelector(`[data-model="${CSS.escape(name)}"]`);
  const choice = place?.querySelector("select");
  if (reference && choice && choice.value !== reference) {
    choice.value = reference;
    choice.dispatchEvent(new Event("change"));
  }
  const article = place?.querySelector(`[data-region="${CSS.escape(code)}"]`);
  (place ?? entry.part).scrollIntoView({ block: "start" });
  article?.focus({ preventScroll: true });
  return Boolean(article);
}

function side(view, question, id, regions, address) {
  const own = view.executions.filter((one) => one.model_id === id && one.question_id === question);
  const of = (code) => own.find((one) => one.region === code);
  const answered = regions.filter((code) => of(code)?.status === "completed");
  let [reference] = answered;
  const articles = new Map(regions.map((code) => [code, answer(code, of(code), () => address(question, id, code, reference))]));
  const place = h("div", { class: "model", "data-model": id });
  const marked = (code) => {
    reference = code;
    mark(articles, answered, of, reference);
  };
  place.append(h("div", { class: "heading" }, h("h3", {}, model(id)), answered.length > 1 && against(answered, marked)), h("div", { class: "sides" }, [...articles.values()].map(({ element }) => element)));
  if (answered.length > 1) marked(reference);
  return place;
}

function against(answered, marked) {
  const choice = h("select", { onchange: () => marked(choice.value) }, answered.map((code) => h("option", { value: code }, region(code))));
  return h("label", { class: "small muted" }, "Mark differences from ", choice);
}

/** Marks the words of the other answers that the reference lacks, and says how much they share. */
function mark(articles, answered, of, reference) {
  for (const code of answered) {
    const { text, note } = articles.get(code);
    const given = of(code).output.response;
    const compared = code === reference ? null : changes(of(reference).output.response, given);
    const few = compared && compared.share < NOTHING_SHARED;
    const pieces = compared && !few ? compared.sides[1] : [{ text: given, other: false }];
    if (given.length <= LONG) text.replaceChildren(...pieces.map((piece) => (piece.other ? h("mark", {}, piece.text) : piece.text)));
    note.textContent = sharing(code, reference, compared, few);
  }
}

function sharing(code, reference, compared, few) {
  if (code === reference) return "The others are compared with this answer.";
  if (!compared) return "Too long to compare word by word.";
  if (compared.share === 1) return `Word for word the same as ${region(reference)}.`;
  const share = `${Math.min(99, Math.round(100 * compared.share))}%`;
  return few ? `Shares almost no words with ${region(reference)} (${share}).` : `Shares ${share} of its words, in order, with ${region(reference)}; the others are marked.`;
}

function answer(code, execution, link) {
  const name = region(code);
  const note = h("p", { class: "muted small" });
  const given = execution?.status === "completed" ? passage(execution.output.response, `Answer from ${name}`) : null;
  const title = h("h4", {}, name, execution && badgeOf(execution));
  const element = h("article", { "aria-label": name, "data-region": code, tabindex: "-1" }, title, given ? [given.element, note, tools(execution.output.response, link, given.more)] : reason(execution));
  return { element, text: given?.element, note };
}

function badgeOf(execution) {
  if (execution.status !== "completed") return badge(execution.status);
  return execution.is_content_refusal ? badge("refused") : badge("answered");
}

function reason(execution) {
  return h("p", { class: "muted" }, !execution ? "Not run." : failing(execution) ? brief(execution.output.error) : "No answer.");
}

function tools(given, link, more) {
  const copy = h("button", { type: "button", class: "quiet small", onclick: () => copied(copy, given) }, "Copy");
  const linked = h("button", { type: "button", class: "quiet small", onclick: () => copied(linked, link()) }, "Copy link");
  return h("p", { class: "tools" }, copy, linked, more);
}

async function copied(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied: this browser does not allow it";
  }
}
