"""Coverage of a contract: parameters, fields, keywords and enumerated values that the exchanges of a run reached."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs

from gate.contract.document import BASE, Contract
from gate.contract.nodes import Node, Operation
from gate.contract.parts import BODY, fields
from gate.core.exchange import Exchange

ASSERTIONS = frozenset(
    re.findall(
        r"\w+",
        """
        type enum const not anyOf oneOf minLength maxLength pattern format minimum maximum exclusiveMinimum
        exclusiveMaximum multipleOf minItems maxItems uniqueItems contains required dependentRequired minProperties
        maxProperties propertyNames additionalProperties
        """,
    )
)
"""Keywords that a value can violate."""
COMPOUND = frozenset({"anyOf", "oneOf", "not", "dependentRequired", "contains", "propertyNames"})
REPORTED_WITH = {"minLength": "maxLength", "additionalProperties": "required"}
"""Keywords that jsonschema-rs checks with another and reports as that one."""
ALL_OF_THE_FIRST, THEN_ONE_IN = 20, 10
"""Valid values of each schema whose keywords are read, of the first those with a new place or type."""
OWNER = re.compile("[A-Z]+ /[^ ]*|[^ ]*")
"""The id of an operation, or its method and path where it has none."""
REQUEST, RESPONSE = "request", "response"
SATISFIED, VIOLATED = "satisfied", "violated"

Part = tuple[str, str]
"""Kind and name of a part of a contract."""


class CoverageRecorder:
    """Records the parts of a contract that exchanges reach, each part once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._documented = contract.parts
        self._all = coverable(contract)
        self._reached: set[Part] = set()
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._unreached: dict[str, set[Part]] = {}
        self._valid = Counter[str]()
        self._forms = defaultdict[str, set[tuple[str, type]]](set)
        self._violations: set[tuple[str, frozenset[Any]]] = set()

    def record(self, operation: Operation, exchange: Exchange) -> dict[str, list[str]]:
        """Names of the parts that this exchange is the first to reach, by kind."""
        new: dict[str, list[str]] = {}
        for kind, name in self._parts(operation, exchange):
            if (kind, name) not in self._reached and name in self._all[kind]:
                self._reached.add((kind, name))
                new.setdefault(kind, []).append(name)
        return new

    def _parts(self, operation: Operation, exchange: Exchange) -> Iterator[Part]:
        for name, text in _parameters(operation, exchange):
            if name in self._documented.parameters:
                yield "parameters", name
                yield from self._value(name, _typed(self._documented.roots[name], text), REQUEST)
        if exchange.sent is not None:
            yield from self._value(f"{operation.id} {BODY}", exchange.sent, REQUEST)
        documented = operation.response(exchange.status)
        if exchange.json is not None and documented:
            yield from self._value(f"{operation.id} {documented[0]}", exchange.json, RESPONSE)

    def _value(self, name: str, value: Any, direction: str) -> Iterator[Part]:
        root = self._documented.roots.get(name)
        if root is None:
            return
        if self._has_unreached(name):
            yield from self._documented.names_in(name, value)
        if name not in self._validators:
            self._validators[name] = self._contract.validator(root.value)
        validator = self._validators[name]
        try:
            violations = frozenset() if direction == RESPONSE else _violations(validator.iter_errors(value))
            if self._enough(name, value) if not violations else (name, violations) in self._violations:
                return
            self._violations.add((name, violations))
            units = validator.evaluate(value).list()["details"]
        except UnicodeEncodeError:  # a lone surrogate: no text that a schema describes
            return
        for place, result in _results(units):
            if result == SATISFIED or direction == REQUEST:
                pointer = place.removeprefix(f"{BASE}#") if place.startswith(BASE) else root.pointer + place
                yield "keywords", f"{direction} {pointer} {result}"

    def _has_unreached(self, name: str) -> bool:
        """Return whether this body or parameter has a field or value that no exchange has reached."""
        if name not in self._unreached:
            self._unreached[name] = {
                (kind, part) for kind in ("fields", "values") for part in self._all[kind] if part.startswith(f"{name} ")
            }
        # One by one, as far fewer are not reached than are.
        self._unreached[name] = {part for part in self._unreached[name] if part not in self._reached}
        return bool(self._unreached[name])

    def _enough(self, name: str, value: Any) -> bool:
        self._valid[name] += 1
        if self._valid[name] > ALL_OF_THE_FIRST:
            return self._valid[name] % THEN_ONE_IN > 0
        form, known = _form(value), self._forms[name]
        new = form - known
        known |= new
        return not new


@lru_cache(maxsize=4)
def coverable(contract: Contract) -> dict[str, set[str]]:
    """Names of all parts that a run can reach, by kind; a keyword of requests can be satisfied and violated."""
    parts = contract.parts
    keywords: set[str] = set()
    for name, root in parts.roots.items():
        request = name in parts.parameters or name.endswith(f" {BODY}")
        for _, node in fields(root):
            for keyword in node.value.keys() & ASSERTIONS:
                place = f"{REQUEST if request else RESPONSE} {node.pointer}/{keyword}"
                keywords |= {f"{place} {SATISFIED}", *([f"{place} {VIOLATED}"] if request else [])}
    return {"parameters": parts.parameters, "fields": parts.fields, "values": parts.values, "keywords": keywords}


def by_owner(parts: Mapping[str, Mapping[str, bool]]) -> dict[str, dict[str, dict[str, bool]]]:
    """The parts of each kind by their owner: an operation, or for keywords a schema and its direction."""
    owners: dict[str, dict[str, dict[str, bool]]] = {}
    for kind, names in parts.items():
        for name, covered in names.items():
            owner = OWNER.match(name)[0]  # type: ignore[index]  # it matches every name
            path = name[len(owner) + 1 :]
            if kind == "keywords":
                tokens = path.split("/")
                owner, path = f"{owner} {'/'.join(tokens[3:4])}", "/".join(tokens[4:])
            owners.setdefault(owner, {}).setdefault(kind, {})[path] = covered
    return dict(sorted(owners.items()))


def _violations(errors: Iterable[jsonschema_rs.ValidationError]) -> frozenset[Any]:
    """The keywords that a value violates, with those of each alternative; far cheaper than all that it satisfies."""
    return frozenset(
        (tuple(error.schema_path), tuple(_violations(part) for part in getattr(error.kind, "context", ())))
        for error in errors
    )


def _form(value: Any) -> set[tuple[str, type]]:
    """The places in a value, with the type of each: what differs only in its texts and numbers has the same."""
    form: set[tuple[str, type]] = set()
    pending: list[tuple[str, Any]] = [("", value)]
    while pending:
        place, part = pending.pop()
        form.add((place, type(part)))
        if isinstance(part, dict):
            pending += [(f"{place}/{name}", member) for name, member in part.items()]
        elif isinstance(part, list):
            pending += [(f"{place}/*", entry) for entry in part]
    return form


def _results(units: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Places of the keywords that a value of their type satisfies or violates."""
    if all(unit["valid"] for unit in units):  # as entries of a list are, each of which has the same places
        units = list({unit["schemaLocation"]: unit for unit in units}.values())
    split = [(*unit["schemaLocation"].rpartition("/")[::2], unit) for unit in units]
    mistyped = {(place, unit["instanceLocation"]) for place, _, unit in split if "type" in unit.get("errors", ())}
    for place, keyword, unit in split:
        if unit["valid"] and (place, unit["instanceLocation"]) not in mistyped:
            keywords = {keyword, REPORTED_WITH.get(keyword)} & ASSERTIONS
            yield from ((f"{place}/{name}", SATISFIED) for name in keywords)
        elif not unit["valid"]:
            keywords = {*unit.get("errors", ()), *({keyword} & COMPOUND)} & ASSERTIONS
            yield from ((f"{place}/{name}", VIOLATED) for name in keywords)


def _parameters(operation: Operation, exchange: Exchange) -> Iterator[tuple[str, str]]:
    for name, text in (operation.path_values(exchange.path) or {}).items():
        yield f"{operation.id} path {name}", text
    for name, text in parse_qsl(exchange.query, keep_blank_values=True):
        yield f"{operation.id} query {name}", text
    for name, text in exchange.request_headers.items():
        yield f"{operation.id} header {name.lower()}", text


def _typed(root: Node, text: str) -> Any:
    """The text of a parameter as the type that its schema has."""
    schema: Mapping[str, Any] = root.follow().value
    try:
        return int(text) if schema.get("type") == "integer" else text
    except ValueError:
        return text
