// How codes of the contract read for people. A code that is not known here is shown as it is.
import { h } from "./dom.js";

export const REGIONS = { US: "United States", EU: "Europe", ASIA: "Asia Pacific" };
export const MODELS = { "llama3.2-1b": "Llama 3.2", "mistral-7b": "Mistral", "qwen2.5-1.5b": "Qwen 2.5" };
export const CATEGORIES = {
  bias_detection: "Bias detection",
  cultural_perspective: "Cultural perspective",
  control_questions: "Control questions",
};

const STANCE = "political_stance_";

export const region = (code) => REGIONS[code] ?? code;
export const model = (id) => MODELS[id] ?? id;

/** `factual_accuracy` as "Factual accuracy". */
export function plain(code) {
  const text = code.startsWith(STANCE) ? `political stance on ${code.slice(STANCE.length)}` : code;
  return (text[0] ?? "").toUpperCase() + text.slice(1).replaceAll("_", " ");
}

/** A pill in the colour of a status, a severity or a level. */
export function badge(code, text = plain(code)) {
  return h("span", { class: "badge", "data-tone": code.toLowerCase().replace(" risk", "") }, text);
}

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** A time as people write it here, machine-readable besides. */
export function moment(text) {
  const at = new Date(text);
  const shown = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return h("time", { datetime: text }, shown);
}
