"""Reads OpenAPI documents from YAML or JSON, into one form: OpenAPI 3.1 with references within the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import jsonschema_rs

from gate.contract.bundle import Bundle, read_beside, settled
from gate.contract.grammar import IN_PLACE, SECTIONS, Tokens, filled, parts
from gate.contract.nodes import DIALECT, DanglingReferenceError, locate, operations
from gate.contract.repair import Repairs
from gate.contract.upgrade import DIALECTS, VERSION, lone, upgraded
from gate.core.documents import load_json, load_text, parse_yaml
from gate.core.errors import DocumentError
from gate.core.pointer import join
from gate.core.texts import clip

OPENAPI = Path(__file__).with_name("openapi-3.1.json")
"""The published schema of OpenAPI 3.1; its licence stands in the file NOTICE beside it."""
CONVERTED = {
    "2": ("Swagger", "Convert it: `npx swagger2openapi --outfile openapi.yaml FILE`."),
    "3.2": ("OpenAPI", "Have its generator write 3.1, or set openapi to 3.1.1 if it uses nothing that 3.2 added."),
}
"""The name of a family of versions, and how to convert them."""


Warn = Callable[[str], object]
"""Called with a sentence for each kind of fault that was read as what was meant."""


def load_openapi(path: Path, warn: Warn = str) -> dict[str, Any]:
    """The OpenAPI document in a file as 3.1, references not followed; raises DocumentError."""
    return parse(load_text(path), path, warn=warn)


def parse(text: str, path: Path, read: Callable[[str], str] | None = None, *, warn: Warn = str) -> dict[str, Any]:
    """The OpenAPI document in a text that comes from ``path``, as 3.1; raises DocumentError.

    ``read`` returns the text of a file beside it; without it, these come from the directory of ``path``.
    """
    document = parse_yaml(text, path)
    if not isinstance(document, dict):
        raise DocumentError(path, 1, "an OpenAPI document, which is a mapping")
    version = _version(document, path)
    if version == "3.0" and "paths" not in document:
        raise DocumentError(path, None, "the member paths, which a document of OpenAPI 3.0 has")
    try:
        repairs, result = _as_meant(document, version, settled)
    except _ElsewhereError:
        whole = Bundle(document, text, path, read or read_beside(path)).whole()
        repairs, result = _as_meant(whole, version, lambda *_: True)
    check(result, path)
    for sentence in repairs.sentences:
        warn(f"{path}: {sentence}")
    for operation in operations(result):
        operation.node.value.setdefault("responses", {})
    return result


class _ElsewhereError(LookupError):
    """A part of a document that is to be brought into it first."""


def _as_meant(document: dict[str, Any], version: str, whole: Callable[..., bool]) -> tuple[Repairs, dict[str, Any]]:
    """The document without small faults, in the words of OpenAPI 3.1; ``whole`` says whether a part has all that it is.

    Raises _ElsewhereError where it has not.
    """
    repairs, lone_references = Repairs(), version == "3.0"

    def visit(kind: str, value: Any, place: Tokens) -> Any:
        if not whole(kind, value, place):
            raise _ElsewhereError
        part = repairs.repaired(kind, value, place)
        if not isinstance(part, dict):
            return part
        reference = lone(kind, part, lone_references=lone_references)
        return upgraded(kind, filled(kind, part, place, visit)) if reference is None else reference

    result: dict[str, Any] = visit("document", document, ())
    return repairs, {**result, "openapi": VERSION} if lone_references else result


def _version(document: Mapping[str, Any], path: Path) -> str:
    """``3.0`` or ``3.1``; raises DocumentError for what is neither, with what converts it."""
    written = document.get("openapi", document.get("swagger"))
    version = re.fullmatch(r"(3\.[01])\.[0-9]+(-.+)?", written) if isinstance(written, str) else None
    if version and "openapi" in document:
        return version[1]
    for begin, (name, advice) in CONVERTED.items():
        if str(written).startswith(begin):
            raise DocumentError(path, None, f"OpenAPI 3.0 or 3.1, not {name} {written}", advice)
    expected = f"a member openapi of 3.0.x or 3.1.x, in quotes, not {written!r}"
    raise DocumentError(path, None, expected if written is not None else "a member openapi of 3.0.x or 3.1.x")


def check(document: Mapping[str, Any], path: Path) -> None:
    """Raises DocumentError for a document that breaks the schema of OpenAPI 3.1, JSON Schema, or its own references."""
    if not document.keys() & {"paths", "webhooks", "components"}:
        raise DocumentError(path, None, "a member paths, webhooks or components")
    # The deepest is the cause: a part that breaks its schema counts as unevaluated in all around it.
    fault = max(_openapi().iter_errors(document), key=lambda error: len(error.instance_path), default=None)
    if fault is not None:
        raise DocumentError(path, None, f"OpenAPI 3.1 at {join(*fault.instance_path) or '/'} ({_reason(fault)})")
    _check_parts(document, path)
    _check_operations(document, path)


@cache
def _openapi() -> jsonschema_rs.Validator:
    schema = load_json(OPENAPI)
    link = schema["$defs"]["link"]["properties"]  # which differs from the text of OpenAPI 3.1.0 that it is made from
    link |= {"server": link.pop("body"), "parameters": {"type": "object"}}
    return jsonschema_rs.validator_for(schema)


def _reason(fault: jsonschema_rs.ValidationError) -> str:
    unknown = re.search(r"\((.*) (was|were) unexpected\)", fault.message)
    if unknown and fault.schema_path[-1] == "unevaluatedProperties":
        return f"known members, and others only with a name that begins with x-: not {clip(unknown[1])}"
    if fault.schema_path[-1] == "oneOf" and isinstance(fault.instance, Mapping) and "in" in fault.instance:
        return "a parameter has either schema or content"
    return clip(fault.message)


def _check_parts(document: Mapping[str, Any], path: Path) -> None:
    leads: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    checked: Tokens = ("",)
    for kind, value, place in parts("document", document):
        if not isinstance(value, dict):
            continue
        if kind == "schema":
            if place[: len(checked)] != checked:
                checked = place  # with all that is below
                _check_schema(value, place, path)
            if not value.keys().isdisjoint(IN_PLACE):
                here = join(*place)
                leads[here] = [here + join(*below) for below in _in_place(value)]
        if kind in SECTIONS and isinstance(value.get("$ref"), str):
            here, reference = join(*place), value["$ref"]
            try:
                known[reference] = known.get(reference) or locate(document, reference).pointer
            except DanglingReferenceError as error:
                expected = f"a reference that leads somewhere at {here}/$ref, not {reference!r}"
                raise DocumentError(path, None, expected) from error
            leads.setdefault(here, []).append(known[reference])
    try:  # most lead to a place that leads no further
        TopologicalSorter({here: [place for place in to if place in leads] for here, to in leads.items()}).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise DocumentError(path, None, f"no reference that leads only to itself ({clip(circle)})") from error


def _check_schema(schema: Mapping[str, Any], place: Tokens, path: Path) -> None:
    if schema.get("$schema", DIALECT) not in DIALECTS:
        raise DocumentError(path, None, f"JSON Schema 2020-12 at {join(*place)}, not {schema['$schema']!r}")
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": DIALECT})
    except jsonschema_rs.ValidationError as error:
        where = join(*place, *error.instance_path)
        raise DocumentError(path, None, f"JSON Schema at {where} ({clip(error.message)})") from error


def _in_place(schema: Mapping[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """Places of the schemas that describe the same value."""
    for keyword in IN_PLACE & schema.keys():
        if keyword == "dependentSchemas" or isinstance(schema[keyword], list):
            below = schema[keyword]
            yield from ((keyword, name) for name in (below if isinstance(below, Mapping) else range(len(below))))
        else:
            yield (keyword,)


def _check_operations(document: Mapping[str, Any], path: Path) -> None:
    seen: dict[str, str] = {}
    for operation in operations(document):
        if operation.id in seen:
            twice = f"{operation.id!r} stands at {seen[operation.id]} and {operation}"
            raise DocumentError(path, None, f"each operationId, and each path and method, once; {twice}")
        seen[operation.id] = str(operation)
