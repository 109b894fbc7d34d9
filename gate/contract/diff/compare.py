"""Changes between two documents: paths, operations, webhooks, and extensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.diff.answers import responses
from gate.contract.diff.change import Change, ranked
from gate.contract.diff.families import with_families
from gate.contract.diff.inverted import inverted
from gate.contract.diff.parts import Parts
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Direction, Rule
from gate.contract.diff.security import security
from gate.contract.diff.servers import servers, whole_addresses
from gate.contract.nodes import METHODS, Node, Operation, shape
from gate.core.values import equal

Paths = dict[str, tuple[str, Node]]
"""Paths and their items by shape."""


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every change that somebody who relies on ``old`` may notice in ``new``, worst first.

    Texts, examples and tags are not compared. Raises DanglingReferenceError where a reference leads nowhere.
    """
    documents = with_families(old), with_families(new)
    return ranked(_changes(*(Node(document, "", document) for document in documents)))


def _changes(old: Node, new: Node) -> Iterator[Change]:
    parts = Parts()
    before, after = _paths(old), _paths(new)
    around = all(equal(*(side.value.get(key) for side in (old, new))) for key in ("servers", "security"))
    around = around and equal(*(side.child("components", "securitySchemes").value for side in (old, new)))
    moved = _moved(before, after)
    for key, path in before.items():
        there = after.get(moved.get(key, key))
        if there is not None:
            if not (around and path[0] == there[0] and parts.unchanged(path[1], there[1])):
                yield from _path(path, there, parts)
        else:
            text = f"{path[0]} removed ({', '.join(method.upper() for method in _methods(path[1]))})"
            yield Place(path[0], "path").change(Rule.PATH_REMOVED, old.child("paths", path[0]), text)
    for key, path in after.items():
        if key not in before and key not in moved.values():
            text = f"{path[0]} added ({', '.join(method.upper() for method in _methods(path[1]))})"
            yield Place(path[0], "path").change(Rule.PATH_ADDED, new.child("paths", path[0]), text)
    yield from inverted(_sent_by_the_service("webhook", old.child("webhooks"), new.child("webhooks"), parts.inverse))
    for name in sorted(key for key in {**old.value, **new.value} if key.startswith("x-")):
        yield from _values(Rule.EXTENSION_CHANGED, Place("", "extension"), old.child(name), new.child(name))


def _paths(document: Node) -> Paths:
    """Paths that have operations, and their items, by shape."""
    items = document.child("paths").items()
    return {shape(path): (path, item) for path, item in items if path.startswith("/") and _methods(item)}


def _moved(before: Paths, after: Paths) -> dict[str, str]:
    """The new shapes of paths that have the same addresses as before, though their servers and paths changed."""
    added = [key for key in after if key not in before]
    known = {tuple(_addressed(*after[key]).items()): key for key in added}
    pairs = {key: known.get(tuple(_addressed(*before[key]).items())) for key in before if key not in after and added}
    return {key: there for key, there in pairs.items() if there and key.count("{}") == there.count("{}")}


def _addressed(path: str, item: Node) -> dict[str, frozenset[str]]:
    """The addresses of each method of a path."""
    return {method: whole_addresses(Operation(method, path, item, item.child(method))) for method in _methods(item)}


def _methods(item: Node) -> list[str]:
    return [method for method in METHODS if method in item.value]


def _path(old: tuple[str, Node], new: tuple[str, Node], parts: Parts) -> Iterator[Change]:
    names = dict(zip(re.findall(r"\{([^{}]*)\}", old[0]), re.findall(r"\{([^{}]*)\}", new[0]), strict=True))
    for method in dict.fromkeys([*_methods(old[1]), *_methods(new[1])]):
        place = Place(f"{method.upper()} {new[0]}", "")
        before, after = old[1].child(method), new[1].child(method)
        if after.value is None:
            yield place.change(Rule.OPERATION_REMOVED, before, f"{place.operation} removed")
        elif before.value is None:
            yield place.change(Rule.OPERATION_ADDED, after, f"{place.operation} added")
        else:
            pair = Operation(method, old[0], old[1], before), Operation(method, new[0], new[1], after)
            yield from _operation(place, before, after)
            if parts.sent is Direction.REQUEST:
                yield from security(place, before, after)
                yield from servers(place, *pair)
            yield from parts.parameters(place, *pair, names)
            yield from parts.body(place, before, after)
            yield from responses(parts, place, before, after)
            yield from inverted(_callbacks(place, before.child("callbacks"), after.child("callbacks"), parts.inverse))


def _operation(place: Place, old: Node, new: Node) -> Iterator[Change]:
    before, after = old.value.get("operationId"), new.value.get("operationId")
    if before != after:
        text = f"operationId {before} -> {after}"
        yield place.change(Rule.OPERATION_ID_CHANGED, new.child("operationId"), text, before, after)
    before, after = bool(old.value.get("deprecated")), bool(new.value.get("deprecated"))
    if before != after:
        text = "deprecated" if after else "no longer deprecated"
        yield place.change(Rule.DEPRECATION_CHANGED, new.child("deprecated"), text, before, after)


def _callbacks(place: Place, old: Node, new: Node, parts: Parts) -> Iterator[Change]:
    before, after = dict(old.items()), dict(new.items())
    for name in [name for name in before if name not in after]:
        same = (key for key in after if key not in before and after[key].value.keys() == before[name].value.keys())
        renamed = next(same, None)
        if renamed is not None:  # the name of a callback is in no request
            yield place.at(f"callback {name}").change(
                Rule.CALLBACK_CHANGED, after[renamed], f"callback {name} renamed to {renamed}", severity="safe"
            )
            before[renamed] = before.pop(name)
    for name in dict.fromkeys([*before, *after]):
        here = place.at(f"callback {name}")
        if name not in after:
            yield here.change(Rule.PATH_REMOVED, before[name], f"callback {name} removed")
        elif name not in before:
            text = f"callback {name} added"
            yield here.change(Rule.CALLBACK_CHANGED, after[name], text)
        else:
            yield from _sent_by_the_service(f"{place.operation} callback {name}", before[name], after[name], parts)


def _sent_by_the_service(kind: str, old: Node, new: Node, parts: Parts) -> Iterator[Change]:
    """Changes of requests that the service sends; what is sent and what is answered change their parts."""
    before, after = dict(old.items()), dict(new.items())
    for name in dict.fromkeys([*before, *after]):
        here = Place(f"{kind} {name}", "")
        if name not in after:
            yield here.change(Rule.PATH_REMOVED, before[name], f"{kind} {name} removed")
        elif name not in before:
            yield here.change(Rule.PATH_ADDED, after[name], f"{kind} {name} added")
        else:
            yield from _path((name, before[name]), (name, after[name]), parts)


def _values(rule: Rule, place: Place, old: Node, new: Node) -> Iterator[Change]:
    """A change for each smallest value that differs; lists of plain values are compared as sets."""
    before, after = old.value, new.value
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _values(rule, place, old.child(key), new.child(key))
    elif _text(before) != _text(after):
        node = old if after is None else new
        if isinstance(before, list) and isinstance(after, list):
            removed = [value for value in before if value not in after]
            added = [value for value in after if value not in before]
            parts = (("removed", removed), ("added", added))
            texts = [f"{verb} {', '.join(map(_text, values))}" for verb, values in parts if values]
            text = "; ".join(texts) or "order changed"
        else:
            text = "removed" if after is None else "added" if before is None else f"{_text(before)} -> {_text(after)}"
        yield place.change(rule, node, text, before, after)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
