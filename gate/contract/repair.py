"""Reads small faults of a document, whose meaning is clear, as what was meant; each kind of fault is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gate.contract.grammar import MEMBERS, Tokens
from gate.contract.nodes import DATA, METHODS
from gate.core.pointer import join

Note = Callable[[str], None]
Part = dict[str, Any]

VALUES = DATA | {"example", "examples", "value"}
"""Members that may be null."""
WORDS = {"true": True, "false": False}
FLAGS = {
    "deprecated",
    "readOnly",
    "writeOnly",
    "nullable",
    "uniqueItems",
    "additionalProperties",
    "required",
    "explode",
}
TEXTS = {"title", "summary", "description", "version", "operationId", "name", "termsOfService", "url", "email"}
TEXTS_OF_SCHEMAS = {"title", "description"}
TYPES = {"bool": "boolean", "int": "integer", "float": "number", "double": "number", "str": "string", "dict": "object"}
"""Names of types in programming languages, and the types that they mean."""
JSON_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
NUMBERS = {*SIZES, "minimum", "maximum", "multipleOf"}
BESIDE = frozenset({"description", "deprecated", "required", "example", "examples", "style", "explode"})
"""Members that belong to a parameter, whatever its schema is."""
INSIDE = frozenset({"type", "format", "enum", "items", "default", "minimum", "maximum", "pattern", *SIZES})
"""Members of a schema that Swagger 2.0 has in a parameter or header."""
SCOPED = ("implicit", "password", "clientCredentials", "authorizationCode")


class Repairs:
    """The repairs of a document, part by part, each before the parts below it."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}
        self._operations: set[str] = set()
        self._schemes: set[str] = set()

    @property
    def sentences(self) -> list[str]:
        """One for each kind of fault, with its first place."""
        return [
            f"{fault}, at {places[0] or '/'}" + (f" and {len(places) - 1} more places" if len(places) > 1 else "")
            for fault, places in self._places.items()
        ]

    def repaired(self, kind: str, value: Any, place: Tokens) -> Any:
        """A copy of a part with each fault of its own in the way that it is read."""

        def note(fault: str) -> None:
            self._places.setdefault(fault, []).append(join(*place))

        if value == [] and kind in MEMBERS:
            note("an empty list in place of an empty mapping")
            value = {}
        if value is None and kind in ("schema", "media", "response"):
            note("nothing in place of a mapping")
            value = {}
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str) and kind != "schema":
            return value
        result = dict(value)
        if kind in ("document", "operation"):
            self._secured(kind, result, note)
        _without_nothing(kind, result, note)
        _texts(result, kind, note)
        if kind in REPAIRS:
            REPAIRS[kind](result, note)
        if kind == "operation" and isinstance(result.get("operationId"), str) and place[:1] == ("paths",):
            self._named_once(result, note)
        return result

    def _secured(self, kind: str, part: Part, note: Note) -> None:
        """Notes the names of schemes that nothing defines; an operation is visited after the document."""
        if kind == "document":
            self._schemes = _schemes(part)
        for name in [name for name in _asked(part) if name not in self._schemes]:
            note(f"a security scheme {name!r} that no component defines, as one of its own")

    def _named_once(self, operation: Part, note: Note) -> None:
        """Keeps the operationId of the first operation that has it, and names the others by method and path."""
        if operation["operationId"] in self._operations:
            note(f"the operationId {operation['operationId']!r} once more")
            del operation["operationId"]
        else:
            self._operations.add(operation["operationId"])


def _schemes(document: Part) -> set[str]:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    return {str(name) for name in schemes} if isinstance(schemes, Mapping) else set()


def _asked(part: Part) -> list[str]:
    """The names of the schemes that a document or an operation asks for."""
    listed = part.get("security")
    alternatives = listed if isinstance(listed, list) else []
    names = [name for alternative in alternatives if isinstance(alternative, Mapping) for name in alternative]
    return list(dict.fromkeys(map(str, names)))


def _without_nothing(kind: str, part: Part, note: Note) -> None:
    """Leaves out members without a value, and reads an empty list as an empty mapping where one is expected."""
    if all(part.values()):
        return
    members = MEMBERS.get(kind, {})
    for key, value in list(part.items()):
        if value is None and key not in VALUES and not key.startswith("x-"):
            if kind == "responses":
                part[key] = {}  # which has no description
            else:
                note(f"a member {key} without a value" if key in members else "a member without a value")
                del part[key]
        elif value == [] and members.get(key, ("",))[0] == "map":
            note(f"an empty list in place of an empty mapping {key}")
            part[key] = {}


def _texts(part: Part, kind: str, note: Note) -> None:
    """Numbers and booleans in place of texts for people, and texts in place of booleans."""
    texts = TEXTS if kind != "schema" else TEXTS_OF_SCHEMAS
    for key in [] if texts.isdisjoint(part) else [key for key in part if key in texts]:
        if isinstance(part[key], int | float):
            note(f"{key} that is no text")
            part[key] = str(part[key])
    if part.get("description") is not None and not isinstance(part["description"], str):
        note("description that is no text")
        del part["description"]
    for key in [] if FLAGS.isdisjoint(part) else [key for key in part if key in FLAGS]:
        if isinstance(part[key], str) and part[key].lower() in WORDS:
            note(f"{key} that is a text, not true or false")
            part[key] = WORDS[part[key].lower()]
    outside = part.get("externalDocs")
    if "externalDocs" in part and not (isinstance(outside, Mapping) and isinstance(outside.get("url"), str)):
        note("externalDocs without a url")
        del part["externalDocs"]


def _document(part: Part, note: Note) -> None:
    if "deprecated" in part:
        note("deprecated in the document, where it says nothing")
        del part["deprecated"]
    info = part.get("info")
    written: Part = dict(info) if isinstance(info, Mapping) else {}
    for key in ("title", "version"):
        if not isinstance(written.get(key), str):
            note(f"no {key} in info that is a text")
            written[key] = str(written.get(key, ""))
    for key, value in list(written.items()):
        if not key.startswith("x-") and not isinstance(value, Mapping if key in ("contact", "license") else str):
            note(f"{key} of info in a wrong form")
            del written[key]
    _info_of_people(written, note)
    part["info"] = written
    tags = part.get("tags")
    if isinstance(tags, list):
        kept = [dict(tag) for tag in tags if isinstance(tag, Mapping) and isinstance(tag.get("name"), str)]
        for tag in kept:
            _texts(tag, "tag", note)
        if len(kept) < len(tags):
            note("a tag without a name")
        part["tags"] = kept


def _info_of_people(info: Part, note: Note) -> None:
    for key, forms in (("contact", ("name", "url", "email")), ("license", ("name", "identifier", "url"))):
        written = info.get(key)
        if isinstance(written, Mapping):
            kept = {name: value for name, value in written.items() if isinstance(value, str) or name not in forms}
            if len(kept) < len(written) or (key == "license" and "name" not in kept):
                note(f"{key} of info in a wrong form")
                info[key] = {"name": "", **kept} if key == "license" else kept


def _path(part: Part, note: Note) -> None:
    for method in METHODS:
        if isinstance(part.get(method.upper()), Mapping) and method not in part:
            note("a method in capital letters")
            part[method] = part.pop(method.upper())
    _listed(part, note)


def _operation(part: Part, note: Note) -> None:
    _listed(part, note)
    if part.get("operationId") == "":
        note("an empty operationId")
        del part["operationId"]
    if isinstance(part.get("tags"), str):
        note("tags that are no list")
        part["tags"] = [part["tags"]]


def _listed(part: Part, note: Note) -> None:
    """Parameters that are a mapping: a single one, or one for each name; and a parameter that is there twice."""
    listed = part.get("parameters")
    entries = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    places = [(each.get("in"), each["name"]) for each in entries if "name" in each]
    for where, name in [place for index, place in enumerate(places) if place in places[:index]]:
        note(f"the {where} parameter {name!r} twice, of which the last counts")
    if not isinstance(listed, Mapping):
        return
    note("parameters that are no list")
    if "$ref" in listed or "in" in listed:
        part["parameters"] = [listed]
    elif all(isinstance(entry, Mapping) for entry in listed.values()):
        part["parameters"] = [{"name": name, **entry} for name, entry in listed.items()]


def _responses(part: Part, note: Note) -> None:
    for key in [key for key in part if key.lower() == "default" and key != "default"]:
        note("default in capital letters")
        part.setdefault("default", part.pop(key))


def _response(part: Part, note: Note) -> None:
    if not isinstance(part.get("description"), str):
        note("a response without a description")
        part["description"] = ""
    schema = part.get("schema")
    if isinstance(schema, Mapping) and "content" not in part:
        note("a schema beside content, as in Swagger 2.0")
        part["content"] = {"*/*": {"schema": part.pop("schema")}}


def _parameter(part: Part, note: Note) -> None:
    if part.get("in") == "path" and part.get("required") is not True:
        note("a path parameter that is not required")
        part["required"] = True
    _inside(part, note)
    for key in ("allowEmptyValue", "allowReserved"):
        if key in part and part.get("in") != "query":
            note(f"{key} of what is no query parameter")
            del part[key]
    _examples(part, note)


def _header(part: Part, note: Note) -> None:
    for key in ("name", "in", "allowEmptyValue", "allowReserved"):
        if key in part:
            note(f"{key} in a header, which has none")
            del part[key]
    _inside(part, note)
    _examples(part, note)


def _inside(part: Part, note: Note) -> None:
    """Keywords of a schema beside it, as Swagger 2.0 writes them."""
    loose = [key for key in part if key in INSIDE]
    schema = part.get("schema", {})
    if loose and "content" not in part and isinstance(schema, Mapping) and "$ref" not in schema:
        note("keywords of a schema outside of schema, as in Swagger 2.0")
        part["schema"] = {**{key: part[key] for key in loose}, **schema}
        for key in loose:
            del part[key]


def _media(part: Part, note: Note) -> None:
    _examples(part, note)


def _examples(part: Part, note: Note) -> None:
    if "examples" in part and not isinstance(part["examples"], Mapping):
        note("examples that are no mapping")
        del part["examples"]


def _schema(part: Part, note: Note) -> None:
    _types(part, note)
    required = part.get("required")
    if isinstance(required, bool):
        note("required in a schema that is no list of names")
        del part["required"]
    elif isinstance(required, list) and len({str(name) for name in required}) < len(required):
        note("a name twice in required")
        part["required"] = list(dict.fromkeys(map(str, required)))
    for key in [] if NUMBERS.isdisjoint(part) else [key for key in part if key in NUMBERS]:
        if isinstance(part[key], str) and part[key].lstrip("-").isdigit():
            note(f"{key} that is a text")
            part[key] = int(part[key])
        elif key in SIZES and isinstance(part[key], int | float) and part[key] < 0 and key.startswith("min"):
            note(f"{key} below zero")
            del part[key]
    if isinstance(part.get("discriminator"), str):
        note("a discriminator that is a text, as in Swagger 2.0")
        part["discriminator"] = {"propertyName": part["discriminator"]}
    if "examples" in part and not isinstance(part["examples"], list):
        note("examples of a schema that are no list")
        del part["examples"]
    if "$recursiveAnchor" in part:
        note("$recursiveAnchor, which JSON Schema no longer has")
        del part["$recursiveAnchor"]


def _types(part: Part, note: Note) -> None:
    named = part.get("type")
    if isinstance(named, str) and named not in JSON_TYPES:
        meant = TYPES.get(named.lower(), named.lower())
        if meant in JSON_TYPES:
            note("a type by the name that it has elsewhere")
            part["type"] = meant
        elif meant == "file":
            note("the type file, as in Swagger 2.0")
            part.update({"type": "string", "format": "binary"})
    elif isinstance(named, list) and len({str(name) for name in named}) < len(named):
        note("a type twice")
        part["type"] = list(dict.fromkeys(map(str, named)))


def _security(part: Part, note: Note) -> None:
    if part.get("type") == "basic":
        note("the security type basic, as in Swagger 2.0")
        part.update({"type": "http", "scheme": "basic"})
    if part.get("type") != "apiKey":
        for key in ("name", "in"):
            if key in part:
                note(f"{key} of a security scheme that has none")
                del part[key]
    flows = part.get("flows")
    if part.get("type") == "oauth2" and isinstance(flows, Mapping):
        part["flows"] = {name: _flow(name, flow, note) for name, flow in flows.items()}


def _flow(name: str, flow: Any, note: Note) -> Any:
    if name in SCOPED and isinstance(flow, Mapping) and not isinstance(flow.get("scopes"), Mapping):
        note("a flow without scopes")
        return {**flow, "scopes": {}}
    return flow


REPAIRS: dict[str, Callable[[Part, Note], None]] = {
    "document": _document,
    "path": _path,
    "shared path": _path,
    "operation": _operation,
    "responses": _responses,
    "response": _response,
    "parameter": _parameter,
    "header": _header,
    "media": _media,
    "schema": _schema,
    "security": _security,
}
"""The repairs of a part, by its kind."""
