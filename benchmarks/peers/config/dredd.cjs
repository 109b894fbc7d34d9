// Hooks for Dredd: fresh ids, the ids that were answered put into the paths that follow, and nothing expected that one
// request by itself cannot bring about.
const hooks = require("hooks");

const UNPROVOKED = new Set(["409", "413", "415", "422", "429", "503"]);
const REGIONS = ["US", "EU", "ASIA"];
const PAUSE_MS = 1000; // a job that was just accepted has this long to end before it is read
const known = { job: "none", run: "none", execution: "1" };
const missing = { job: "no-such-job", run: "00000000-0000-4000-8000-000000000000", execution: "999999999" };
const malformed = { job: "none", run: "no-uuid", execution: "no-number" };
const fresh = `dredd-${process.pid}`;

hooks.beforeEach((transaction, done) => {
  const { request } = transaction;
  const status = String(transaction.expected.statusCode);
  const submission = request.method === "POST" && /\/jobs(\/cross-region)?$/.test(request.uri);
  if (UNPROVOKED.has(status) || (submission && status === "200")) transaction.skip = true;
  delete request.headers["Idempotency-Key"];
  if (submission) request.body = JSON.stringify(body(JSON.parse(request.body), status));
  const ids = { 400: malformed, 404: missing }[status] || known;
  let path = transaction.fullPath
    .replace(/(\/jobs\/)(?!cross-region)[^/?]+/, `$1${ids.job}`)
    .replace(/(\/executions\/)[0-9a-f-]{36}/, `$1${ids.run}`)
    .replace(/(\/executions\/)\d+(\/details)/, `$1${ids.execution}$2`);
  if (status === "400") path = path.replace(/limit=\d+/, "limit=0");
  transaction.fullPath = path;
  done();
});

function body(sent, status) {
  const spec = sent.job_spec || sent.jobspec || sent;
  for (const member of ["jobspec_id", "signature", "public_key"]) delete spec[member];
  spec.id = `${fresh}-${sent === spec ? "a" : "b"}`;
  spec.constraints.regions = REGIONS;
  if (sent !== spec) sent.target_regions = REGIONS;
  if (status === "400") (sent === spec ? spec.constraints : sent).min_regions = -1;
  return sent;
}

hooks.afterEach((transaction, done) => {
  const { request, real, skip } = transaction;
  if (real && real.statusCode < 300 && real.body.startsWith("{")) {
    const answer = JSON.parse(real.body);
    if (answer.cross_region_execution_id && answer.jobspec_id) {
      known.job = answer.id;
      known.run = answer.cross_region_execution_id;
    }
    if (Array.isArray(answer.executions) && answer.executions.length) known.execution = answer.executions[0].id;
  }
  setTimeout(done, request.method === "POST" && !skip ? PAUSE_MS : 0);
});
