// A text of a model: shown as text, whatever is in it.
import { h } from "./page.js";

export const LONG = 20_000; // characters; of a longer text only the beginning is shown at first

/** `{element, more}`: a box with the text, and a button that shows all of a long one. */
export function passage(text, label) {
  const element = h("p", { class: "answer", tabindex: "0", role: "group", "aria-label": label, dir: "auto" }, text.slice(0, LONG));
  const showAll = () => {
    element.textContent = text;
    more.remove();
    element.focus();
  };
  const more = text.length > LONG && h("button", { type: "button", class: "quiet small", onclick: showAll }, `Show all ${text.length.toLocaleString()} characters`);
  return { element, more };
}
