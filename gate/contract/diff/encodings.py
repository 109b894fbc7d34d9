"""Changes of the encoding of a form: how each of its members is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gate.contract.diff.change import Change
from gate.contract.diff.kinds import listed_types
from gate.contract.diff.media import MediaType, covering
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Direction, Rule
from gate.contract.diff.wire import FORM, MULTIPART, reserved
from gate.contract.nodes import Node, simplified

STYLE = {"style": "form", "explode": None, "allowReserved": False}


Compare = Callable[[Place, Node, Node], Iterator[Change]]
"""Compares two headers, which are text."""


def encodings(
    compare: Compare, place: Place, direction: Direction, media: str, old: Node, new: Node
) -> Iterator[Change]:
    """Members of a form that are written in another way; other media types have no encoding."""
    kind = MediaType.parse(media)
    multipart = kind.main == MULTIPART
    if not (multipart or (kind.main, kind.sub) == FORM) or old.value.get("encoding") == new.value.get("encoding"):
        return
    before, after = (dict(side.child("encoding").items()) for side in (old, new))
    members = [_members(side) for side in (old, new)]
    for name in [name for name in {**before, **after} if name in members[0] and name in members[1]]:
        here = place.at(f"{place.location}, encoding of {name}")
        sides = before.get(name, old.child("encoding", name)), after.get(name, new.child("encoding", name))
        if multipart or not any((side.value or {}).keys() & STYLE.keys() for side in sides):
            types = [_types(side, listed[name]) for side, listed in zip(sides, members, strict=True)]
            yield from _written(here, direction, sides[1].child("contentType"), *types)
        if multipart:
            yield from _headers(compare, here, direction, *sides)
        else:
            styles = [_style(side, listed[name]) for side, listed in zip(sides, members, strict=True)]
            yield from _styled(here, sides[1], *styles)


def _members(media: Node) -> dict[str, Node]:
    properties = simplified(media.child("schema", default=True)).child("properties")
    return {name: simplified(properties.child(name)) for name in properties.value or ()}


def _types(encoding: Node, member: Node) -> list[str]:
    """The media types of a member: those that its encoding names, or that of its schema."""
    listed = (encoding.value or {}).get("contentType")
    if isinstance(listed, str):
        return [text.strip() for text in listed.split(",")]
    if listed_types(member.value) - {"null"} == {"array"}:
        member = simplified(member.child("items", default=True))
    if "object" in listed_types(member.value):
        return ["application/json"]
    octets = member.value.get("format") == "binary" or "contentEncoding" in member.value
    return ["application/octet-stream" if octets else "text/plain"]


def _written(place: Place, direction: Direction, node: Node, before: list[str], after: list[str]) -> Iterator[Change]:
    sets = [{MediaType.parse(text) for text in side} for side in (before, after)]
    if sets[0] == sets[1]:
        return
    narrow, wide = (before, after) if direction is Direction.REQUEST else (after, before)
    covered = all(covering(text, wide) for text in narrow)
    text = f"contentType {', '.join(before)} -> {', '.join(after)}"
    yield place.change(Rule.ENCODING_CHANGED, node, text, before, after, "safe" if covered else "breaking")


def _headers(compare: Compare, place: Place, direction: Direction, old: Node, new: Node) -> Iterator[Change]:
    """Headers of a part that came, went, or changed; Content-Type is not theirs to say."""
    headers = [{name.lower(): header for name, header in side.child("headers").items()} for side in (old, new)]
    for side in headers:
        side.pop("content-type", None)
    for name in headers[0].keys() & headers[1].keys():
        yield from compare(place.at(f"{place.location}, header {name}"), headers[0][name], headers[1][name])
    before, after = ({name: bool(header.value.get("required")) for name, header in side.items()} for side in headers)
    for name in [name for name in {**before, **after} if before.get(name) != after.get(name)]:
        needed = after.get(name) if direction is Direction.REQUEST else before.get(name) and not after.get(name)
        gone = name not in after
        text = f"header {name} {'removed' if gone else 'required' if after[name] else 'optional'}"
        severity = "breaking" if needed else "risky" if gone else "safe"
        yield place.change(Rule.ENCODING_CHANGED, (old if gone else new).child("headers"), text, severity=severity)


def _style(encoding: Node, member: Node) -> Mapping[str, Any]:
    value = {**STYLE, **(encoding.value or {})}
    explode = value["style"] == "form" if value["explode"] is None else value["explode"]
    scalar = not listed_types(member.value) & {"array", "object"}
    allowed = value["allowReserved"] or not reserved(member)
    return {"style": value["style"], "explode": scalar or explode, "allowReserved": allowed}


def _styled(place: Place, node: Node, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for keyword in [key for key in before if before[key] != after[key]]:
        severity = "safe" if keyword == "allowReserved" and after[keyword] else "breaking"
        text = f"{keyword} {before[keyword]} -> {after[keyword]}"
        yield place.change(Rule.ENCODING_CHANGED, node.child(keyword), text, before[keyword], after[keyword], severity)
