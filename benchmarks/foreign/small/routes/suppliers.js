import { existing, Refusal } from "../errors.js";
import { insert, page, pick, update } from "../sql.js";

const BRANCH = ["name", "city", "floor", "shelves"];
const SUPPLIER = ["name", "contact", "rating"];
const CONTRACT = ["title", "starts_on", "ends_on"];

const branchOf = async (db, slug) => existing(await db.row("SELECT * FROM branches WHERE slug = $1", slug), "branch");

async function find(db, id) {
  const { verified, ...supplier } = existing(await db.row("SELECT * FROM suppliers WHERE id = $1", id), "supplier");
  return supplier;
}

export const branches = {
  "POST /branches": {
    body: "BranchNew", answer: [201, "Branch"], errors: [409],
    run: ({ db, body }) => insert(db, "branches", pick(body, ["slug", ...BRANCH])),
  },
  "GET /branches": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "BranchPage"],
    run: ({ db, query }) => page(db, "branches", "slug", query),
  },
  "GET /branches/{branch_slug}": {
    answer: [200, "Branch"], errors: [404],
    run: ({ db, path }) => branchOf(db, path.branch_slug),
  },
  "PATCH /branches/{branch_slug}": {
    body: "BranchChange", answer: [200, "Branch"], errors: [404],
    async run({ db, path, body }) {
      await branchOf(db, path.branch_slug);
      return update(db, "branches", "slug", path.branch_slug, pick(body, BRANCH));
    },
  },
  "DELETE /branches/{branch_slug}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      await branchOf(db, path.branch_slug);
      await db.rows("DELETE FROM branches WHERE slug = $1", path.branch_slug);
    },
  },
};

export const suppliers = {
  "POST /suppliers": {
    body: "SupplierNew", answer: [201, "Supplier"],
    async run({ db, body }) {
      const { id } = await insert(db, "suppliers", pick(body, SUPPLIER));
      const { verified, ...supplier } = await db.row("SELECT * FROM suppliers WHERE id = $1", id);
      return supplier;
    },
  },
  "GET /suppliers": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "SupplierPage"],
    run: ({ db, query }) =>
      page(db, "(SELECT id, name, contact, rating, created_at FROM suppliers) AS suppliers", "id", query),
  },
  "GET /suppliers/{supplier_id}": {
    answer: [200, "Supplier"], errors: [404],
    run: ({ db, path }) => find(db, path.supplier_id),
  },
  "PATCH /suppliers/{supplier_id}": {
    body: "SupplierChange", answer: [200, "Supplier"], errors: [404],
    async run({ db, path, body }) {
      await find(db, path.supplier_id);
      const { verified, ...supplier } = await update(db, "suppliers", "id", path.supplier_id, pick(body, SUPPLIER));
      return supplier;
    },
  },
  "DELETE /suppliers/{supplier_id}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      if (!(await db.count("DELETE FROM suppliers WHERE id = $1", path.supplier_id))) existing(null, "supplier");
    },
  },
  "POST /suppliers/{supplier_id}/contracts": {
    body: "ContractNew", answer: [201, "Contract"], errors: [404, 409],
    async run({ db, path, body }) {
      await find(db, path.supplier_id);
      if (body.ends_on < body.starts_on) throw new Refusal(409, "A contract cannot end before it starts.");
      return insert(db, "contracts", { ...pick(body, CONTRACT), supplier_id: path.supplier_id });
    },
  },
  "GET /suppliers/{supplier_id}/contracts": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "ContractPage"], errors: [404],
    async run({ db, path, query }) {
      await find(db, path.supplier_id);
      return page(db, "contracts", "id", query, "supplier_id = $1", path.supplier_id);
    },
  },
  "GET /contracts/{contract_id}": {
    answer: [200, "Contract"], errors: [404],
    run: async ({ db, path }) =>
      existing(await db.row("SELECT * FROM contracts WHERE id = $1", path.contract_id), "contract"),
  },
  "DELETE /contracts/{contract_id}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      if (!(await db.count("DELETE FROM contracts WHERE id = $1", path.contract_id))) existing(null, "contract");
    },
  },
};
