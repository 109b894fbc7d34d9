"""Views of a document for one direction: members that are never sent that way lose their schema.

A readOnly member is not sent in a request, a writeOnly member not in an answer. On the side that sends, such a member
accepts nothing; on the side that receives, everything. Pointers stay those of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.diff.rules import Direction
from gate.contract.nodes import DATA, MAPS, DanglingReferenceError, Node, locate
from gate.core.documents import COLLECTIONS

FLAGS = {Direction.REQUEST: "readOnly", Direction.RESPONSE: "writeOnly"}
"""The keyword of members that are not sent in a direction."""

HIDDEN = "x-beacon-hidden"
"""Holds the schema that a hidden member has in the document, and whether it is required there."""

NAMED = MAPS | {"schemas"}


class Mentioned:
    """Tells which of the flags are anywhere in a document; each is looked through once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Mapping[str, Any], set[str]]] = {}

    def __call__(self, document: Mapping[str, Any]) -> set[str]:
        """The flags that are set in a document."""
        if id(document) not in self._known:
            present, flags = set[str](), set(FLAGS.values())
            waiting: list[Any] = [document]
            while waiting:
                here = waiting.pop()
                for key, child in here.items() if type(here) is dict else enumerate(here):
                    if type(child) in COLLECTIONS:
                        waiting.append(child)
                    elif child is True and key in flags:
                        present.add(key)
            self._known[id(document)] = document, present
        return self._known[id(document)][1]


class Views:
    """Views of documents; each is made once."""

    def __init__(self, direction: Direction, mentioned: Mentioned) -> None:
        self.direction = direction
        self._mentioned = mentioned
        self._views: dict[tuple[int, bool], tuple[Mapping[str, Any], Any]] = {}

    def old(self, node: Node) -> Node:
        """A place of the old document, as this direction sees it."""
        return self._view(node, sends=self.direction is Direction.REQUEST)

    def new(self, node: Node) -> Node:
        """A place of the new document, as this direction sees it."""
        return self._view(node, sends=self.direction is Direction.RESPONSE)

    def _view(self, node: Node, *, sends: bool) -> Node:
        key = (id(node.document), sends)
        if key not in self._views:
            flag, viewed = FLAGS[self.direction], node.document
            if flag in self._mentioned(node.document):
                viewed = _viewed(node.document, node.document, flag, sends, frozenset())
            self._views[key] = node.document, viewed
        document = self._views[key][1]
        if document is node.document:
            return node
        try:
            value = locate(document, f"#{node.pointer}").value
        except DanglingReferenceError:
            value = node.value
        return Node(document, node.pointer, value)


def hidden(schema: Any) -> Mapping[str, Any] | None:
    """Return the schema and the requirement that a view keeps of a member; None for one that is sent."""
    return schema.get(HIDDEN) if isinstance(schema, dict) else None


def _viewed(
    document: Mapping[str, Any], value: Any, flag: str, sends: bool, above: frozenset[str], named: bool = False
) -> Any:
    if isinstance(value, list):
        return _kept(value, [_viewed(document, entry, flag, sends, above) for entry in value])
    if not isinstance(value, Mapping):
        return value
    names = frozenset() if named else above | frozenset(_hidden_names(document, value, flag))
    result = {}
    for key, child in value.items():
        if not named and (key.startswith("x-") or key in ("example", "examples")):
            result[key] = child
        elif key == "dependentRequired" and not named and isinstance(child, Mapping):
            result[key] = {name: [each for each in needed if each not in names] for name, needed in child.items()}
        elif key in DATA and not named:
            hidden_too = key == "required" and isinstance(child, list) and not names.isdisjoint(child)
            result[key] = [name for name in child if name not in names] if hidden_too else child
        elif key == "properties" and not named and isinstance(child, Mapping):
            required = value.get("required", ())
            result[key] = {
                name: _marked(schema, flag, sends, name in required)
                if name in names and _flagged(document, schema, flag)
                else _viewed(document, schema, flag, sends, frozenset())
                for name, schema in child.items()
            }
        elif key == "allOf" and not named and isinstance(child, list):
            result[key] = [_viewed(document, entry, flag, sends, names) for entry in child]
        else:
            result[key] = _viewed(document, child, flag, sends, frozenset(), named=not named and key in NAMED)
    return _kept(value, result)


def _kept(value: Any, viewed: Any) -> Any:
    """The value itself where its view is the same, so that views share what no flag is in."""
    pairs = (
        ((value[key], viewed[key]) for key in value) if isinstance(value, Mapping) else zip(value, viewed, strict=True)
    )
    return value if all(old is new for old, new in pairs) else viewed


def _marked(schema: Any, flag: str, sends: bool, required: bool) -> dict[str, Any]:
    marked = {flag: True, HIDDEN: {"schema": schema, "required": required}}
    return {**marked, "not": {}} if sends else marked


def _hidden_names(document: Mapping[str, Any], schema: Mapping[str, Any], flag: str) -> Iterator[str]:
    for part in conjuncts(document, schema):
        properties = part.get("properties")
        for name, member in properties.items() if isinstance(properties, Mapping) else ():
            if _flagged(document, member, flag):
                yield name


def _flagged(document: Mapping[str, Any], schema: Any, flag: str) -> bool:
    return any(part.get(flag) is True for part in conjuncts(document, schema))


def conjuncts(document: Mapping[str, Any], schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema, and those that it names by ``$ref`` and ``allOf``."""
    waiting, seen = [schema], set[str]()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Mapping):
            continue
        yield part
        listed = part.get("allOf")
        waiting += listed if isinstance(listed, list) else []
        reference = part.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            waiting.append(locate(document, reference).value)
