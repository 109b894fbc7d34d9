"""Changes of servers: the addresses of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import Any
from urllib.parse import urlsplit

from gate.contract.diff.change import Change
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Rule
from gate.contract.nodes import Node, Operation, shape
from gate.core.values import equal

MOST = 256
"""Addresses that are made of one server with variables."""

PORTS = {"http": ":80", "https": ":443"}


def servers(place: Place, old: Operation, new: Operation) -> Iterator[Change]:
    """Addresses that the operation no longer has, and new ones."""
    if shape(old.path) != shape(new.path):  # the whole addresses are the same, however they are parted
        return
    if all(map(equal, *([owner.value.get("servers") for owner in _owners(side)] for side in (old, new)))):
        return
    before, after = _addresses(old), _addresses(new)
    open_ = [re.compile("[^/]+".join(map(re.escape, key.split("{}")))) for key in after if "{}" in key]
    for address, server in before.items():
        if address not in after and not any(form.fullmatch(address) for form in open_):
            yield place.change(Rule.SERVER_REMOVED, server, f"server {address or '/'} removed")
    for address, server in after.items():
        if address not in before:
            yield place.change(Rule.SERVER_ADDED, server, f"server {address or '/'} added")
            continue
        for (_, default), (name, now) in zip(_defaults(before[address]), _defaults(server), strict=False):
            if now != default:
                text = f"{name}: default {default} -> {now}"
                yield place.change(Rule.SERVER_CHANGED, server.child("variables", name), text, default, now)


def whole_addresses(operation: Operation) -> frozenset[str]:
    """The addresses of an operation with its path, where a base may end anywhere."""
    return frozenset(f"{address}{shape(operation.path)}" for address in _addresses(operation))


def _defaults(server: Node) -> list[tuple[str, Any]]:
    """The variables that may have any value, in the order of the address, each with its default."""
    variables = dict(server.child("variables").items())
    names = re.findall(r"\{([^{}]*)\}", str(server.child("url").value))
    values = [(name, variables[name].value) for name in names if name in variables]
    return [(name, value.get("default")) for name, value in values if not value.get("enum")]


def _owners(operation: Operation) -> tuple[Node, ...]:
    """The parts that may name servers, of which the first that does counts."""
    return operation.node, operation.item, Node(operation.node.document, "", operation.node.document)


def _addresses(operation: Operation) -> dict[str, Node]:
    owners = _owners(operation)
    listed = next((owner.child("servers") for owner in owners if owner.value.get("servers")), None)
    if listed is None:
        return {"": owners[-1].child("servers")}
    by_address: dict[str, Node] = {}
    for index in range(len(listed.value)):
        server = listed.child(index)
        for address in expanded(server):
            by_address.setdefault(re.sub(r"\{[^{}]*\}", "{}", _plain(address)), server)
    return by_address


def expanded(server: Node) -> Iterator[str]:
    """The addresses of a server: one for each combination of the values that its variables may have."""
    url = str(server.value.get("url", "/"))
    choices = {
        name: variable.value["enum"]
        for name, variable in server.child("variables").items()
        if variable.value.get("enum")
    }
    for values in islice(product(*choices.values()), MOST):
        text = url
        for name, value in zip(choices, values, strict=True):
            text = text.replace(f"{{{name}}}", str(value))
        yield text


def _plain(address: str) -> str:
    """An address in one way of writing it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.rstrip("/")
    host = parts.netloc.lower().removesuffix(PORTS.get(parts.scheme, "\n"))
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/") if parts.netloc else address.rstrip("/")
