"""Changes of responses: statuses, ranges of them, and what is returned with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.contract.diff.change import Change
from gate.contract.diff.links import links
from gate.contract.diff.parts import Parts, required, written
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Direction, Rule
from gate.contract.nodes import Node

Responses = Mapping[str, Node]
"""Responses by status, range of statuses, or ``default``."""

DEFAULT = "default"

BODILESS = frozenset({"204", "205", "304", "100", "101", "102", "103", "1XX"})
"""Statuses of responses without a body, whatever is documented."""


def responses(parts: Parts, place: Place, old: Node, new: Node) -> Iterator[Change]:
    """Statuses, and the media types, headers and links of those that both sides have."""
    before, after = _by_status(old), _by_status(new)
    for status, response in before.items():
        here = place.at(f"response {status}")
        if status in after:
            yield from _response(parts, here, response, after[status])
        else:
            yield from _gone(parts, here, status, before, after, old.child("responses", status))
    for status in [status for status in after if status not in before]:
        here = place.at(f"response {status}")
        wider = _covering(status, before)
        if wider:
            yield from _response(parts, here, before[wider], after[status])
        else:
            rule = Rule.SUCCESS_ADDED if _success(status) else Rule.ERROR_ADDED
            yield here.change(rule, new.child("responses", status), f"{status} added")


def _by_status(operation: Node) -> dict[str, Node]:
    return {key if key == DEFAULT else key.upper(): node for key, node in operation.child("responses").items()}


def _gone(parts: Parts, place: Place, status: str, before: Responses, after: Responses, node: Node) -> Iterator[Change]:
    """The changes for a status that has no entry any more."""
    wider = _covering(status, after)
    rule = Rule.SUCCESS_REMOVED if _success(status) else Rule.ERROR_REMOVED
    if wider and wider != DEFAULT:
        yield from _response(parts, place, before[status], after[wider])
        return
    narrower = [other for other in after if _covers(status, other)]
    if narrower:
        yield place.change(rule, node, f"{status} narrowed to {', '.join(narrower)}", severity="safe")
        return
    if wider:
        yield from _response(parts, place, before[status], after[wider])
    if not wider or parts.answered is Direction.RESPONSE:  # a subscriber may still answer it
        yield place.change(rule, node, f"{status} removed", severity="safe" if wider else "")


def _covering(status: str, others: Responses) -> str | None:
    """The entry that holds for a status without one of its own.

    ``default`` is meant for errors, unless no entry is for successes.
    """
    ranges = [other for other in others if other != status and _covers(other, status)]
    if ranges:
        return ranges[0]
    error = not _success(status) or not any(_success(other) for other in others)
    return DEFAULT if DEFAULT in others and status != DEFAULT and error else None


def _covers(wide: str, narrow: str) -> bool:
    return wide != narrow and wide.endswith("XX") and narrow[:1] == wide[:1] and narrow != DEFAULT


def _success(status: str) -> bool:
    """Return whether a status or a range like 2XX means success; ``default`` does not."""
    return status[0] in "123"


def _response(parts: Parts, place: Place, old: Node, new: Node) -> Iterator[Change]:
    types = Rule.RESPONSE_TYPE_REMOVED, Rule.RESPONSE_TYPE_ADDED
    if not (place.operation.startswith("HEAD ") or place.location.removeprefix("response ") in BODILESS):
        yield from parts.content(place, parts.answered, old, new, types)
    yield from _headers(parts, place, old, new)
    yield from links(place, old, new)


def _headers(parts: Parts, place: Place, old: Node, new: Node) -> Iterator[Change]:
    before, after = (
        {
            name.lower(): (name, header)
            for name, header in side.child("headers").items()
            if name.lower() != "content-type"
        }
        for side in (old, new)
    )
    for key, (name, header) in before.items():
        here = place.at(f"{place.location}, header {name}")
        if key not in after:
            rule = Rule.REQUIRED_HEADER_REMOVED if header.value.get("required") else Rule.OPTIONAL_HEADER_REMOVED
            yield here.change(rule, old.child("headers", name), f"{name} removed")
        else:
            yield from required(here, header, after[key][1], Rule.HEADER_REQUIRED, Rule.HEADER_OPTIONAL)
            yield from written(here, Rule.HEADER_WRITTEN_DIFFERENTLY, header, after[key][1])
            yield from parts.text(here, parts.answered, header, after[key][1])
    for name in [name for key, (name, _) in after.items() if key not in before]:
        here = place.at(f"{place.location}, header {name}")
        yield here.change(Rule.HEADER_ADDED, new.child("headers", name), f"{name} added")
