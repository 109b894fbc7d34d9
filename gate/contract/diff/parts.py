"""Changes of the parts of an operation: parameters, the request body, and media types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from gate.contract.diff.change import Change, Proof, Where
from gate.contract.diff.containment import Containment
from gate.contract.diff.encodings import encodings
from gate.contract.diff.keywords import SchemaChange
from gate.contract.diff.kinds import listed_types
from gate.contract.diff.media import MediaType, covering, same
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Direction, Rule
from gate.contract.diff.schemas import Schemas
from gate.contract.diff.views import Mentioned, Views
from gate.contract.diff.wire import SCALARS, Texts, reserved, texts_in
from gate.contract.diff.xml import elements
from gate.contract.nodes import Node, Operation, simplified

DEFAULT_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}

IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that OpenAPI ignores."""


class Parts:
    """Compares the parts of operations; schemas that several share, or ``same`` has compared, are compared once."""

    def __init__(self, sent: Direction = Direction.REQUEST, same: Parts | None = None) -> None:
        self.sent = sent
        self.answered = Direction.RESPONSE if sent is Direction.REQUEST else Direction.REQUEST
        self._containment: Containment = same._containment if same else Containment()
        self._reported: dict[tuple[Any, ...], Change] = same._reported if same else {}
        """Changes of schemas at the places that are nearest to them."""
        mentioned = Mentioned()
        self._views: dict[Direction, Views] = (
            same._views if same else {direction: Views(direction, mentioned) for direction in Direction}
        )
        self._schemas: dict[Direction, Schemas] = (
            same._schemas if same else {direction: Schemas(direction, self._containment) for direction in Direction}
        )

    @cached_property
    def inverse(self) -> Parts:
        """The same for requests that the service itself sends."""
        return Parts(self.answered, self)

    def unchanged(self, old: Node, new: Node) -> bool:
        """Return whether two parts say the same, with all that they refer to."""
        return self._containment.unchanged(old, new)

    def parameters(self, place: Place, old: Operation, new: Operation, renamed: Mapping[str, str]) -> Iterator[Change]:
        """Parameters of an operation and of its path; ``renamed`` has the new names of path parameters."""
        owners = ((old.item, new.item), (old.node, new.node))
        if old.path == new.path and all(
            self.unchanged(*(owner.child("parameters") for owner in pair)) for pair in owners
        ):
            return
        after = _heeded(new)
        before = {
            (kind, renamed.get(name, name) if kind == "path" else name): parameter
            for (kind, name), parameter in _heeded(old).items()
        }
        for (kind, name), parameter in before.items():
            here = place.at(f"{kind} parameter {name}")
            if (kind, name) not in after:
                yield here.change(Rule.PARAMETER_REMOVED, parameter, f"{name} removed")
            else:
                yield from self._parameter(here, parameter, after[kind, name])
        for (kind, name), parameter in after.items():
            if (kind, name) not in before:
                rule = (
                    Rule.REQUIRED_PARAMETER_ADDED if parameter.value.get("required") else Rule.OPTIONAL_PARAMETER_ADDED
                )
                yield place.at(f"{kind} parameter {name}").change(rule, parameter, f"{name} added")

    def _parameter(self, place: Place, old: Node, new: Node) -> Iterator[Change]:
        if self.unchanged(old, new):
            return
        before, after = old.value["name"], new.value["name"]
        if before != after and new.value["in"] != "header":
            text = f"{before} renamed to {after}"
            yield place.change(Rule.PARAMETER_RENAMED, new.child("name"), text, before, after)
        yield from required(place, old, new, Rule.PARAMETER_REQUIRED, Rule.PARAMETER_OPTIONAL)
        yield from written(place, Rule.PARAMETER_WRITTEN_DIFFERENTLY, old, new)
        yield from self.text(place, self.sent, old, new)

    def body(self, place: Place, old: Node, new: Node) -> Iterator[Change]:
        """The request body: present, required, its media types and their schemas."""
        before, after = old.child("requestBody").follow(), new.child("requestBody").follow()
        place = place.at("request body")
        if before.value is None and after.value is not None:
            rule = Rule.REQUIRED_BODY_ADDED if after.value.get("required") else Rule.OPTIONAL_BODY_ADDED
            yield place.change(rule, after, "request body added")
        elif before.value is not None and after.value is None:
            yield place.change(Rule.BODY_REMOVED, before, "request body removed")
        elif before.value is not None:
            yield from required(place, before, after, Rule.BODY_REQUIRED, Rule.BODY_OPTIONAL)
            types = Rule.REQUEST_TYPE_REMOVED, Rule.REQUEST_TYPE_ADDED
            yield from self.content(place, self.sent, before, after, types)

    def content(
        self, place: Place, direction: Direction, old: Node, new: Node, types: tuple[Rule, Rule]
    ) -> Iterator[Change]:
        """Media types, and the schemas of those that both sides have; a range has the types that it covers."""
        before, after = (dict(side.child("content").items()) for side in (old, new))
        request = direction is Direction.REQUEST
        for media, content in before.items():
            other = same(media, after) or covering(media, after)
            if other:
                yield from self._media(place, direction, (media, content), after[other])
            elif request or not any(MediaType.parse(media).covers(MediaType.parse(name)) for name in after):
                yield place.change(types[0], content, f"{media} removed")
        for media in [media for media in after if not same(media, before)]:
            wider = covering(media, before)
            if wider is None:
                yield place.change(types[1], after[media], f"{media} added")
            else:
                yield from self._media(place, direction, (media, before[wider]), after[media])

    def _media(self, place: Place, direction: Direction, old: tuple[str, Node], new: Node) -> Iterator[Change]:
        here = place.at(f"{place.location}, {old[0]}")
        before, after = (side.child("schema", default=True) for side in (old[1], new))
        if MediaType.parse(old[0]).is_raw and _octets(before) and _octets(after):
            return
        encoding = {**(old[1].value.get("encoding") or {}), **(new.value.get("encoding") or {})}
        yield from self.schema(here, direction, before, after, texts_in(old[0], encoding, direction, self._containment))
        if MediaType.parse(old[0]).is_xml:
            for change in elements(before, after):
                yield _placed(here, direction, change, change.severity)
        yield from encodings(partial(self._header_of_part, direction), here, direction, old[0], old[1], new)

    def schema(
        self, place: Place, direction: Direction, old: Node, new: Node, texts: Texts | None = None
    ) -> Iterator[Change]:
        """Changes of a schema, as its direction sees them; ``texts`` compares what is written as text."""
        schemas, views = self._schemas[direction], self._views[direction]
        before, after = views.old(old), views.new(new)
        if texts and not schemas.unchanged(before, after):
            before, after = texts.compared(before, after)
            if texts.changes:
                schemas = Schemas(direction, Containment())  # which knows nothing of these places
            for change in texts.changes:
                yield _placed(place, direction, change, change.severity)
        repeats = []
        for change in schemas.compare(before, after):
            key = direction, change.rule, change.severity, change.pointer, change.text
            nearest = self._reported.get(key)
            if nearest is not None and nearest.distance <= change.distance:
                repeats.append(nearest)
            else:
                proof = Proof(change.trail, direction, schemas.containment) if change.trail else None
                self._reported[key] = _placed(place, direction, change, schemas.severity(change), proof)
                yield self._reported[key]
        if repeats:
            yield Change("", "", Where(place.operation, place.location, ""), "", repeats=repeats)

    def _header_of_part(self, direction: Direction, place: Place, old: Node, new: Node) -> Iterator[Change]:
        yield from self.text(place, direction, old, new)

    def text(self, place: Place, direction: Direction, old: Node, new: Node) -> Iterator[Change]:
        """Changes of the schema of a parameter or a header, which is written as text."""
        before, after = _schema_of(old), _schema_of(new)
        texts = None
        if "content" not in old.value and "content" not in new.value:
            narrow, style = before if direction is Direction.REQUEST else after, _style(old)
            single = style in (("form", True), ("simple", True), ("simple", False)) or "string" not in listed_types(
                simplified(narrow).value
            )
            texts = Texts(direction, self._containment, list_of_one=single)
        yield from self.schema(place, direction, before, after, texts)


def _placed(
    place: Place, direction: Direction, change: SchemaChange, severity: str, proof: Proof | None = None
) -> Change:
    where, rule = Where(place.operation, place.location, change.pointer), change.rule.code(direction)
    return Change(rule, severity, where, change.text, change.old, change.new, proof=proof)


def _heeded(operation: Operation) -> dict[tuple[str, str], Node]:
    """The parameters without the headers that OpenAPI ignores."""
    parameters = operation.parameters()
    return {key: node for key, node in parameters.items() if key[0] != "header" or key[1] not in IGNORED_HEADERS}


def _style(parameter: Node) -> tuple[str, bool]:
    value = parameter.value
    style = str(value.get("style", DEFAULT_STYLES.get(value.get("in", "header"), "simple")))
    return style, bool(value.get("explode", style == "form"))


def written(place: Place, rule: Rule, old: Node, new: Node) -> Iterator[Change]:
    """The changes of how a parameter or a header is written."""
    types = _types(old) | _types(new) if _types(old) == _types(new) else _types(old) & SCALARS or _types(old)
    before, after = _serialisation(old, types), _serialisation(new, types)
    if before["allowReserved"] != after["allowReserved"] and not all(reserved(_schema_of(side)) for side in (old, new)):
        before["allowReserved"] = after["allowReserved"]
    for keyword in [key for key in after if after[key] != before[key]]:
        text = f"{keyword} {before[keyword]} -> {after[keyword]}"
        severity = "safe" if keyword in ("allowReserved", "allowEmptyValue") and after[keyword] else ""
        yield place.change(rule, new.child(keyword), text, before[keyword], after[keyword], severity)


def _serialisation(parameter: Node, types: frozenset[str]) -> dict[str, Any]:
    """Keywords that say how the value of a parameter is written, where they have an effect on these types."""
    value = parameter.value
    style, explode = _style(parameter)
    scalar, array = types <= SCALARS, types <= SCALARS | {"array"}
    without_effect = scalar or (array and style == "simple") or style == "deepObject"
    media = next(iter(value.get("content", {})), None)
    query = value.get("in") == "query"
    return {
        "style": style if not scalar or style in ("label", "matrix") else "any",
        "explode": None if without_effect else explode,
        "allowReserved": query and bool(value.get("allowReserved", False)),
        "allowEmptyValue": query and bool(value.get("allowEmptyValue", False)),
        "content": media and str(MediaType.parse(media)),
    }


def _octets(schema: Node) -> bool:
    """Return whether a schema says no more than that there are octets, in the words of 3.0 or of 3.1."""
    value = simplified(schema).value
    return (
        (value.get("type") == "string" or not value)
        and value.keys() <= {"type", "format", "contentMediaType"}
        and (value.get("format", "binary") == "binary")
    )


def _types(parameter: Node) -> frozenset[str]:
    return listed_types(simplified(_schema_of(parameter)).value)


def _schema_of(node: Node) -> Node:
    """The schema of a parameter or header, or of the media type that it is written in."""
    media = next(iter(node.value.get("content", {})), None)
    return node.child("content", media, "schema", default=True) if media else node.child("schema", default=True)


def required(place: Place, old: Node, new: Node, rule: Rule, optional: Rule) -> Iterator[Change]:
    """The change of a part that became required (``rule``), or optional."""
    before, after = bool(old.value.get("required")), bool(new.value.get("required"))
    if before != after:
        text = "became required" if after else "became optional"
        yield place.change(rule if after else optional, new.child("required"), text, before, after)
