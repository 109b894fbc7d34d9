"""The parts of a contract that consumer contracts (Pact) use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gate.contract.document import Contract
from gate.contract.pact import Interaction, load
from gate.contract.parts import BODY, Parts

KINDS = ("operations", "statuses", "parameters", "fields", "values")

Uses = Mapping[str, set[str]]
"""Names of used parts by kind; a kind that is absent is not known."""


def consumer_use(directory: Path, contract: Contract) -> Uses | None:
    """The parts that the Pact files in a directory use, documented or not; None without any file."""
    paths = sorted(directory.glob("*.json"))
    used: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for interaction in (interaction for path in paths for interaction in load(path).interactions):
        for kind, name in _parts(interaction, contract):
            used[kind].add(name)
    return used if paths else None


def _parts(interaction: Interaction, contract: Contract) -> Iterator[tuple[str, str]]:
    operation = contract.operation(interaction.method, interaction.path)
    name = operation.id if operation else f"{interaction.method} {interaction.path}"
    yield "operations", name
    yield "statuses", f"{name} {interaction.status}"
    for parameter, values in interaction.query.items():
        yield "parameters", f"{name} query {parameter}"
        for value in values:
            yield from contract.parts.names_in(f"{name} query {parameter}", value)
    for part, message in ((BODY, interaction.request), (str(interaction.status), interaction.response)):
        yield from _body(contract.parts, f"{name} {part}", message.body)


def _body(published: Parts, name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Documented fields and values, and the fields that are not documented."""
    yield from published.names_in(name, value)
    for pointer in _pointers(value, ""):
        if not any(f"{name} {pattern}" in published.fields for pattern in _patterns(pointer)):
            yield "fields", f"{name} {pointer}"


def _pointers(value: Any, above: str) -> Iterator[str]:
    members = value.items() if isinstance(value, dict) else ()
    for key, child in [*members, *(("*", entry) for entry in (value if isinstance(value, list) else ()))]:
        yield f"{above}/{key}"
        yield from _pointers(child, f"{above}/{key}")


def _patterns(pointer: str) -> Iterator[str]:
    """A pointer, and its names in schemas that leave names of members open."""
    head, _, last = pointer.rpartition("/")
    for above in _patterns(head) if head else ("",):
        yield f"{above}/{last}"
        if last != "*":
            yield f"{above}/*"
