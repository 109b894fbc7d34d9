// A small client for Postgres: its protocol 3.0 with parameters as text, so that the service needs no package.
import net from "node:net";

const NUMBERS = new Set([20, 21, 23, 700, 701]);
const BOOLEAN = 16;
const JSON_TYPES = new Set([114, 3802]);
const TIME = 1184;

export class DatabaseError extends Error {
  constructor(fields) {
    super(fields.M);
    this.code = fields.C;
    this.constraint = fields.n;
  }
}

function value(text, type) {
  if (NUMBERS.has(type)) return Number(text);
  if (type === BOOLEAN) return text === "t";
  if (JSON_TYPES.has(type)) return JSON.parse(text);
  if (type === TIME) return text.replace(" ", "T").replace(/\+00$/, "Z");
  return text;
}

function parameter(sent) {
  if (sent === null || sent === undefined) return null;
  return Buffer.from(typeof sent === "object" ? JSON.stringify(sent) : String(sent));
}

function message(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(type ? 5 : 4);
  if (type) head.write(type);
  head.writeInt32BE(body.length + 4, type ? 1 : 0);
  return Buffer.concat([head, body]);
}

const text = (words) => Buffer.from(`${words}\0`);
const int16 = (number) => Buffer.from([number >> 8, number & 255]);

function int32(number) {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(number);
  return buffer;
}

function bound(parameters) {
  const values = parameters.map(parameter);
  const parts = values.map((each) => (each ? Buffer.concat([int32(each.length), each]) : int32(-1)));
  return [text(""), text(""), int16(0), int16(values.length), ...parts, int16(0)];
}

class Connection {
  #received = Buffer.alloc(0);
  #columns = [];
  #rows = [];
  #count = 0;
  #error = null;
  #waiting = null;

  static async open(url) {
    const connection = new Connection();
    const { hostname, port, username, pathname } = new URL(url);
    connection.socket = net.connect(Number(port || 5432), hostname);
    connection.socket.setNoDelay(true);
    connection.socket.on("data", (chunk) => connection.#read(chunk));
    connection.socket.on("error", (error) => connection.#fail(error));
    connection.socket.on("close", () => connection.#fail(new Error("The database closed the connection.")));
    const words = ["user", decodeURIComponent(username || "postgres"), "database", pathname.slice(1), "TimeZone", "UTC"];
    await connection.#send(message("", int32(196608), ...words.map(text), Buffer.from([0])));
    return connection;
  }

  query(sql, parameters = []) {
    const parse = message("P", text(""), text(sql), int16(0));
    const bind = message("B", ...bound(parameters));
    const describe = message("D", Buffer.from("P\0"));
    const execute = message("E", text(""), int32(0));
    return this.#send(Buffer.concat([parse, bind, describe, execute, message("S")]));
  }

  script(sql) {
    return this.#send(message("Q", text(sql)));
  }

  #send(buffer) {
    this.#columns = [];
    this.#rows = [];
    this.#count = 0;
    this.#error = null;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.socket.destroyed) this.#fail(new Error("The database closed the connection."));
      else this.socket.write(buffer);
    });
  }

  #fail(error) {
    this.closed = true;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  #read(chunk) {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 5) {
      const length = this.#received.readInt32BE(1) + 1;
      if (this.#received.length < length) return;
      this.#handle(String.fromCharCode(this.#received[0]), this.#received.subarray(5, length));
      this.#received = this.#received.subarray(length);
    }
  }

  #handle(type, body) {
    if (type === "R" && body.readInt32BE(0) !== 0) this.#fail(new Error("The database wants a password."));
    else if (type === "T") this.#columns = columns(body);
    else if (type === "D") this.#rows.push(row(body, this.#columns));
    else if (type === "C") this.#count = Number(/(\d+)\0$/.exec(body.toString())?.[1] ?? 0);
    else if (type === "E") this.#error = new DatabaseError(fields(body));
    else if (type === "Z") this.#done();
  }

  #done() {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (this.#error) waiting?.reject(this.#error);
    else waiting?.resolve({ rows: this.#rows, count: this.#count });
  }
}

function columns(body) {
  const names = [];
  for (let at = 2; names.length < body.readInt16BE(0); ) {
    const end = body.indexOf(0, at);
    names.push({ name: body.toString("utf8", at, end), type: body.readInt32BE(end + 7) });
    at = end + 19;
  }
  return names;
}

function row(body, names) {
  const values = {};
  let at = 2;
  for (const { name, type } of names) {
    const length = body.readInt32BE(at);
    at += 4;
    values[name] = length < 0 ? null : value(body.toString("utf8", at, at + length), type);
    at += Math.max(length, 0);
  }
  return values;
}

function fields(body) {
  const parts = body.toString().split("\0").filter(Boolean);
  return Object.fromEntries(parts.map((part) => [part[0], part.slice(1)]));
}

export class Pool {
  #idle = [];
  #waiting = [];

  static async open(url, size = 4) {
    const pool = new Pool();
    pool.#idle = await Promise.all(Array.from({ length: size }, () => Connection.open(url)));
    return pool;
  }

  async #with(work) {
    const connection = this.#idle.pop() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(connection);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(connection);
      else this.#idle.push(connection);
    }
  }

  async rows(sql, ...parameters) {
    return (await this.#with((connection) => connection.query(sql, parameters))).rows;
  }

  async row(sql, ...parameters) {
    return (await this.rows(sql, ...parameters))[0];
  }

  async count(sql, ...parameters) {
    return (await this.#with((connection) => connection.query(sql, parameters))).count;
  }

  script(sql) {
    return this.#with((connection) => connection.script(sql));
  }

  transaction(work) {
    return this.#with(async (connection) => {
      const rows = async (sql, ...parameters) => (await connection.query(sql, parameters)).rows;
      await connection.query("BEGIN");
      try {
        const result = await work({ rows, row: async (...words) => (await rows(...words))[0] });
        await connection.query("COMMIT");
        return result;
      } catch (error) {
        await connection.query("ROLLBACK");
        throw error;
      }
    });
  }
}
