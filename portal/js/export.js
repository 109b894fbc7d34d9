// A job's results as files: complete, as the runner sent them.
import { save } from "./files.js";
import { h } from "./page.js";
import * as api from "./runner.js";

const COLUMNS = ["job_id", "question_id", "question", "model_id", "region", "status", "refused", "response", "error_code", "error"];

function csv(view, questions, id) {
  const rows = view.executions.map((one) => {
    const { status } = one;
    const done = status === "completed";
    const failed = status === "failed" || status === "timeout";
    return [id, one.question_id, questions.get(one.question_id) ?? "", one.model_id, one.region, status, done ? one.is_content_refusal : "", done ? one.output.response : "", failed ? one.output.error_code : "", failed ? one.output.error : ""];
  });
  return `\uFEFF${[COLUMNS, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

/** A field of RFC 4180. A spreadsheet would run a text that begins like a formula, so an apostrophe goes before it. */
function field(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Buttons that save, print and link. */
export function tools(view, questions, id) {
  const problem = h("span", { class: "problem", role: "alert" });
  const json = async () => {
    problem.textContent = "";
    try {
      save(`${id}.json`, "application/json", await api.raw(id));
    } catch (error) {
      problem.textContent = `Not exported: ${error.message}`;
    }
  };
  const tool = (text, onclick) => h("button", { type: "button", class: "quiet", onclick }, text);
  return h("p", { class: "tools" }, tool("Export CSV", () => save(`${id}.csv`, "text/csv", csv(view, questions, id))), tool("Export JSON", json), h("a", { class: "button quiet", href: api.viewUrl(id) }, "Raw job"), tool("Print", () => print()), problem);
}
