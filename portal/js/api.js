// Every call that the portal makes, and the three ways in which one can go wrong.
import { settings } from "./settings.js";

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
