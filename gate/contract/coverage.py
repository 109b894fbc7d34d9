"""What of the contract a run exercises: each parameter, field, keyword and enumerated value, seen or not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema_rs

from gate.contract.document import BASE, Contract, Operation
from gate.contract.nodes import Node
from gate.contract.surface import BODY, Surface, fields, operation_ids, shown, surface
from gate.core.exchange import Exchange

KINDS = ("parameters", "fields", "values", "keywords")
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
"""Keywords that a value can break."""
COMPOUND = frozenset({"anyOf", "oneOf", "not", "dependentRequired", "contains", "propertyNames"})
TOGETHER = {"minLength": "maxLength", "additionalProperties": "required"}
ALL_OF_THE_FIRST, THEN_ONE_IN = 20, 10
"""Valid values of one kind whose keywords are looked at: one that is kept once is kept by nearly all of them."""
REQUEST, RESPONSE = "request", "response"
KEPT, BROKEN = "kept", "broken"


class Exercise:
    """Notes what exchanges show of a contract, each thing once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._seen: set[tuple[str, str]] = set()
        self._validators: dict[str, Any] = {}
        self._left: dict[str, set[tuple[str, str]]] = {}
        self._valid = Counter[str]()
        self._faults: set[tuple[str, frozenset[Any]]] = set()  # what was wrong with values, each seen once

    @cached_property
    def _surface(self) -> Surface:
        return of_contract(self._contract)

    @cached_property
    def _every(self) -> dict[str, set[str]]:
        return everything(self._contract)

    def note(self, operation: Operation, exchange: Exchange) -> dict[str, list[str]]:
        """What this exchange is the first to show, by kind."""
        fresh: dict[str, list[str]] = {}
        for one in self._shown(operation, exchange):
            if one not in self._seen and one[1] in self._every[one[0]]:
                self._seen.add(one)
                fresh.setdefault(one[0], []).append(one[1])
        return fresh

    def _shown(self, operation: Operation, exchange: Exchange) -> Iterator[tuple[str, str]]:
        for name, text in _parameters(operation, exchange):
            if name in self._surface.parameters:
                yield "parameters", name
                yield from self._value(name, _typed(self._surface.roots[name], text), REQUEST)
        if exchange.sent is not None:
            yield from self._value(f"{operation.id} {BODY}", exchange.sent, REQUEST)
        if exchange.json is not None:
            yield from self._value(f"{operation.id} {exchange.status}", exchange.json, RESPONSE)

    def _value(self, name: str, value: Any, direction: str) -> Iterator[tuple[str, str]]:
        root = self._surface.roots.get(name)
        if root is None:
            return
        if self._unseen(name):
            yield from shown(self._surface, name, value)
        if name not in self._validators:
            self._validators[name] = self._contract.validator(root.value)
        validator = self._validators[name]
        try:
            faults = frozenset() if direction == RESPONSE else _faults(validator.iter_errors(value))
            if self._enough(name) if not faults else (name, faults) in self._faults:
                return
            self._faults.add((name, faults))
            units = validator.evaluate(value).list()["details"]
        except UnicodeEncodeError:  # a lone surrogate: no text that a schema is about
            return
        for place, how in _judged(units):
            if how == KEPT or direction == REQUEST:
                pointer = place.removeprefix(f"{BASE}#") if place.startswith(BASE) else root.pointer + place
                yield "keywords", f"{direction} {pointer} {how}"

    def _unseen(self, name: str) -> bool:
        """Whether there is a field or value of this root that no exchange has shown."""
        if name not in self._left:
            whole = {(kind, one) for kind in ("fields", "values") for one in self._every[kind]}
            self._left[name] = {one for one in whole if one[1].startswith(f"{name} ")}
        self._left[name] = {one for one in self._left[name] if one not in self._seen}
        return bool(self._left[name])

    def _enough(self, name: str) -> bool:
        self._valid[name] += 1
        return self._valid[name] > ALL_OF_THE_FIRST and self._valid[name] % THEN_ONE_IN > 0


def _faults(errors: Iterable[jsonschema_rs.ValidationError]) -> frozenset[Any]:
    """The keywords that a value breaks, with those of each alternative that it fails; cheap, unlike all it keeps."""
    return frozenset(
        (tuple(error.schema_path), tuple(_faults(each) for each in getattr(error.kind, "context", ())))
        for error in errors
    )


def _judged(units: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Keywords that a value of their type kept, and those that it broke, as places in the schema.

    The library tells of two keywords in one where it checks them in one.
    """
    split = [(*unit["schemaLocation"].rpartition("/")[::2], unit) for unit in units]
    strange = {(place, unit["instanceLocation"]) for place, _, unit in split if "type" in unit.get("errors", ())}
    for place, keyword, unit in split:
        if unit["valid"] and (place, unit["instanceLocation"]) not in strange:
            yield from ((f"{place}/{one}", KEPT) for one in (keyword, TOGETHER.get(keyword)) if one in ASSERTIONS)
        elif not unit["valid"]:
            broken = {*unit.get("errors", ()), *({keyword} & COMPOUND)}
            yield from ((f"{place}/{one}", BROKEN) for one in broken & ASSERTIONS)


def of_contract(contract: Contract) -> Surface:
    """What a contract offers, by its own names of operations."""
    return surface(contract.document, operation_ids(contract.document))


def everything(contract: Contract) -> dict[str, set[str]]:
    """All that a run could exercise, by kind; a keyword of requests is exercised by being kept and by being broken."""
    offered = of_contract(contract)
    keywords = {name for root, node in offered.roots.items() for name in _keywords(offered, root, node)}
    return {
        "parameters": offered.parameters,
        "fields": offered.fields,
        "values": offered.values,
        "keywords": keywords,
    }


def seen(contract: Contract, facts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, bool]]:
    """Whether each thing that a run could exercise is in what its workers noted, by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for fact in facts:
        for kind in KINDS if fact["kind"] == "shown" else ():
            found[kind].update(fact.get(kind, ()))
    return {kind: {name: name in found[kind] for name in sorted(names)} for kind, names in everything(contract).items()}


def _keywords(offered: Surface, name: str, root: Node) -> Iterator[str]:
    request = name in offered.parameters or name.endswith(f" {BODY}")
    for _, node in fields(root):
        for keyword in node.value.keys() & ASSERTIONS:
            yield f"{REQUEST if request else RESPONSE} {node.pointer}/{keyword} {KEPT}"
            if request:
                yield f"{REQUEST} {node.pointer}/{keyword} {BROKEN}"


def _parameters(operation: Operation, exchange: Exchange) -> Iterator[tuple[str, str]]:
    matched = operation.pattern.fullmatch(exchange.path.replace("%2F", "/").replace("%2f", "/"))
    for name, text in (matched.groupdict() if matched else {}).items():
        yield f"{operation.id} path {name}", unquote(text)
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


Table = dict[str, dict[str, dict[str, bool]]]


def by_owner(seen_by_kind: Mapping[str, Mapping[str, bool]]) -> Table:
    """The things of each kind by whose they are: an operation, or for keywords a schema and how it is used."""
    found: Table = {}
    for kind, names in seen_by_kind.items():
        for name, there in names.items():
            owner, _, rest = name.partition(" ")
            if kind == "keywords":
                parts = rest.split("/")
                owner, rest = f"{owner} {'/'.join(parts[3:4])}", "/".join(parts[4:])
            found.setdefault(owner, {}).setdefault(kind, {})[rest] = there
    return dict(sorted(found.items()))
