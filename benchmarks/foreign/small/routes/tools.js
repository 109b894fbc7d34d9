import { existing } from "../errors.js";
import { insert, page, pick, update } from "../sql.js";

const TOOL = ["name", "description", "category", "daily_rate", "labels"];
const REPAIR = ["fault", "cost"];

const find = async (db, id) => existing(await db.row("SELECT * FROM tools WHERE id = $1", id), "tool");
const findRepair = async (db, id) => existing(await db.row("SELECT * FROM repairs WHERE id = $1", id), "repair");

export const tools = {
  "POST /tools": {
    body: "ToolNew", answer: [201, "Tool"],
    async run({ db, body, events }) {
      const tool = await insert(db, "tools", pick(body, TOOL));
      events.add("tool-added", tool.id);
      return tool;
    },
  },
  "GET /tools": {
    query: { category: "category", limit: "limit", offset: "offset" }, answer: [200, "ToolPage"],
    run: ({ db, query }) => page(db, "tools", "id", query, "category = $1 OR $1 = ''", query.category ?? ""),
  },
  "GET /tools/{tool_id}": {
    answer: [200, "Tool"], errors: [404],
    async run({ db, path }) {
      return find(db, path.tool_id);
    },
  },
  "PATCH /tools/{tool_id}": {
    body: "ToolChange", answer: [200, "Tool"], errors: [404],
    async run({ db, path, body }) {
      await find(db, path.tool_id);
      const values = { ...pick(body, TOOL), updated_at: new Date().toISOString() };
      return update(db, "tools", "id", path.tool_id, values);
    },
  },
  "DELETE /tools/{tool_id}": {
    answer: [204], errors: [404, 409],
    async run({ db, path, events }) {
      await find(db, path.tool_id);
      await db.rows("DELETE FROM tools WHERE id = $1", path.tool_id);
      events.add("tool-removed", path.tool_id);
    },
  },
  "POST /tools/{tool_id}/repairs": {
    body: "RepairNew", answer: [201, "Repair"], errors: [404],
    async run({ db, path, body }) {
      await find(db, path.tool_id);
      const repair = await insert(db, "repairs", { ...pick(body, REPAIR), tool_id: path.tool_id });
      return findRepair(db, repair.id);
    },
  },
  "GET /tools/{tool_id}/repairs": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "RepairPage"], errors: [404],
    async run({ db, path, query }) {
      await find(db, path.tool_id);
      return page(db, "repairs", "id", query, "tool_id = $1", path.tool_id);
    },
  },
  "GET /repairs/{repair_id}": {
    answer: [200, "Repair"], errors: [404],
    run: ({ db, path }) => findRepair(db, path.repair_id),
  },
  "PATCH /repairs/{repair_id}": {
    body: "RepairChange", answer: [200, "Repair"], errors: [404],
    async run({ db, path, body }) {
      await findRepair(db, path.repair_id);
      return update(db, "repairs", "id", path.repair_id, pick(body, [...REPAIR, "state"]));
    },
  },
  "DELETE /repairs/{repair_id}": {
    answer: [204], errors: [404],
    async run({ db, path, events }) {
      const repair = await findRepair(db, path.repair_id);
      await db.rows("DELETE FROM repairs WHERE id = $1", repair.id);
      events.add("repair-removed", repair.id);
    },
  },
};
