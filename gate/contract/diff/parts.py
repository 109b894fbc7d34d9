"""Changes of the parts of an operation: parameters, request body, responses, headers and links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gate.contract.diff.change import Change, Where
from gate.contract.diff.containment import Containment
from gate.contract.diff.rules import Direction, Rule, rules
from gate.contract.diff.schemas import Schemas
from gate.contract.nodes import Node, Operation

DEFAULT_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


@dataclass(frozen=True)
class Place:
    """An operation and a part of it."""

    operation: str
    location: str

    def at(self, location: str) -> Place:
        """Another part of the same operation."""
        return replace(self, location=location)

    def change(self, rule: Rule, node: Node, text: str, old: Any = None, new: Any = None) -> Change:
        """A change here; ``node`` is its place in the document."""
        where = Where(self.operation, self.location, node.pointer)
        return Change(rule.code, rules()[rule.code].severity, where, text, old, new)


class Parts:
    """Compares the parts of operations; schemas that several share are compared once."""

    def __init__(self) -> None:
        containment = Containment()
        self._schemas = {direction: Schemas(direction, containment) for direction in Direction}

    def parameters(self, place: Place, old: Operation, new: Operation, renamed: Mapping[str, str]) -> Iterator[Change]:
        """Parameters of an operation and of its path; ``renamed`` has the new names of path parameters."""
        after = new.parameters()
        before = {
            (kind, renamed.get(name, name) if kind == "path" else name): parameter
            for (kind, name), parameter in old.parameters().items()
        }
        for (kind, name), parameter in before.items():
            here = place.at(f"{kind} parameter {name}")
            if (kind, name) not in after:
                yield here.change(Rule.PARAMETER_REMOVED, parameter, f"{name} removed")
            else:
                yield from self._parameter(here, parameter, after[kind, name])
        for (kind, name), parameter in after.items():
            if (kind, name) not in before:
                required = parameter.value.get("required")
                rule = Rule.REQUIRED_PARAMETER_ADDED if required else Rule.OPTIONAL_PARAMETER_ADDED
                yield place.at(f"{kind} parameter {name}").change(rule, parameter, f"{name} added")

    def _parameter(self, place: Place, old: Node, new: Node) -> Iterator[Change]:
        before, after = old.value["name"], new.value["name"]
        if before != after and new.value["in"] != "header":
            text = f"{before} renamed to {after}"
            yield place.change(Rule.PARAMETER_RENAMED, new.child("name"), text, before, after)
        yield from _required(place, old, new, Rule.PARAMETER_REQUIRED, Rule.PARAMETER_OPTIONAL)
        before, after = _serialisation(old), _serialisation(new)
        for keyword in [key for key in after if after[key] != before[key]]:
            text = f"{keyword} {before[keyword]} -> {after[keyword]}"
            rule = Rule.PARAMETER_WRITTEN_DIFFERENTLY
            yield place.change(rule, new.child(keyword), text, before[keyword], after[keyword])
        yield from self._schema(place, Direction.REQUEST, _schema_of(old), _schema_of(new))

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
            yield from _required(place, before, after, Rule.BODY_REQUIRED, Rule.BODY_OPTIONAL)
            types = Rule.REQUEST_TYPE_REMOVED, Rule.REQUEST_TYPE_ADDED
            yield from self._content(place, Direction.REQUEST, before, after, types)

    def responses(self, place: Place, old: Node, new: Node) -> Iterator[Change]:
        """Statuses, and the media types, headers and links of those on both sides."""
        before, after = dict(old.child("responses").items()), dict(new.child("responses").items())
        for status, response in before.items():
            here = place.at(f"response {status}")
            if status not in after:
                rule = Rule.SUCCESS_REMOVED if _success(status) else Rule.ERROR_REMOVED
                yield here.change(rule, old.child("responses", status), f"{status} removed")
                continue
            types = Rule.RESPONSE_TYPE_REMOVED, Rule.RESPONSE_TYPE_ADDED
            yield from self._content(here, Direction.RESPONSE, response, after[status], types)
            yield from self._headers(here, response, after[status])
            yield from _links(here, response, after[status])
        for status in [status for status in after if status not in before]:
            rule = Rule.SUCCESS_ADDED if _success(status) else Rule.ERROR_ADDED
            yield place.at(f"response {status}").change(rule, new.child("responses", status), f"{status} added")

    def _content(
        self, place: Place, direction: Direction, old: Node, new: Node, types: tuple[Rule, Rule]
    ) -> Iterator[Change]:
        before, after = (dict(side.child("content").items()) for side in (old, new))
        for media, content in before.items():
            if media not in after:
                yield place.change(types[0], content, f"{media} removed")
                continue
            here = place.at(f"{place.location}, {media}")
            schemas = (side.child("schema", default=True) for side in (content, after[media]))
            yield from self._schema(here, direction, *schemas)
            if content.value.get("encoding") != after[media].value.get("encoding"):
                yield here.change(Rule.ENCODING_CHANGED, after[media].child("encoding"), "encoding changed")
        for media in [media for media in after if media not in before]:
            yield place.change(types[1], after[media], f"{media} added")

    def _headers(self, place: Place, old: Node, new: Node) -> Iterator[Change]:
        before, after = (
            {name.lower(): (name, header) for name, header in side.child("headers").items()} for side in (old, new)
        )
        for key, (name, header) in before.items():
            here = place.at(f"{place.location}, header {name}")
            if key not in after:
                required = header.value.get("required")
                rule = Rule.REQUIRED_HEADER_REMOVED if required else Rule.OPTIONAL_HEADER_REMOVED
                yield here.change(rule, old.child("headers", name), f"{name} removed")
            else:
                yield from _required(here, header, after[key][1], Rule.HEADER_REQUIRED, Rule.HEADER_OPTIONAL)
                yield from self._schema(here, Direction.RESPONSE, _schema_of(header), _schema_of(after[key][1]))
        for name in [name for key, (name, _) in after.items() if key not in before]:
            here = place.at(f"{place.location}, header {name}")
            yield here.change(Rule.HEADER_ADDED, new.child("headers", name), f"{name} added")

    def _schema(self, place: Place, direction: Direction, old: Node, new: Node) -> Iterator[Change]:
        schemas = self._schemas[direction]
        for change in schemas.compare(old, new):
            where = Where(place.operation, place.location, change.pointer)
            code, severity = change.rule.code(direction), schemas.severity(change)
            yield Change(code, severity, where, change.text, change.old, change.new)


def _serialisation(parameter: Node) -> dict[str, Any]:
    """Keywords that say how the value of a parameter is written."""
    value = parameter.value
    style = value.get("style", DEFAULT_STYLES[value["in"]])
    return {
        "style": style,
        "explode": value.get("explode", style == "form"),
        "allowReserved": value.get("allowReserved", False),
        "allowEmptyValue": value.get("allowEmptyValue", False),
        "content": next(iter(value.get("content", {})), None),
    }


def _schema_of(node: Node) -> Node:
    """The schema of a parameter or header, or of the media type that it is written in."""
    media = next(iter(node.value.get("content", {})), None)
    return node.child("content", media, "schema", default=True) if media else node.child("schema", default=True)


def _required(place: Place, old: Node, new: Node, required: Rule, optional: Rule) -> Iterator[Change]:
    before, after = bool(old.value.get("required")), bool(new.value.get("required"))
    if before != after:
        text = "became required" if after else "became optional"
        yield place.change(required if after else optional, new.child("required"), text, before, after)


def _success(status: str) -> bool:
    """Return whether a status or a range like 2XX means success; ``default`` does not."""
    return status[0] in "123"


def _links(place: Place, old: Node, new: Node) -> Iterator[Change]:
    before, after = dict(old.child("links").items()), dict(new.child("links").items())
    for name, link in before.items():
        here = place.at(f"{place.location}, link {name}")
        if name not in after:
            yield here.change(Rule.LINK_REMOVED, old.child("links", name), f"{name} removed")
            continue
        links = [{k: v for k, v in side.value.items() if k != "description"} for side in (link, after[name])]
        if links[0] != links[1]:
            yield here.change(Rule.LINK_CHANGED, after[name], f"{name} changed", *links)
    for name in [name for name in after if name not in before]:
        yield place.at(f"{place.location}, link {name}").change(
            Rule.LINK_ADDED, new.child("links", name), f"{name} added"
        )
