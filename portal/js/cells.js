// The state of each execution as the matrix shows it. It says what the runner says: an answer differs only where the
// analysis found a difference that its region has a part in.

const FAILED = new Set(["failed", "timeout"]);
const SIMILAR_FROM = 0.3; // of words that two regions share; the contract's threshold of a difference in content

export const failing = (execution) => FAILED.has(execution.status);
const answering = (execution) => execution?.status === "completed" && !execution.is_content_refusal;
const place = (region, model, question) => JSON.stringify([region, model, question]);

/** Models and questions of a job in the order in which they were asked for; regions likewise. */
export function asked(view) {
  const { spec, executions } = view;
  const distinct = (values) => [...new Set(values)];
  return {
    regions: distinct(spec.constraints.regions),
    models: distinct(executions.map((one) => one.model_id)),
    questions: distinct(executions.map((one) => one.question_id)),
  };
}

/** A function from region, model and question to the execution, if there is one. */
export function lookup(executions) {
  const known = new Map(executions.map((one) => [place(one.region, one.model_id, one.question_id), one]));
  return (region, model, question) => known.get(place(region, model, question));
}

/** The regions by question that have a part in one of its differences; null where nothing was analysed. */
export function differing(list) {
  const found = new Map();
  for (const one of list) {
    const regions = found.get(one.question_id) ?? new Set();
    for (const region of parties(one)) regions.add(region);
    found.set(one.question_id, regions);
  }
  return found;
}

function parties({ dimension, variations }) {
  const said = Object.entries(variations);
  if (dimension === "censorship") return variations.censored.split(", ");
  if (dimension === "factual_accuracy") return apart(said.map(([, text]) => text));
  if (dimension === "tone_sentiment") return unusual(said.map(([region, text]) => [region, text.split(" ")[0]]));
  return unusual(said.map(([, text]) => text.split(": ")));
}

/** The regions whose answers share too few words with those of the others, from "US vs EU: 0.12 similarity". */
function apart(comparisons) {
  const shares = new Map();
  for (const text of comparisons) {
    const [pair, share] = text.split(": ");
    for (const region of pair.split(" vs ")) shares.set(region, [...(shares.get(region) ?? []), Number.parseFloat(share)]);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...shares].filter(([, values]) => mean(values) < SIMILAR_FROM).map(([region]) => region);
}

/** The regions that are not as most of them are; all where no two are alike. */
function unusual(pairs) {
  const groups = [...Map.groupBy(pairs, ([, value]) => value).values()].sort((left, right) => right.length - left.length);
  const usual = groups[0].length > (groups[1]?.length ?? 0) ? groups[0] : [];
  return pairs.filter((pair) => !usual.includes(pair)).map(([region]) => region);
}

/** `similar`, `differs`, `answered` (there is nothing to compare with), `refused`, `failed` or `missing`. */
export function cellState(find, regions, differences, [region, model, question]) {
  const one = find(region, model, question);
  if (one && failing(one)) return "failed";
  if (one?.status !== "completed") return "missing";
  if (one.is_content_refusal) return "refused";
  const others = regions.filter((code) => code !== region).map((code) => find(code, model, question)).filter(answering);
  if (!differences || !others.length) return "answered";
  const alike = others.some((other) => other.output.response === one.output.response);
  return differences.get(question)?.has(region) && !alike ? "differs" : "similar";
}

/** What a reader has to know first: regions without an answer, and models that refuse throughout a region. */
export function gaps({ regions, models }, executions) {
  return regions.flatMap((region) => {
    const own = executions.filter((one) => one.region === region);
    const ended = own.filter((one) => one.status === "completed");
    if (!ended.length) return [{ kind: "silent", region, total: own.length, failed: own.filter(failing).length }];
    return models.flatMap((model) => {
      const answers = ended.filter((one) => one.model_id === model);
      if (!answers.length || !answers.every((one) => one.is_content_refusal)) return [];
      return [{ kind: "refuses", region, model, refused: answers.length, total: own.filter((one) => one.model_id === model).length }];
    });
  });
}
