// Dialogs: one that is read and closed, and one that asks before something is done.
import { h, say } from "./page.js";

/** Opens a dialog; it leaves the page when it closes. */
export function open(title, content, buttons, wide = false) {
  const dialog = h(
    "dialog",
    { class: wide ? "card wide-dialog" : "card", "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    h("h2", { id: "dialog-title" }, title),
    content,
    h("div", { class: "actions" }, buttons),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before `act` is done; where it fails, the dialog stays and gives the reason. */
export function ask(title, content, [no, yes], act) {
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { type: "button", class: "primary" }, yes);
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(problem, "");
    try {
      await act();
      dialog.close();
    } catch (error) {
      say(problem, `Not done: ${error.message}`);
      button.disabled = false;
      button.focus();
    }
  });
  const back = h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, no);
  const dialog = open(title, [content, problem], [back, button]);
}
