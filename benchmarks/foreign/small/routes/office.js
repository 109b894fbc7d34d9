import { existing } from "../errors.js";
import { insert, page, pick } from "../sql.js";

const alertOf = async (db, id) => existing(await db.row("SELECT * FROM alerts WHERE id = $1", id), "alert");

export const office = {
  "POST /alerts": {
    body: "AlertNew", answer: [201, "Alert"],
    run({ db, body }) {
      return insert(db, "alerts", pick(body, ["name", "kinds"]));
    },
  },
  "GET /alerts": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "AlertPage"],
    run: ({ db, query }) => page(db, "alerts", "id", query),
  },
  "GET /alerts/{alert_id}": {
    answer: [200, "Alert"], errors: [404],
    run: ({ db, path }) => alertOf(db, path.alert_id),
  },
  "DELETE /alerts/{alert_id}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      const alert = await alertOf(db, path.alert_id);
      await db.rows("DELETE FROM alerts WHERE id = $1", alert.id);
    },
  },
  "GET /settings": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "SettingPage"],
    run: ({ db, query }) => page(db, "settings", "key", query),
  },
  "GET /settings/{setting_key}": {
    answer: [200, "Setting"], errors: [404],
    run: async ({ db, path }) =>
      existing(await db.row("SELECT * FROM settings WHERE key = $1", path.setting_key), "setting"),
  },
  "PUT /settings/{setting_key}": {
    body: "SettingValue", answer: [200, "Setting"],
    run: ({ db, path, body }) =>
      db.row(
        "INSERT INTO settings VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING *",
        path.setting_key,
        JSON.stringify(body.value),
      ),
  },
  "DELETE /settings/{setting_key}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      if (!(await db.count("DELETE FROM settings WHERE key = $1", path.setting_key))) existing(null, "setting");
    },
  },
  "GET /events": {
    query: { kind: { type: "string", maxLength: 30 }, limit: "limit", offset: "offset" }, answer: [200, "EventPage"],
    run: ({ db, query }) => page(db, "events", "id", query, "kind = $1 OR $1 = ''", query.kind ?? ""),
  },
  "GET /summary": {
    answer: [200, "Summary"],
    async run({ db }) {
      const sql = "SELECT (SELECT count(*) FROM tools) AS tools, (SELECT count(*) FROM members) AS members";
      return db.row(sql);
    },
  },
};
