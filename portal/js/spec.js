// The one place where a submission is made. One region or three: the same path, the same wrapper.
import { canonical } from "./canonical.js";
import { CannotSign, executions, obstacle } from "./runner.js";
import { signed } from "./signing.js";

const MIN_SUCCESS_RATE = 0.67;
const TIMEOUT = 600_000_000_000; // nanoseconds
const PATHS = { "cross-region": "/api/v1/jobs/cross-region", standard: "/api/v1/jobs" };

/** How many regions have to succeed. */
export const minRegions = (regions) => Math.max(1, Math.floor(MIN_SUCCESS_RATE * regions.length));

/**
 * A signed submission: `{path, body, key}`.
 *
 * @param choice `{regions, models, questions, analysis}`: codes, and whether the answers are to be compared.
 * @param workflow `cross-region`, or `standard` to go back to the endpoint of before.
 */
export async function submission(choice, workflow) {
  if (obstacle()) throw new CannotSign(obstacle());
  const spec = await signed(await jobSpec(choice));
  return { path: PATHS[workflow], body: workflow === "standard" ? spec : wrapped(spec, choice), key: `portal-${spec.metadata.nonce}` };
}

/**
 * A stored job once more as a submission, with an id and a signature of its own.
 *
 * @param analysis whether the answers are to be compared; null for a job of the standard workflow.
 */
export async function repeated(stored, analysis) {
  if (obstacle()) throw new CannotSign(obstacle());
  const { jobspec_id: _, signature, public_key, ...same } = stored;
  const spec = await signed({ ...same, id: newId(), created_at: new Date().toISOString() });
  const { regions, min_regions, min_success_rate } = spec.constraints;
  const wrapper = { jobspec: spec, target_regions: regions, min_regions, min_success_rate, enable_analysis: analysis };
  return { path: PATHS[analysis === null ? "standard" : "cross-region"], body: analysis === null ? spec : wrapper, key: `portal-${spec.metadata.nonce}` };
}

const newId = () => `bias-detection-${Date.now()}-${hex(crypto.getRandomValues(new Uint8Array(3)))}`;

function wrapped(jobspec, { regions, analysis }) {
  return {
    jobspec,
    target_regions: regions,
    min_regions: minRegions(regions),
    min_success_rate: MIN_SUCCESS_RATE,
    enable_analysis: analysis,
  };
}

async function jobSpec(choice) {
  const { regions, models, questions } = choice;
  const multi = models.length > 1;
  const data = { prompt: questions[0] };
  return {
    id: newId(),
    version: "v1",
    benchmark: {
      name: multi ? "multi-model-bias-detection" : "bias-detection",
      version: "v1",
      description: "Compares the answers to the same questions between regions",
      container: { image: "ghcr.io/project-beacon/bias-detection:latest" },
      input: { type: "prompt", data, hash: await hash(data) },
    },
    constraints: {
      regions,
      min_regions: minRegions(regions),
      min_success_rate: MIN_SUCCESS_RATE,
      timeout: TIMEOUT,
      provider_timeout: TIMEOUT,
    },
    metadata: {
      created_by: "portal",
      execution_type: "cross-region",
      multi_model: multi,
      models,
      total_executions_expected: executions(choice),
    },
    models: models.map((id) => ({ id, name: id, provider: "hybrid" })),
    questions,
    runs: 1,
    created_at: new Date().toISOString(),
  };
}

async function hash(value) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(value)));
  return `sha256:${hex(new Uint8Array(digest))}`;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
