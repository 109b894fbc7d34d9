"""Names of parameters, members and paths: the kind of resource that each means."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gate.contract.nodes import Operation
from gate.oracles.row_values import plain

MEMBERS = ("id", "ids", "uuid", "uuids", "guid", "key", "keys", "name", "names", "slug", "code", "number")
"""Last words of names that identify a resource."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Identifier:
    """The kind of a resource and the member that identifies it; either may be empty."""

    kind: str
    member: str


def words(name: str) -> list[str]:
    """The words of a name in lower case, whatever separates them."""
    return [word.lower() for word in _WORD.findall(name)]


def singular(word: str) -> str:
    """A word without the ending of the plural."""
    if word.endswith(("ouses", "auses")):
        return word[:-1]
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("uses", "us")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 2 else word


def identifier(name: str) -> Identifier:
    """The kind and the member in a name: ``flow_run_id`` means ``id`` of a ``flowrun``."""
    parts = words(name)
    if parts and parts[-1] in MEMBERS:
        return Identifier("".join(parts[:-1]), singular(parts[-1]))
    return Identifier("".join(parts), "")


def parameter(path: str, name: str) -> Identifier:
    """The kind and the member that a parameter of a path means, by its own name, else by the segment before it.

    A name that says nothing of an id, as ``sku``, is a member of the collection that it stands in.
    """
    named = identifier(name)
    before = path.partition("{" + name + "}")[0]
    segments = [segment for segment in before.split("/") if segment]
    collection = segments[-1] if segments and "{" not in segments[-1] else ""
    if named.kind and not named.member and collection and words(collection)[:1] != ["by"]:
        kind = _kind(collection)
        return Identifier(kind, "" if singular(named.kind) == kind else named.kind)
    if named.kind:
        return Identifier(singular(named.kind), named.member)
    literals = [segment for segment in segments if "{" not in segment]
    while len(literals) > 1 and plain(literals[-1]) == named.member:
        literals.pop()
    return Identifier(_kind(literals[-1]) if literals else "", named.member)


def parameters(path: str) -> list[str]:
    """Names of the parameters of a path, in their order."""
    return re.findall(r"\{([^{}]*)\}", path)


def kinds(operations: Iterable[Operation]) -> frozenset[str]:
    """Every kind that a parameter of a path names."""
    return frozenset(
        parameter(operation.path, name).kind for operation in operations for name in parameters(operation.path)
    )


def identifying(operations: Iterable[Operation]) -> dict[str, str]:
    """The members that identify resources in the paths of items, by kind."""
    items = ((operation.path, parameters(operation.path)) for operation in operations if collection_of(operation.path))
    named = (parameter(path, names[-1]) for path, names in items)
    return {each.kind: each.member for each in named if each.member not in {"", "id"}}


def kind_of(path: str, known: Collection[str]) -> str:
    """The kind of resource that a path is about: its last segment that names one, else its last segment."""
    literals = [_kind(segment) for segment in path.split("/") if segment and "{" not in segment]
    return next((kind for kind in reversed(literals) if kind in known), literals[-1] if literals else "")


def own_kind(path: str) -> str:
    """The kind of a collection below an item, as ``notes`` of ``/customers/{id}/notes``; empty for any other path."""
    *above, last = ["", *(segment for segment in path.split("/") if segment)]
    return _kind(last) if above and "{" in above[-1] and "{" not in last else ""


def _kind(segment: str) -> str:
    return singular("".join(words(segment)))


def order(operations: Sequence[Operation]) -> list[Operation]:
    """Operations in the order of an exploration: create, read, change, delete; what deletes in bulk is last."""
    return sorted(operations, key=_rank)


def _rank(operation: Operation) -> tuple[int, int, str, str]:
    number = len(parameters(operation.path))
    item = operation.path.rstrip("/").endswith("}")
    bulk = not item and (
        operation.method == "DELETE"
        or bool(set(words(operation.path.rsplit("/", 1)[-1])) & {"delete", "purge", "clear", "reset", "truncate"})
    )
    ranks = {"POST": 1 if not item else 3, "PUT": 3, "PATCH": 3, "DELETE": 4, "GET": 2, "HEAD": 2}
    rank = 5 if bulk else ranks.get(operation.method, 3)
    return rank, -number if rank == ranks["DELETE"] else number, operation.path, operation.method


def collection_of(path: str) -> str:
    """The path of the collection that an item's path belongs to; empty for any other path."""
    trimmed = path.rstrip("/")
    return trimmed.rpartition("/")[0] if trimmed.endswith("}") else ""
