"""Accepted changes of a contract: with an owner, a reason and a last day, as a profile accepts deviations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gate.contract.diff.change import Change
from gate.core.documents import load_toml
from gate.core.errors import DocumentError, UsageError


class Acceptance(BaseModel):
    """Changes that are accepted up to and including a day.

    An entry of ``changes`` is a rule, a blank, and a regular expression to search for in ``place = text`` of a change.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    changes: list[str] = Field(min_length=1)
    owner: str = Field(min_length=2)
    reason: str = Field(min_length=10)
    expires: date

    @field_validator("changes")
    @classmethod
    def _expressions(cls, values: list[str]) -> list[str]:
        for value in values:
            try:
                re.compile(value.partition(" ")[2])
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return values

    def matches(self, change: Change) -> bool:
        """Return whether a change is accepted."""
        entries = (entry.partition(" ") for entry in self.changes)
        text = f"{change.where} = {change.text}"
        return any(change.rule == rule and re.search(pattern, text) for rule, _, pattern in entries)


@dataclass(frozen=True)
class Sorted:
    """Changes that stand, those that are accepted and by what, and a sentence for each acceptance that fails."""

    standing: list[Change]
    accepted: list[tuple[Change, Acceptance]]
    faults: list[str]


def load(path: Path) -> list[Acceptance]:
    """The acceptances in a TOML file; raises UsageError."""
    try:
        acceptances = load_toml(path, list[Acceptance], "[[accepted]] tables", "accepted")
    except DocumentError as error:
        raise UsageError(f"The accepted changes are not valid: {error.message}", error.hint) from error
    if len({acceptance.id for acceptance in acceptances}) != len(acceptances):
        raise UsageError(f"{path} accepts a change twice.", "Give each an id of its own.")
    return acceptances


def sort(changes: Sequence[Change], acceptances: Sequence[Acceptance], today: date | None = None) -> Sorted:
    """Divides the changes; an acceptance whose last day is over, or that nothing needs any more, is a fault."""
    day = today or datetime.now(UTC).date()
    valid = [acceptance for acceptance in acceptances if acceptance.expires >= day]
    standing, accepted, used = [], [], set()
    for change in changes:
        acceptance = next((each for each in valid if each.matches(change)), None)
        if acceptance is None:
            standing.append(change)
        else:
            accepted.append((change, acceptance))
            used.add(acceptance.id)
    faults = [
        f"{each.id} expired on {each.expires}; {each.owner} decides again" for each in acceptances if each not in valid
    ]
    faults += [f"{each.id} accepts no change of this comparison; remove it" for each in valid if each.id not in used]
    return Sorted(standing, accepted, faults)
