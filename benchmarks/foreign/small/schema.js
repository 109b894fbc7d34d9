// The part of JSON Schema (in OpenAPI 3.0) that the document uses.
const FORMATS = {
  uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  date: /^(?!0000)\d{4}-\d\d-\d\d$/,
  "date-time": /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i,
  email: /^[a-z0-9._+-]{1,40}@[a-z0-9-]{1,40}(\.[a-z0-9-]{1,20}){1,3}$/i,
};

function isDate(text) {
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

const TYPES = {
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  number: (value) => typeof value === "number" && Number.isFinite(value),
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
};

export function problems(value, schema, place = "") {
  if (value === null && schema.nullable) return [];
  if (schema.oneOf) {
    const fits = schema.oneOf.some((each) => problems(value, each, place).length === 0);
    return fits ? [] : [`${place || "body"} has a type that is not allowed`];
  }
  if (!TYPES[schema.type](value)) return [`${place || "body"} must be of type ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${place} must be one of ${schema.enum.join(", ")}`];
  return CHECKS[schema.type]?.(value, schema, place) ?? [];
}

const CHECKS = {
  string(value, schema, place) {
    const length = [...value].length;
    if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? Infinity)) return [`${place} has a wrong length`];
    if (/[\0\ud800-\udfff]/u.test(value)) return [`${place} has a character that cannot be stored`];
    if (schema.pattern && !new RegExp(schema.pattern, "u").test(value)) return [`${place} must match ${schema.pattern}`];
    const wrong = schema.format && !FORMATS[schema.format].test(value);
    return wrong || (schema.format?.startsWith("date") && !isDate(value.slice(0, 10))) ? [`${place} must be of format ${schema.format}`] : [];
  },
  integer: range,
  number: range,
  array(value, schema, place) {
    if (value.length > (schema.maxItems ?? Infinity)) return [`${place} has too many items`];
    return value.flatMap((item, index) => problems(item, schema.items, `${place}[${index}]`));
  },
  object(value, schema, place) {
    const prefix = place ? `${place}.` : "";
    const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties, name));
    const inner = Object.entries(value)
      .filter(([name]) => Object.hasOwn(schema.properties, name) && !schema.properties[name].readOnly)
      .flatMap(([name, each]) => problems(each, schema.properties[name], prefix + name));
    return [
      ...missing.map((name) => `${prefix}${name} is required`),
      ...(schema.additionalProperties === false ? unknown.map((name) => `${prefix}${name} is unknown`) : []),
      ...inner,
    ];
  },
};

function range(value, schema, place) {
  const outside = value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity);
  return outside ? [`${place} is out of range`] : [];
}
