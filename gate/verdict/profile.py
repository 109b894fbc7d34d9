"""Profiles: a deployed system's spelling on the wire, and its accepted deviations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gate.core.documents import load_toml, shaped
from gate.core.errors import DocumentError, UsageError
from gate.core.findings import Finding
from gate.verdict.codes import EXPIRED, STALE

PUBLISHED = "published"
"""The profile that accepts no deviation."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deviation(_Document):
    """A deviation that is accepted up to and including a day.

    An entry of ``findings`` is a code, a blank, and a regular expression to search for in ``place = got`` of a finding.
    An entry of ``covered_by`` is an operation, an operation with a status code, the code of an invariant, or a regular
    expression for the id of a test, from ``tests/`` on; a run that reached any of them would have seen the deviation.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    title: str = Field(min_length=10)
    findings: list[str] = Field(min_length=1)
    covered_by: list[str] = Field(min_length=1)
    owner: str = Field(min_length=2)
    reason: str = Field(min_length=10)
    expires: date

    @field_validator("findings", "covered_by")
    @classmethod
    def _expressions(cls, values: list[str]) -> list[str]:
        for value in values:
            try:
                re.compile(value.partition(" ")[2] or value)
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return values

    def matches(self, finding: Finding) -> bool:
        """Return whether a finding is this deviation."""
        entries = (entry.partition(" ") for entry in self.findings)
        text = f"{finding.where} = {finding.got}"
        return any(finding.code == code and re.search(pattern, text) for code, _, pattern in entries)

    def covered(self, reached: Collection[str]) -> bool:
        """Return whether a run that reached these operations, statuses, invariants and tests would have seen it."""
        patterns = [re.compile(entry) for entry in self.covered_by if entry.startswith("tests/")]
        return any(name in self.covered_by or any(each.search(name) for each in patterns) for name in reached)


class Profile(_Document):
    """The content of a profile's file."""

    name: str
    wire: dict[str, Any] = {}  # the pack says what this may hold
    deviation: list[Deviation] = []

    @cached_property
    def today(self) -> date:
        """The day that decides on expiry, in UTC."""
        return datetime.now(UTC).date()

    @property
    def valid(self) -> list[Deviation]:
        """Deviations that have not expired."""
        return [deviation for deviation in self.deviation if deviation.expires >= self.today]

    @property
    def expired(self) -> list[Deviation]:
        """Deviations whose last day is over."""
        return [deviation for deviation in self.deviation if deviation.expires < self.today]

    def deviation_of(self, finding: Finding) -> Deviation | None:
        """The deviation that accepts a finding; None where the finding stands."""
        return next((deviation for deviation in self.valid if deviation.matches(finding)), None)

    def stale(self, seen: Collection[str], reached: Collection[str]) -> list[Deviation]:
        """Valid deviations that are not among the ids ``seen``, in a run that would have seen them."""
        return [deviation for deviation in self.valid if deviation.id not in seen and deviation.covered(reached)]

    def findings(self, seen: Collection[str], reached: Collection[str]) -> list[Finding]:
        """A finding for each expired and each stale deviation of a run."""
        expired = [
            Finding(EXPIRED, f"{self.name}: {each.id}", f"a decision before {each.expires}", f"still: {each.title}")
            for each in self.expired
        ]
        return expired + [
            Finding(STALE, f"{self.name}: {each.id}", each.title, "no such finding in this run")
            for each in self.stale(seen, reached)
        ]


def load(name: str, directory: Path, wire: Callable[..., object] = dict) -> Profile:
    """Loads the profile of a name in ``directory``, or of a path.

    Args:
        name: The name, or a path that ends in ``.toml``.
        directory: The known profiles.
        wire: Takes the members of the profile's ``wire`` table; a ValueError refuses them.

    Raises:
        UsageError: The profile does not exist or is not valid.

    """
    path = Path(name) if name.endswith(".toml") else directory / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in directory.glob("*.toml")))
        raise UsageError(f"There is no profile {name!r}.", f"Known are {known}; or give the path of a .toml file.")
    try:
        profile = load_toml(path, Profile, f"a profile like those of {directory}")
        shaped(path, lambda: wire(**profile.wire), "a table wire")
    except DocumentError as error:
        raise UsageError(f"The profile {name} is not valid: {error.message}", error.hint) from error
    if len({deviation.id for deviation in profile.deviation}) != len(profile.deviation):
        raise UsageError(f"The profile {name} has a deviation twice.", "Give each an id of its own.")
    return profile
