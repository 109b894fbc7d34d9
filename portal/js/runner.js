// The runner as this browser reaches it: what was chosen here, every call that the portal makes, the three ways in which one
// can go wrong, and asking again. One file, as no page can do anything before all of it is there.
import { found, lost } from "./page.js";

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
  const chosen = {};
  if (query.has("runner")) chosen.runner = runnerAddress(query.get("runner")) ?? undefined;
  if (WORKFLOWS.includes(query.get("workflow"))) chosen.workflow = query.get("workflow");
  return chosen;
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

// Calls.

const PATIENCE = 20_000; // milliseconds for one answer

/** The runner refused, or has not got what was asked for; its own words and code say why. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body.error);
    this.status = status;
    this.code = body.error_code;
    this.body = body;
    this.retryAfter = retryAfter; // seconds, or null
  }
}

/** Nothing answered, or what answered is no runner, or it cannot work just now; asking again may help. */
export class Unreachable extends Error {
  constructor(message, retryAfter = null) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Loads parts of the portal that are not needed at first; what is Unreachable is tried again. */
export async function parts(...imports) {
  try {
    return await Promise.all(imports);
  } catch {
    throw new Unreachable("A part of this page could not be loaded.");
  }
}

async function sent(method, path, { body, headers = {} } = {}) {
  const { runner } = settings();
  try {
    return await fetch(runner + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Unreachable(`The runner at ${runner} cannot be reached.`);
  }
}

async function call(method, path, options) {
  const { runner } = settings();
  const response = await sent(method, path, options);
  if (!(response.headers.get("Content-Type") ?? "").startsWith("application/json")) {
    throw new Unreachable(`What answers at ${runner} is not a runner; its address is in the settings.`);
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Unreachable(`The answer of the runner at ${runner} broke off.`);
  }
  if (response.ok) return answer;
  const retryAfter = seconds(response.headers.get("Retry-After"));
  if (response.status >= 500) throw new Unreachable(`The runner cannot work now: ${answer.error}`, retryAfter);
  throw new Refused(response.status, answer, retryAfter);
}

function seconds(text) {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) ? null : value;
}

/** How many executions a choice makes. */
export const executions = ({ regions, models, questions }) => regions.length * models.length * questions.length;

const jobPath = (id) => `/api/v1/jobs/${encodeURIComponent(id)}`;

export const questions = () => call("GET", "/api/v1/questions");

/** A page of jobs; `filters` may have `q`, `status`, `workflow`, `from` and `to`. */
export const jobs = (limit, offset, filters = {}) => call("GET", `/api/v1/jobs?${new URLSearchParams({ limit, offset, ...filters })}`);

const analysisPath = (id) => `/api/v2/jobs/${encodeURIComponent(id)}/bias-analysis`;

export const analysis = (id) => call("GET", analysisPath(id));

/** Sends what `spec.js` made. The key makes sending it again harmless. */
export const submit = ({ path, body, key }) => call("POST", path, { body, headers: { "Idempotency-Key": key } });

const PAGE = 200; // the most executions that one answer has

const viewPath = (id, offset) => `${jobPath(id)}?include=executions&exec_limit=${PAGE}&exec_offset=${offset}`;

/** A job with all of its executions, page by page. */
export async function job(id) {
  const page = (offset) => call("GET", viewPath(id, offset));
  const view = await page(0);
  const offsets = [];
  for (let offset = PAGE; offset < view.executions_total; offset += PAGE) offsets.push(offset);
  const others = await Promise.all(offsets.map(page));
  return { spec: view.job, status: view.status, executions: [view, ...others].flatMap((part) => [...part.executions]) };
}

/** The address of a job as the runner sends it. */
export const viewUrl = (id) => `${settings().runner}${viewPath(id, 0)}`;

export const cancel = (id) => call("POST", `${jobPath(id)}/cancel`);

/** The JobSpec of a job, which is passed on as a whole. */
export async function storedSpec(id) {
  const { job, error } = JSON.parse(await text(viewPath(id, 0)));
  if (!job) throw new Unreachable(`The runner did not give the job: ${error}`);
  return job;
}

/** A job, all of its executions and its analysis as one JSON text, each as the runner sends it. */
export async function raw(id) {
  const [job, executions, analysed] = await Promise.all([viewPath(id, 0), `${jobPath(id)}/executions/all`, analysisPath(id)].map(text));
  return `{"view": ${job},\n"executions": ${executions},\n"analysis": ${analysed}}\n`;
}

async function text(path) {
  const response = await sent("GET", path);
  if (response.status >= 500) throw new Unreachable(`the runner answered ${response.status}; try again`);
  return response.text();
}

// Asking again and again until there is nothing more to learn, through every failure of the network.

const LONGEST = 15; // seconds between two tries

/**
 * Calls `read` until it returns null. A number that it returns is the seconds to wait before the next call.
 * What is Unreachable is said and tried again; any other error is the caller's.
 */
export async function follow(read) {
  for (let failures = 0; ; ) {
    await visible();
    let pause;
    try {
      pause = await read();
      found();
      failures = 0;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      pause = error.retryAfter ?? Math.min(2 ** failures, LONGEST);
      failures += 1;
      await lost(error.message, pause);
      continue;
    }
    if (pause === null) return;
    await new Promise((resume) => setTimeout(resume, pause * 1000));
  }
}

/** A page that nobody sees asks for nothing. */
function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
}
