// What this browser was told and can do: which runner to talk to, through which workflow to submit, and signing.
//
// `?runner=http://host:port` and `?workflow=standard|cross-region` set the same for this tab, until it is closed.

const KEY = "beacon:settings";

/** This browser cannot sign; the message says what would help. */
export class CannotSign extends Error {}

/** Why this page cannot sign and what helps, or null: browsers offer cryptography to secure pages alone. */
export function obstacle() {
  if (globalThis.isSecureContext && globalThis.crypto?.subtle) return null;
  return "This page cannot sign jobs: browsers sign only on https pages and on localhost. Open the portal there.";
}

/** What storage has under a key, as an object; empty where storage is closed or holds something else. */
export function kept(storage, key) {
  try {
    const value = JSON.parse(globalThis[storage].getItem(key) ?? "{}");
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

/** Keeps an object in storage, or with null nothing; where storage is closed it is lost with the page. */
export function keep(storage, key, value) {
  try {
    if (value === null) globalThis[storage].removeItem(key);
    else globalThis[storage].setItem(key, JSON.stringify(value));
  } catch {
    // The page itself still has it.
  }
}

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

function asked() {
  const query = new URLSearchParams(location.search);
  const found = {};
  if (query.has("runner")) found.runner = runnerAddress(query.get("runner")) ?? undefined;
  if (WORKFLOWS.includes(query.get("workflow"))) found.workflow = query.get("workflow");
  return found;
}

let own = { ...kept("sessionStorage", KEY), ...asked() }; // of this tab
let current = { ...kept("localStorage", KEY), ...own };
if (Object.keys(own).length) keep("sessionStorage", KEY, own);

/** The settings that hold, with their defaults: the runner is the server of this page. */
export function settings() {
  return {
    runner: runnerAddress(current.runner ?? "") ?? location.origin,
    workflow: WORKFLOWS.includes(current.workflow) ? current.workflow : WORKFLOWS[0],
    theme: THEMES.includes(current.theme) ? current.theme : THEMES[0],
  };
}

/**
 * Changes these settings for good, and leaves the others as they are now in the browser: another tab may have changed
 * them. What a link asked of this tab about these ends with it.
 */
export function change(parts) {
  own = Object.fromEntries(Object.entries(own).filter(([name]) => !(name in parts)));
  keep("sessionStorage", KEY, Object.keys(own).length ? own : null);
  const all = { ...kept("localStorage", KEY), ...parts };
  keep("localStorage", KEY, all);
  current = { ...all, ...own };
}

/** Takes every setting back to its default. */
export function reset() {
  change({ runner: undefined, workflow: undefined, theme: undefined });
}

/** A page goes on as it began when another tab changes the settings; only its appearance follows. */
addEventListener("storage", ({ key }) => {
  if (key !== KEY && key !== null) return;
  const { theme } = kept("localStorage", KEY);
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
});
