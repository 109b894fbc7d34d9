// What can be done with a job: cancel it while it runs, and run it again.
import { ask } from "./dialogs.js";
import { count, h } from "./page.js";
import * as api from "./runner.js";
import { settings } from "./runner.js";
import { repeated } from "./spec.js";

const FRESH = 240_000; // milliseconds for which a signed submission may be sent again; the runner takes five minutes

/** A button that cancels; `read` gives the newest view, `after` is called when it is done. */
export function cancelling(id, read, after) {
  const cancel = async () => {
    await api.cancel(id);
    await after();
  };
  const question = () => {
    const { executions } = read();
    const left = executions.filter((one) => one.completed_at === null).length;
    const ended = executions.length - left;
    const kept = ended ? `${count(ended, "execution")} ended: ${ended === 1 ? "its answer or error is" : "their answers and errors are"} kept.` : "No execution has ended yet, so no answer is kept.";
    ask("Cancel this job?", [h("p", {}, kept), h("p", {}, `${count(left, "execution")} will not be finished, and the answers will not be compared. A cancelled job cannot be resumed, but it can be run again.`)], ["Keep it running", "Cancel the job"], cancel);
  };
  return h("button", { type: "button", onclick: question }, "Cancel job");
}

/** A button that submits the same job once more. */
export function repeating(id, read) {
  let made = null; // {at, submission}: should its answer get lost, the same one is sent again and makes one job
  const submit = async () => {
    if (!made || Date.now() - made.at > FRESH) made = { at: Date.now(), submission: await again(id) };
    try {
      const { id: other } = await api.submit(made.submission);
      location.assign(`job.html?id=${encodeURIComponent(other)}`);
    } catch (error) {
      if (error instanceof api.Refused) made = null; // it left nothing behind
      throw error;
    }
  };
  const question = () => {
    const number = count(read().executions.length, "execution");
    ask("Run this job again?", h("p", {}, `The same questions go to the same models in the same regions: ${number}. The new job is signed with this browser's key and has an id of its own.`), ["Not now", "Sign and submit"], submit);
  };
  return h("button", { type: "button", onclick: question }, "Run again");
}

/** The submission of a job like this one: with a comparison where it had one, unless the settings go back to the standard workflow. */
async function again(id) {
  const [spec, code] = await Promise.all([api.storedSpec(id), api.analysis(id).then(() => "", reasonFor)]);
  const standard = code === "standard_workflow" || settings().workflow === "standard";
  return repeated(spec, standard ? null : code !== "analysis_disabled");
}

/** The code that says why there is no analysis. */
function reasonFor(error) {
  if (error instanceof api.Refused) return error.code;
  throw error;
}
