import { isDeepStrictEqual } from "node:util";

import { existing, Refusal } from "../errors.js";
import { insert, page, pick, update } from "../sql.js";

const LOAN = ["member_id", "tool_id", "days", "note"];

const find = async (db, id) => existing(await db.row("SELECT * FROM loans WHERE id = $1", id), "loan");

async function lend(db, loan) {
  existing(await db.row("SELECT 1 FROM members WHERE id = $1", loan.member_id), "member");
  existing(await db.row("SELECT 1 FROM tools WHERE id = $1", loan.tool_id), "tool");
  return insert(db, "loans", loan);
}

export const loans = {
  "POST /loans": {
    body: "LoanNew", answer: [201, "Loan"], errors: [404, 409],
    headers: { "Idempotency-Key": { type: "string", minLength: 1, maxLength: 60, pattern: "^[A-Za-z0-9-]*$" } },
    run: ({ db, body, headers, events }) =>
      db.transaction(async (db) => {
        const key = headers["idempotency-key"];
        const request = pick(body, LOAN);
        const before = key && (await db.row("SELECT * FROM idempotency_keys WHERE key = $1", key));
        if (before && !isDeepStrictEqual(before.request, request)) throw new Refusal(409, "The key was used before.");
        if (before) return before.answer;
        const loan = await lend(db, request);
        if (key) await insert(db, "idempotency_keys", { key, request, answer: loan });
        events.add("tool-lent", loan.tool_id);
        return loan;
      }),
  },
  "GET /loans": {
    query: { open: { type: "boolean" }, limit: "limit", offset: "offset" }, answer: [200, "LoanPage"],
    run: ({ db, query }) =>
      page(db, "loans", "id", query, "(returned_at IS NULL) = $1 OR NOT $1", query.open ?? false),
  },
  "GET /loans/{loan_id}": {
    answer: [200, "Loan"], errors: [404],
    run: ({ db, path }) => find(db, path.loan_id),
  },
  "PATCH /loans/{loan_id}": {
    body: "LoanChange", answer: [200, "Loan"], errors: [404],
    async run({ db, path, body }) {
      await find(db, path.loan_id);
      return update(db, "loans", "id", path.loan_id, pick(body, ["days", "note"]));
    },
  },
  "POST /loans/{loan_id}/return": {
    answer: [200, "Loan"], errors: [404, 409],
    async run({ db, path, events }) {
      const loan = await find(db, path.loan_id);
      if (loan.returned_at) throw new Refusal(409, "The tool is back already.");
      const returned = await update(db, "loans", "id", loan.id, { returned_at: new Date().toISOString() });
      events.add("tool-returned", loan.tool_id);
      return returned;
    },
  },
};
