// The published document: OpenAPI 3.0, put together from the routes.
const word = { type: "string", minLength: 1, maxLength: 80 };
const id = { type: "integer", minimum: 1, maximum: 2147483647 };
const uuid = { type: "string", format: "uuid" };
const time = { type: "string", format: "date-time", readOnly: true };
const date = { type: "string", format: "date" };
const key = { type: "string", pattern: "^[a-z][a-z0-9-]*$", maxLength: 40 };
const count = { type: "integer", minimum: 0, maximum: 10000 };
const number = { type: "integer", minimum: 0 };
const orNull = (schema) => ({ ...schema, nullable: true });
const own = (schema) => ({ ...schema, readOnly: true });
const object = (properties, ...required) => ({ type: "object", properties, ...(required.length ? { required } : {}) });

const member = {
  email: { type: "string", format: "email", maxLength: 80, pattern: "^[a-z0-9]{1,20}@[a-z0-9]{1,20}\\.[a-z]{2,6}$" },
  name: word,
  phone: orNull({ type: "string", maxLength: 30 }),
};
const address = { street: word, city: word, postcode: orNull({ type: "string", maxLength: 12 }), delivery: { type: "boolean" } };
const category = { type: "string", enum: ["hand", "power", "garden"] };
const tool = {
  name: word,
  description: orNull({ type: "string", maxLength: 400 }),
  category,
  daily_rate: { type: "number", minimum: 0, maximum: 10000 },
  labels: { type: "array", items: { type: "string", maxLength: 20 }, maxItems: 5 },
};
const repair = { fault: word, cost: orNull({ type: "number", minimum: 0, maximum: 100000 }) };
const state = { type: "string", enum: ["open", "done"] };
const branch = { name: word, city: orNull(word), floor: { type: "integer", minimum: -5, maximum: 50 }, shelves: count };
const supplier = {
  name: word,
  contact: orNull({ type: "string", maxLength: 80 }),
  rating: orNull({ type: "integer", minimum: 1, maximum: 5 }),
};
const contract = { title: word, starts_on: date, ends_on: date };
const loan = { member_id: id, tool_id: uuid, days: { type: "integer", minimum: 1, maximum: 60 }, note: orNull({ type: "string", maxLength: 120 }) };
const alert = { name: word, kinds: { type: "array", items: { type: "string", enum: ["tool-lent", "tool-returned"] }, maxItems: 2 } };
const value = { oneOf: [{ type: "string", maxLength: 200 }, { type: "integer", minimum: -1000000, maximum: 1000000 }, { type: "boolean" }] };

const items = {
  Member: object({ id: own(id), ...member, role: own(word), created_at: time, updated_at: time }, "email", "name"),
  Address: object({ id, member_id: id, ...address }, "id", "member_id", ...Object.keys(address)),
  Tool: object(
    { id: uuid, ...tool, loans_count: number, views: number, created_at: time, updated_at: time },
    ...["id", ...Object.keys(tool), "loans_count", "views", "created_at", "updated_at"],
  ),
  Repair: object({ id, tool_id: uuid, ...repair, state, created_at: time }, "id", "tool_id", "fault", "state"),
  Branch: object({ slug: key, ...branch }, "slug", ...Object.keys(branch)),
  Supplier: object({ id: uuid, ...supplier, created_at: time }, "id", ...Object.keys(supplier), "created_at"),
  Contract: object({ id, supplier_id: uuid, ...contract }, "id", "supplier_id", ...Object.keys(contract)),
  Loan: object(
    { id: uuid, ...loan, returned_at: orNull(time), created_at: time },
    ...["id", ...Object.keys(loan), "returned_at", "created_at"],
  ),
  Alert: object({ id, ...alert }, "id", ...Object.keys(alert)),
  Setting: object({ key, value }, "key", "value"),
  Event: object({ id, kind: word, subject: word, occurred_at: time }, "id", "kind", "subject", "occurred_at"),
};

const limit = { type: "integer", minimum: 1, maximum: 100, default: 20 };
const offset = { type: "integer", minimum: 0, maximum: 1000000, default: 0 };
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const pageOf = (name) =>
  object({ items: { type: "array", items: ref(name) }, total: number, limit, offset }, "items", "total", "limit", "offset");

export const schemas = {
  ...items,
  ...Object.fromEntries(Object.keys(items).map((name) => [`${name}Page`, pageOf(name)])),
  MemberChange: object({ ...member, role: own(word) }),
  AddressNew: object(address, "street", "city"),
  ToolNew: object(tool, "name"),
  ToolChange: object(tool),
  RepairNew: object(repair, "fault"),
  RepairChange: object({ ...repair, state }),
  BranchNew: object({ slug: key, ...branch }, "slug", "name", "floor"),
  BranchChange: object(branch),
  SupplierNew: object(supplier, "name"),
  SupplierChange: object(supplier),
  ContractNew: object(contract, ...Object.keys(contract)),
  LoanNew: object(loan, "member_id", "tool_id", "days"),
  LoanChange: object({ days: loan.days, note: loan.note }),
  AlertNew: object(alert, ...Object.keys(alert)),
  SettingValue: object({ value }, "value"),
  Summary: object({ tools: number, members: number }, "tools", "members"),
  Error: object({ error: { type: "string" } }, "error"),
};

const PARAMETERS = { limit, offset, category };
export const parameter = (schema) => (typeof schema === "string" ? PARAMETERS[schema] : schema);

export function pathParameter(name, path) {
  if (/_slug$|_key$/.test(name)) return key;
  return /^\/(tools|suppliers|loans)\//.test(path) ? uuid : id;
}

const content = (name) => ({ content: { "application/json": { schema: ref(name) } } });

function operation(path, route, method) {
  const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name, in: "path", required: true, schema: pathParameter(name, path),
  }));
  const named = (where, from) =>
    Object.entries(from ?? {}).map(([name, schema]) => ({ name, in: where, schema: parameter(schema) }));
  const statuses = [400, 401, ...(route.errors ?? []), ...(route.body ? [413, 415] : [])];
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/{}]+(\w?)/g, (_, letter) => letter.toUpperCase())}`,
    parameters: [...places, ...named("query", route.query), ...named("header", route.headers)],
    ...(route.body ? { requestBody: { required: true, ...content(route.body) } } : {}),
    responses: {
      [route.answer[0]]: { description: "Done", ...(route.answer[1] ? content(route.answer[1]) : {}) },
      ...Object.fromEntries(statuses.map((status) => [status, { description: "Refused", ...content("Error") }])),
    },
  };
}

export function document(routes) {
  const paths = {};
  for (const [name, route] of Object.entries(routes)) {
    const [method, path] = name.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(path, route, method) };
  }
  return {
    openapi: "3.0.3",
    info: { title: "Tool library", version: "1.4.0" },
    servers: [{ url: "/api" }],
    security: [{ key: [] }],
    paths,
    components: { schemas, securitySchemes: { key: { type: "apiKey", in: "header", name: "X-API-Key" } } },
  };
}
