// A library that lends tools: HTTP, JSON, one Postgres database, and no package besides Node.
import { readFile } from "node:fs/promises";
import http from "node:http";

import { document, parameter, pathParameter, schemas } from "./document.js";
import { Refusal } from "./errors.js";
import { Events } from "./events.js";
import { DatabaseError, Pool } from "./postgres.js";
import { loans } from "./routes/loans.js";
import { members } from "./routes/members.js";
import { office } from "./routes/office.js";
import { branches, suppliers } from "./routes/suppliers.js";
import { tools } from "./routes/tools.js";
import { problems } from "./schema.js";

const LONGEST_BODY = 65536;
const CONFLICTS = { 23505: "It exists already.", 23503: "It is still in use." };
const routes = { ...members, ...tools, ...branches, ...suppliers, ...loans, ...office };

const table = Object.entries(routes).map(([name, route]) => {
  const [method, path] = name.split(" ");
  return { method, path, route, pattern: new RegExp(`^/api${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`) };
});

function check(value, schema, place) {
  const found = problems(value, schema, place);
  if (found.length) throw new Refusal(400, found.join("; "));
  return value;
}

function typed(text, schema) {
  if (schema.type === "integer" || schema.type === "number") return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (schema.type === "boolean") return { true: true, false: false }[text] ?? text;
  return text;
}

function find(method, pathname) {
  const matching = table.filter(({ pattern }) => pattern.test(pathname));
  if (!matching.length) throw new Refusal(404, "There is nothing at this path.");
  const match = matching.find((each) => each.method === method);
  if (!match) throw Object.assign(new Refusal(405, "The method is not allowed."), { allow: matching.map((each) => each.method) });
  return match;
}

function pathOf({ pattern, path }, pathname) {
  const groups = Object.entries(pattern.exec(pathname).groups ?? {});
  return Object.fromEntries(
    groups.map(([name, raw]) => {
      const schema = pathParameter(name, path);
      try {
        return [name, check(typed(decodeURIComponent(raw), schema), schema, name)];
      } catch (error) {
        throw error instanceof Refusal ? error : new Refusal(400, `${name} is not encoded as it should be`);
      }
    }),
  );
}

function parametersOf(declared = {}, value) {
  const values = {};
  for (const [name, reference] of Object.entries(declared)) {
    const text = value(name);
    if (text !== null && text !== undefined) {
      values[name] = check(typed(text, parameter(reference)), parameter(reference), name);
    }
  }
  return values;
}

async function bodyOf(request, route) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= LONGEST_BODY) chunks.push(chunk);
  }
  if (!route.body) return undefined;
  if (length > LONGEST_BODY) throw new Refusal(413, "The body is too long.");
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new Refusal(415, "The body must be JSON.");
  }
  let body;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Refusal(400, "The body is not JSON.");
  }
  return check(body, schemas[route.body], "");
}

async function answer(request, context) {
  const url = new URL(request.url, "http://service");
  if (url.pathname === "/health") return [200, { status: "up" }];
  if (url.pathname === "/openapi.json") return [200, document(routes)];
  const match = find(request.method === "HEAD" ? "GET" : request.method, url.pathname);
  if (request.headers["x-api-key"] !== context.apiKey) throw new Refusal(401, "The API key is missing or wrong.");
  const { route } = match;
  const path = pathOf(match, url.pathname);
  const query = parametersOf(route.query, (name) => url.searchParams.get(name));
  const lower = parametersOf(route.headers, (name) => request.headers[name.toLowerCase()]);
  const headers = Object.fromEntries(Object.entries(lower).map(([name, value]) => [name.toLowerCase(), value]));
  const body = await bodyOf(request, route);
  return [route.answer[0], await route.run({ ...context, path, query, headers, body })];
}

function refused(error) {
  if (error instanceof Refusal) return [error.status, { error: error.message }];
  if (error instanceof DatabaseError && CONFLICTS[error.code]) return [409, { error: CONFLICTS[error.code] }];
  console.error(error);
  return [500, { error: "Something went wrong." }];
}

async function serve(request, response, context) {
  let [status, body, allow] = [500];
  try {
    [status, body] = await answer(request, context);
  } catch (error) {
    [status, body] = refused(error);
    allow = error.allow;
  }
  request.resume();
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(status === 204 ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    ...(allow ? { allow: allow.join(", ") } : {}),
  });
  response.end(request.method === "HEAD" ? "" : text);
}

const { API_KEY: apiKey, DATABASE_URL: url, HOST: host = "127.0.0.1" } = process.env;
const port = process.argv[2] ?? process.env.PORT ?? "3000";
if (!apiKey || !url) {
  console.error("The service needs API_KEY and DATABASE_URL.");
  process.exit(2);
}
const db = await Pool.open(url);
await db.script(await readFile(new URL("migrations.sql", import.meta.url), "utf8"));
const context = { db, apiKey, events: new Events(db) };
const server = http.createServer((request, response) => serve(request, response, context));
server.listen(Number(port), host, () => console.log(`The tool library listens on port ${port}.`));
process.on("SIGTERM", () => process.exit(0));
