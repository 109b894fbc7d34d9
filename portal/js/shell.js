// What every page has: the settings dialog, and the notice that the runner does not answer.
import { byId, h, say } from "./dom.js";
import { change, reset, runnerAddress, settings, THEMES, WORKFLOWS } from "./settings.js";

const WORKFLOW_TEXTS = {
  "cross-region": ["Cross-region", "Jobs get their bias analysis"],
  standard: ["Standard", "Jobs run as before the fix, without an analysis"],
};
const THEME_TEXTS = { system: "As the system", light: "Light", dark: "Dark" };

byId("open-settings").addEventListener("click", () => openSettings());

function openSettings() {
  const { runner, workflow, theme } = settings();
  const address = h("input", { id: "runner-address", type: "url", value: runner, autocomplete: "off", spellcheck: "false", "aria-describedby": "runner-problem" });
  const problem = h("p", { id: "runner-problem", class: "problem", role: "alert" });
  const dialog = h(
    "dialog",
    { "aria-labelledby": "settings-title", class: "card" },
    h(
      "form",
      { method: "dialog", novalidate: true },
      h("h2", { id: "settings-title" }, "Settings"),
      h("label", { for: "runner-address" }, "Runner"),
      address,
      problem,
      options("workflow", "Submit through", WORKFLOWS, workflow, (value) => WORKFLOW_TEXTS[value]),
      options("theme", "Appearance", THEMES, theme, (value) => [THEME_TEXTS[value]]),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => (reset(), reload()) }, "Reset to defaults"), h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"), h("button", { class: "primary" }, "Save")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = new FormData(event.target);
    const given = runnerAddress(address.value.trim());
    const wrong = given === null ? "Give the runner's address, as http://host:port." : await refusal(given, address.value.trim());
    address.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (wrong) {
      say(problem, wrong);
      address.focus();
      return;
    }
    change({ runner: given === location.origin ? undefined : given, workflow: chosen.get("workflow"), theme: chosen.get("theme") });
    reload();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function reload() {
  const here = new URL(location.href); // without what would set the old values again
  here.searchParams.delete("runner");
  here.searchParams.delete("workflow");
  location.replace(here);
}

let doubted = ""; // an address that did not answer; it is saved when it is given once more

/** Why an address should not be saved, or nothing: a runner answers there, or it was given twice. */
async function refusal(runner, text) {
  if (doubted === text || runner === settings().runner) return "";
  const problem = await tried(runner);
  if (problem) doubted = text;
  return problem && `${problem} Save again to use it all the same.`;
}

async function tried(runner) {
  try {
    const response = await fetch(`${runner}/health/live`, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    const type = response.headers.get("Content-Type") ?? "";
    return response.ok && type.startsWith("application/json") ? "" : `What answers at ${runner} is not a runner.`;
  } catch {
    return `No runner answers at ${runner}.`;
  }
}

function options(name, title, values, chosen, texts) {
  const rows = values.map((value) => {
    const [text, note] = texts(value);
    return h(
      "li",
      { class: "choice" },
      h("input", { type: "radio", name, value, id: `${name}-${value}`, checked: value === chosen }),
      h("label", { for: `${name}-${value}` }, text, note && h("small", {}, note)),
    );
  });
  return h("fieldset", {}, h("legend", {}, title), h("ul", { class: "choices" }, rows));
}

const notice = h("section", { class: "notice", "aria-label": "Connection to the runner", hidden: true });
const words = h("p", { role: "alert" });
const again = h("p", { class: "small" });
const button = h("button", { type: "button" }, "Try now");
notice.append(h("div", {}, words, again), button);
document.body.append(notice);

/** Says that the runner does not answer; resolves after so many seconds, or when a person asks for it now. */
export function lost(message, seconds) {
  notice.hidden = false;
  document.body.dataset.connection = "lost";
  say(words, message);
  return new Promise((resume) => {
    let left = Math.max(1, Math.ceil(seconds));
    const tell = () => say(again, `Trying again in ${left} s.`);
    const end = () => {
      clearInterval(ticking);
      button.removeEventListener("click", end);
      say(again, "Trying again …");
      resume();
    };
    const ticking = setInterval(() => {
      left -= 1;
      if (left > 0) tell();
      else end();
    }, 1000);
    tell();
    button.addEventListener("click", end);
  });
}

/** Takes the notice back. */
export function found() {
  if (notice.hidden) return;
  notice.hidden = true;
  delete document.body.dataset.connection;
  say(words, "");
}
