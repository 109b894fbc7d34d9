"""The changes that a known consumer feels, by its consumer contract (Pact)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.contract.diff.change import Change
from gate.contract.diff.rules import SchemaRule
from gate.contract.diff.trail import ENTRY, MEMBER, OTHER, Trail
from gate.contract.nodes import operations, shape
from gate.contract.pact import Interaction, Message, Pact

OF_MEMBERS = frozenset(
    rule for rule in SchemaRule if rule.name.startswith(("MEMBER_", "REQUIRED_MEMBER_", "HIDDEN_MEMBER_"))
)
"""Rules of a member, whose name begins the text of the change."""
NEEDED = frozenset({SchemaRule.MEMBER_REQUIRED, SchemaRule.REQUIRED_MEMBER_ADDED})
"""Rules of what a request lacks."""
Steps = tuple[str, ...]


@dataclass(frozen=True)
class Consumer:
    """A consumer, and its interactions by operation."""

    name: str
    used: Mapping[str, list[Interaction]] = field(default_factory=dict)

    @classmethod
    def of(cls, pact: Pact, document: Mapping[str, Any]) -> Consumer:
        """The consumer of a contract, whose interactions are those of operations of ``document``."""
        used: dict[str, list[Interaction]] = {}
        for interaction in pact.interactions:
            matching = [
                operation
                for operation in operations(document)
                if operation.method == interaction.method and operation.path_values(interaction.path) is not None
            ]
            if matching:
                named = max(matching, key=lambda operation: operation.literal)
                used.setdefault(named.shape, []).append(interaction)
        return cls(pact.consumer, used)

    def feels(self, change: Change) -> bool:
        """Return whether the consumer uses a part that changed; what no operation has concerns everybody."""
        places = [str(change.where), *change.also]
        if not change.where.operation:
            return bool(self.used)
        return any(self._uses(*_split(place), change) for place in places)

    def _uses(self, operation: str, location: str, change: Change) -> bool:
        name = shape(operation)
        known = [each for key, each in self.used.items() if name in (key, key.split(" ", 1)[-1])]
        return any(_touches(interaction, location, change) for listed in known for interaction in listed)


def _split(place: str) -> tuple[str, str]:
    operation, _, location = place.partition(", ")
    return operation, location


def _touches(interaction: Interaction, location: str, change: Change) -> bool:
    """Return whether an interaction has the part of its operation that changed."""
    words = location.split()
    if location.startswith("response "):
        status = words[1].rstrip(",")
        same = status in (str(interaction.status), f"{interaction.status // 100}XX", "default")
        if not same:
            return False
        if ", header " in location:
            return words[-1].lower() in interaction.response.headers
        return _reads(interaction.response, change)
    if location.startswith("request body"):
        return _sends(interaction.request, change)
    if "parameter" in words:
        return _passes(interaction, words[0], words[-1], change)
    return True


def _passes(interaction: Interaction, kind: str, name: str, change: Change) -> bool:
    if change.rule in ("BG-DIFF-010", "BG-DIFF-013"):  # required: felt where it is not sent
        return name not in interaction.query and name.lower() not in interaction.request.headers
    if kind == "query":
        return name in interaction.query
    return kind == "path" or name.lower() in interaction.request.headers


def _reads(message: Message, change: Change) -> bool:
    """Return whether a consumer reads the place that changed, or one around or below it."""
    if change.proof is None or not message.has_body:
        return change.proof is None
    steps, _ = _place(change, change.proof.trail)
    return any(_agree(steps, path) for path in _paths(message.body))


def _sends(message: Message, change: Change) -> bool:
    """Return whether a consumer sends the place that changed, or lacks what is required there."""
    if change.proof is None or not message.has_body:
        return change.proof is None or "required" in change.text
    steps, rule = _place(change, change.proof.trail)
    paths = list(_paths(message.body))
    if rule in NEEDED:
        return steps not in paths and (len(steps) == 1 or any(_agree(steps[:-1], path) for path in paths))
    return any(_agree(steps, path) for path in paths)


def _place(change: Change, trail: Trail | None) -> tuple[Steps, SchemaRule]:
    """The members that lead to a change, ``*`` for entries and for names that are not declared."""
    steps: list[str] = []
    while trail is not None:
        kind, name = trail.step
        steps += [name] if kind == MEMBER else ["*"] if kind in (ENTRY, OTHER) else []
        trail = trail.below
    rule = SchemaRule(int(change.rule[-3:]) % 100)
    return (*steps, *([change.text.split(" ", 1)[0]] if rule in OF_MEMBERS else [])), rule


def _agree(steps: Steps, path: Steps) -> bool:
    """Return whether a path of a body is the place of a change or lies below it."""
    return len(path) >= len(steps) and all("*" in pair or pair[0] == pair[1] for pair in zip(steps, path, strict=False))


def _paths(value: Any, above: Steps = ()) -> Iterator[Steps]:
    yield above
    members = value.items() if isinstance(value, dict) else ()
    for key, child in [*members, *(("*", entry) for entry in (value if isinstance(value, list) else ()))]:
        yield from _paths(child, (*above, str(key)))
