"""Changes of links: the operation that a link leads to, and what it sends there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from gate.contract.diff.change import Change
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Rule
from gate.contract.diff.servers import expanded
from gate.contract.nodes import Node, Operation, annotation, operations
from gate.core import pointer as pointers


def links(place: Place, old: Node, new: Node) -> Iterator[Change]:
    """Links of a response that came, went, or lead elsewhere."""
    before, after = dict(old.child("links").items()), dict(new.child("links").items())
    for name, link in before.items():
        here = place.at(f"{place.location}, link {name}")
        if name not in after:
            yield here.change(Rule.LINK_REMOVED, old.child("links", name), f"{name} removed")
        elif _meant(link) != _meant(after[name]):
            yield here.change(Rule.LINK_CHANGED, after[name], f"{name} changed", link.value, after[name].value)
    for name in [name for name in after if name not in before]:
        yield place.at(f"{place.location}, link {name}").change(
            Rule.LINK_ADDED, new.child("links", name), f"{name} added"
        )


def _meant(link: Node) -> dict[str, Any]:
    """A link with the shape of its operation and with whole names of parameters, however they are written."""
    members = {key: value for key, value in link.value.items() if not annotation(key)}
    if "server" in members:
        members["server"] = sorted(expanded(link.child("server")))
    operation = _operation(link)
    if operation is None:
        return members
    parameters = members.get("parameters") or {}
    named = {_parameter(operation, name): value for name, value in parameters.items()}
    members = {key: value for key, value in members.items() if key not in ("operationId", "operationRef", "parameters")}
    return {**members, "operation": operation.shape, "parameters": named}


def _operation(link: Node) -> Operation | None:
    """The operation that a link names, if it is in the document."""
    reference, name = link.value.get("operationRef"), link.value.get("operationId")
    tokens = pointers.split(unquote(str(reference))[1:]) if str(reference).startswith("#/paths/") else []
    for operation in operations(link.document) if tokens or name is not None else ():
        if tokens == ["paths", operation.path, operation.method.lower()]:
            return operation
        if reference is None and operation.document.get("operationId") == name:
            return operation
    return None


def _parameter(operation: Operation, name: str) -> str:
    """The whole name of a parameter: its place and its name; one of the path has its number in place of the name."""
    for kind, key in operation.parameters():
        if name in (key, f"{kind}.{key}"):
            number = f"{{{key}}}" in operation.path and operation.path.partition(f"{{{key}}}")[0].count("{")
            return f"path.{number}" if kind == "path" else f"{kind}.{key}"
    return name
