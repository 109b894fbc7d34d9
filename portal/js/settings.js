// What this browser was told: which runner to talk to, and through which workflow to submit.
//
// `?runner=http://host:port` and `?workflow=standard|cross-region` set the same as the dialog does, for good.

const KEY = "beacon:settings";

export const WORKFLOWS = ["cross-region", "standard"];
export const THEMES = ["system", "light", "dark"];

/** The address of a runner without a trailing slash, or null where the text is none. */
export function runnerAddress(text) {
  try {
    const url = new URL(text);
    if (!["http:", "https:"].includes(url.protocol)) return null;
    return (url.origin + url.pathname).replace(/\/+$/, "");
  } catch {
    return null;
  }
}

function stored() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

function asked() {
  const query = new URLSearchParams(location.search);
  const found = {};
  if (query.has("runner")) found.runner = runnerAddress(query.get("runner")) ?? undefined;
  if (WORKFLOWS.includes(query.get("workflow"))) found.workflow = query.get("workflow");
  return found;
}

let current = { ...stored(), ...asked() };

/** The settings that hold, with their defaults: the runner is the server of this page. */
export function settings() {
  return {
    runner: runnerAddress(current.runner ?? "") ?? location.origin,
    workflow: WORKFLOWS.includes(current.workflow) ? current.workflow : WORKFLOWS[0],
    theme: THEMES.includes(current.theme) ? current.theme : THEMES[0],
  };
}

/** Changes some settings and keeps them; where storage is closed they hold for this page alone. */
export function change(parts) {
  current = { ...current, ...parts };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Nothing to do: `current` has them.
  }
}

if (Object.keys(asked()).length) change({});
