// The runner as this browser reaches it: what was chosen here, every call that the portal makes, the three ways in which one
// can go wrong, and asking again. One file, as no page can do anything before all of it is there.
import { found, lost } from "./page.js";

// What this browser was told and can do: which runner to talk to, through which workflow to submit, and signing.

const { request, paths, list, EXECUTIONS, JOBS } = globalThis.beacon;
export const { kept, keep, runnerAddress, settings, change, WORKFLOWS, THEMES } = globalThis.beacon;
export { JOBS, list };

/** This browser cannot sign; the message says what would help. */
export class CannotSign extends Error {}

/** Why this page cannot sign and what helps, or null: browsers offer cryptography to secure pages alone. */
export function obstacle() {
  if (globalThis.isSecureContext && globalThis.crypto?.subtle) return null;
  return "This page cannot sign jobs: browsers sign only on https pages and on localhost. Open the portal there.";
}

/** Takes every setting back to its default. */
export function reset() {
  change({ runner: undefined, workflow: undefined, theme: undefined });
}

// Calls.

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

async function sent(path, options) {
  try {
    return await request(path, options);
  } catch {
    throw new Unreachable(`The runner at ${settings().runner} cannot be reached.`);
  }
}

async function call(path, options) {
  const { runner } = settings();
  const response = await sent(path, options);
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

export const questions = () => call(paths.questions());

/** The page of the list of jobs that this page's address asks for. */
export const jobs = () => call(paths.jobs());

export const analysis = (id) => call(paths.analysis(id));

/** Sends what `spec.js` made. The key makes sending it again harmless. */
export const submit = ({ path, body, key }) =>
  call(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "Idempotency-Key": key } });

/** A job with all of its executions, page by page. */
export async function job(id) {
  const page = (offset) => call(paths.view(id, offset));
  const view = await page(0);
  const offsets = [];
  for (let offset = EXECUTIONS; offset < view.executions_total; offset += EXECUTIONS) offsets.push(offset);
  const others = await Promise.all(offsets.map(page));
  return { spec: view.job, status: view.status, executions: [view, ...others].flatMap((part) => [...part.executions]) };
}

/** The address of a job as the runner sends it. */
export const viewUrl = (id) => `${settings().runner}${paths.view(id)}`;

export const cancel = (id) => call(`${paths.job(id)}/cancel`, { method: "POST" });

/** The JobSpec of a job, which is passed on as a whole. */
export async function storedSpec(id) {
  const { job, error } = JSON.parse(await text(paths.view(id)));
  if (!job) throw new Unreachable(`The runner did not give the job: ${error}`);
  return job;
}

/** A job, all of its executions and its analysis as one JSON text, each as the runner sends it. */
export async function raw(id) {
  const [job, executions, analysed] = await Promise.all([paths.view(id), `${paths.job(id)}/executions/all`, paths.analysis(id)].map(text));
  return `{"view": ${job},\n"executions": ${executions},\n"analysis": ${analysed}}\n`;
}

async function text(path) {
  const response = await sent(path);
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
