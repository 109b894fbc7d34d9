// RFC 8785, the canonical form of JSON. JSON.stringify writes strings and numbers as the RFC wants them (sections
// 3.2.2.2 and 3.2.2.3); what it lacks is the order of members, by UTF-16 code units, which is how sort() compares.

/** The canonical text of a JSON value; a member that is undefined is not there. TypeError for what JSON has not. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value)
      .filter((name) => value[name] !== undefined)
      .sort()
      .map((name) => `${text(name)}:${canonical(value[name])}`);
    return `{${members.join(",")}}`;
  }
  if (typeof value === "string") return text(value);
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} is no JSON number`);
  if (value === null || ["boolean", "number"].includes(typeof value)) return JSON.stringify(value);
  throw new TypeError(`${typeof value} is no JSON value`);
}

function text(value) {
  if (!value.isWellFormed()) throw new TypeError("a lone surrogate is no text");
  return JSON.stringify(value);
}
