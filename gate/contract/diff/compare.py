"""Changes between two documents: paths, operations, security, and extensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.diff.change import Change, ranked
from gate.contract.diff.parts import Parts, Place
from gate.contract.diff.rules import Rule
from gate.contract.nodes import METHODS, Node, Operation, shape


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every change that somebody who relies on ``old`` may notice in ``new``, worst first.

    Texts, examples, tags and servers are not compared. Raises DanglingReferenceError where a reference leads nowhere.
    """
    return ranked(_changes(Node(old, "", old), Node(new, "", new)))


def _changes(old: Node, new: Node) -> Iterator[Change]:
    parts = Parts()
    before, after = _paths(old), _paths(new)
    for key, path in before.items():
        if key in after:
            yield from _path(path, after[key], parts)
        else:
            text = f"{path[0]} removed ({', '.join(method.upper() for method in _methods(path[1]))})"
            yield Place(path[0], "path").change(Rule.PATH_REMOVED, old.child("paths", path[0]), text)
    for key, path in after.items():
        if key not in before:
            text = f"{path[0]} added ({', '.join(method.upper() for method in _methods(path[1]))})"
            yield Place(path[0], "path").change(Rule.PATH_ADDED, new.child("paths", path[0]), text)
    yield from _schemes(old, new)
    yield from _values(Rule.CALLBACK_CHANGED, Place("", "webhooks"), old.child("webhooks"), new.child("webhooks"))
    for name in sorted(key for key in {**old.value, **new.value} if key.startswith("x-")):
        yield from _values(Rule.EXTENSION_CHANGED, Place("", "extension"), old.child(name), new.child(name))


def _paths(document: Node) -> dict[str, tuple[str, Node]]:
    """Paths and their items by shape."""
    return {shape(path): (path, item) for path, item in document.child("paths").items()}


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
            yield from _operation(place, before, after)
            pair = Operation(method, old[0], old[1], before), Operation(method, new[0], new[1], after)
            yield from parts.parameters(place, *pair, names)
            yield from parts.body(place, before, after)
            yield from parts.responses(place, before, after)


def _operation(place: Place, old: Node, new: Node) -> Iterator[Change]:
    before, after = old.value.get("operationId"), new.value.get("operationId")
    if before != after:
        text = f"operationId {before} -> {after}"
        yield place.change(Rule.OPERATION_ID_CHANGED, new.child("operationId"), text, before, after)
    before, after = bool(old.value.get("deprecated")), bool(new.value.get("deprecated"))
    if before != after:
        text = "deprecated" if after else "no longer deprecated"
        yield place.change(Rule.DEPRECATION_CHANGED, new.child("deprecated"), text, before, after)
    before, after = _security(old), _security(new)
    if not _admitted(before, after):
        yield place.change(Rule.SECURITY_TIGHTENED, new.child("security"), "security tightened", before, after)
    elif not _admitted(after, before):
        yield place.change(Rule.SECURITY_LOOSENED, new.child("security"), "security loosened", before, after)
    yield from _values(Rule.CALLBACK_CHANGED, place.at("callbacks"), old.child("callbacks"), new.child("callbacks"))


def _security(operation: Node) -> list[dict[str, list[str]]]:
    """The alternatives of an operation; the empty one where nothing is asked for."""
    return operation.value.get("security", operation.document.get("security")) or [{}]


def _admitted(callers: list[dict[str, list[str]]], asked: list[dict[str, list[str]]]) -> bool:
    """Return whether every caller that satisfies the first alternatives satisfies the second."""

    def enough(has: dict[str, list[str]], needs: dict[str, list[str]]) -> bool:
        return all(name in has and set(scopes) <= set(has[name]) for name, scopes in needs.items())

    return all(any(enough(has, needs) for needs in asked) for has in callers)


def _schemes(old: Node, new: Node) -> Iterator[Change]:
    """Schemes that both documents define; added and removed ones show at the operations that ask for them."""
    before, after = old.child("components", "securitySchemes"), new.child("components", "securitySchemes")
    after_by_name = dict(after.items())
    for name, scheme in before.items():
        if name in after_by_name:
            place, ignored = Place("", "security scheme"), ("description",)
            yield from _values(Rule.SECURITY_SCHEME_CHANGED, place, scheme, after_by_name[name], ignored)


def _values(rule: Rule, place: Place, old: Node, new: Node, ignored: tuple[str, ...] = ()) -> Iterator[Change]:
    """A change for each smallest value that differs; lists of plain values are compared as sets."""
    before, after = old.value, new.value
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            if key not in ignored:
                yield from _values(rule, place, old.child(key), new.child(key), ignored)
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
