import { existing } from "../errors.js";
import { insert, page, pick, update } from "../sql.js";

const MEMBER = ["email", "name", "phone"];
const ADDRESS = ["street", "city", "postcode", "delivery"];

const find = async (db, id) => existing(await db.row("SELECT * FROM members WHERE id = $1", id), "member");

async function findAddress(db, { member_id, address_id }) {
  const sql = "SELECT * FROM addresses WHERE id = $1 AND member_id = $2";
  return existing(await db.row(sql, address_id, member_id), "address");
}

export const members = {
  "POST /members": {
    body: "Member", answer: [201, "Member"], errors: [409],
    async run({ db, body, events }) {
      const member = await insert(db, "members", pick(body, MEMBER));
      events.add("member-joined", member.id);
      return member;
    },
  },
  "GET /members": {
    query: { q: { type: "string", maxLength: 40 }, limit: "limit", offset: "offset" }, answer: [200, "MemberPage"],
    run: ({ db, query }) =>
      page(db, "members", "id", query, "strpos(lower(name), lower($1)) > 0 OR $1 = ''", query.q ?? ""),
  },
  "GET /members/{member_id}": {
    answer: [200, "Member"], errors: [404],
    run: ({ db, path }) => find(db, path.member_id),
  },
  "PATCH /members/{member_id}": {
    body: "MemberChange", answer: [200, "Member"], errors: [404, 409],
    async run({ db, path, body, events }) {
      await find(db, path.member_id);
      const values = { ...pick(body, MEMBER), updated_at: new Date().toISOString() };
      const member = await update(db, "members", "id", path.member_id, values);
      events.add("member-changed", member.id);
      return member;
    },
  },
  "DELETE /members/{member_id}": {
    answer: [204], errors: [404, 409],
    async run({ db, path, events }) {
      await find(db, path.member_id);
      await db.rows("DELETE FROM members WHERE id = $1", path.member_id);
      events.add("member-left", path.member_id);
    },
  },
  "POST /members/{member_id}/addresses": {
    body: "AddressNew", answer: [201, "Address"], errors: [404],
    async run({ db, path, body }) {
      await find(db, path.member_id);
      return insert(db, "addresses", { ...pick(body, ADDRESS), member_id: path.member_id });
    },
  },
  "GET /members/{member_id}/addresses": {
    query: { limit: "limit", offset: "offset" }, answer: [200, "AddressPage"], errors: [404],
    async run({ db, path, query }) {
      await find(db, path.member_id);
      return page(db, "addresses", "id", query, "member_id = $1", path.member_id);
    },
  },
  "GET /members/{member_id}/addresses/{address_id}": {
    answer: [200, "Address"], errors: [404],
    run: ({ db, path }) => findAddress(db, path),
  },
  "PUT /members/{member_id}/addresses/{address_id}": {
    body: "AddressNew", answer: [200, "Address"], errors: [404],
    async run({ db, path, body }) {
      await findAddress(db, path);
      const values = { postcode: null, delivery: false, ...pick(body, ADDRESS) };
      return update(db, "addresses", "id", path.address_id, values);
    },
  },
  "DELETE /members/{member_id}/addresses/{address_id}": {
    answer: [204], errors: [404],
    async run({ db, path }) {
      await findAddress(db, path);
      await db.rows("DELETE FROM addresses WHERE member_id = $1 AND id = $2", path.member_id, path.address_id);
    },
  },
};
