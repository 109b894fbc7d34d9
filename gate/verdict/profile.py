"""Profiles: a deployed system's spelling on the wire, and its accepted deviations."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gate.core.errors import UsageError
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
            re.compile(value.partition(" ")[2] or value)
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
        profile = Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        wire(**profile.wire)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The profile {name} is not valid: {_first(error)}.", f"See {directory} for examples."
        ) from error
    if len({deviation.id for deviation in profile.deviation}) != len(profile.deviation):
        raise UsageError(f"The profile {name} has a deviation twice.", "Give each an id of its own.")
    return profile


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error)
