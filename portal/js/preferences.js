// The settings dialog.
import { keySettings } from "./keys.js";
import { h, say } from "./page.js";
import { change, reset, runnerAddress, settings, THEMES, WORKFLOWS } from "./runner.js";

const WORKFLOW_TEXTS = {
  "cross-region": ["Cross-region", "Jobs get their bias analysis"],
  standard: ["Standard", "Jobs run as before the fix, without an analysis"],
};
const THEME_TEXTS = { system: "System", light: "Light", dark: "Dark" };

/** Opens the settings. */
export function openSettings() {
  const before = settings();
  const { runner, workflow, theme } = before;
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
      keySettings(),
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
    const now = { runner: given, workflow: chosen.get("workflow"), theme: chosen.get("theme") };
    const changed = Object.entries(now).filter(([name, value]) => value !== before[name]);
    change(Object.fromEntries(changed.map(([name, value]) => [name, name === "runner" && value === location.origin ? undefined : value])));
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
