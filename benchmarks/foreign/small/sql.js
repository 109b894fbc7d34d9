// Statements for one row; the names of columns come from the code, never from a request.
export function pick(body, names) {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(body, name)).map((name) => [name, body[name]]));
}

export function insert(db, table, values) {
  const names = Object.keys(values);
  const places = names.map((_, index) => `$${index + 1}`);
  const sql = `INSERT INTO ${table} (${names}) VALUES (${places}) RETURNING *`;
  return db.row(sql, ...Object.values(values).map(stored));
}

export function update(db, table, key, id, values) {
  const names = Object.keys(values);
  if (!names.length) return db.row(`SELECT * FROM ${table} WHERE ${key} = $1`, id);
  const sets = names.map((name, index) => `${name} = $${index + 2}`);
  return db.row(`UPDATE ${table} SET ${sets} WHERE ${key} = $1 RETURNING *`, id, ...Object.values(values).map(stored));
}

export async function page(db, table, key, { limit = 20, offset = 0 }, where = "true", ...parameters) {
  const n = parameters.length;
  const sql = `SELECT * FROM ${table} WHERE ${where} ORDER BY ${key} LIMIT $${n + 1} OFFSET $${n + 2}`;
  const items = await db.rows(sql, ...parameters, limit, offset);
  const { total } = await db.row(`SELECT count(*) AS total FROM ${table} WHERE ${where}`, ...parameters);
  return { items, total, limit, offset };
}

const stored = (value) => (Array.isArray(value) ? JSON.stringify(value) : value);
