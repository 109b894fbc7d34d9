"""Profiles: how one deployed system is spelled on the wire, and which deviations of it are accepted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gate.core.errors import UsageError

DIRECTORY = Path(__file__).resolve().parents[2] / "contracts" / "profiles"
PUBLISHED = "published"
Cause = tuple[str, str, str]
"""Code and place of a finding, and what was there."""
T = TypeVar("T")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wire(_Document):
    """How submissions are spelled; what is None is left out of them."""

    wrapper: Literal["job_spec", "jobspec"] = "job_spec"
    enable_analysis: bool | None = None

    @property
    def members(self) -> dict[str, Any]:
        """What a wrapper is made with, unless a test says otherwise."""
        more = {} if self.enable_analysis is None else {"enable_analysis": self.enable_analysis}
        return {"spelling": self.wrapper, **more}


class Deviation(_Document):
    """One deviation that is accepted until a day.

    ``findings`` has a code each, and behind a blank a regular expression that has to be found in the finding's place
    and what was there, written as ``place = got``.
    ``exercised`` names what a run must have seen to tell that it still occurs, any of them: an operation, an operation
    with a status, a rule between rows, or a test (as a regular expression of its id, from ``tests/`` on).
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    title: str = Field(min_length=10)
    findings: list[str] = Field(min_length=1)
    exercised: list[str] = Field(min_length=1)
    owner: str = Field(min_length=2)
    reason: str = Field(min_length=10)
    expires: date

    @field_validator("findings", "exercised")
    @classmethod
    def _expressions(cls, values: list[str]) -> list[str]:
        for value in values:
            re.compile(value.partition(" ")[2] or value)
        return values

    def about(self, cause: Cause) -> bool:
        """Whether a finding with this code is this deviation."""
        code, where, got = cause
        for entry in self.findings:
            wanted, _, pattern = entry.partition(" ")
            if code == wanted and re.search(pattern, f"{where} = {got}"):
                return True
        return False

    def seen(self, exercised: Iterable[str]) -> bool:
        """Whether a run that saw these operations, statuses, rules and tests would have shown it."""
        patterns = [re.compile(entry) for entry in self.exercised if entry.startswith("tests/")]
        return any(one in self.exercised or any(pattern.search(one) for pattern in patterns) for one in exercised)


class Profile(_Document):
    """The content of a file of ``contracts/profiles/``."""

    name: str
    wire: Wire = Wire()
    deviation: list[Deviation] = []

    @cached_property
    def today(self) -> date:
        """The day that expiry is told by, in UTC."""
        return datetime.now(UTC).date()

    def deviation_of(self, cause: Cause) -> Deviation | None:
        """The deviation that a finding is, where it is one that has not expired."""
        return next((one for one in self.deviation if one.expires >= self.today and one.about(cause)), None)

    def sort(self, findings: Iterable[T], cause: Callable[[T], Cause]) -> tuple[list[T], list[tuple[T, Deviation]]]:
        """Findings that stand, and those that are accepted, each with its deviation."""
        standing: list[T] = []
        accepted: list[tuple[T, Deviation]] = []
        for finding in findings:
            deviation = self.deviation_of(cause(finding))
            if deviation is None:
                standing.append(finding)
            else:
                accepted.append((finding, deviation))
        return standing, accepted

    def expired(self) -> list[Deviation]:
        """Deviations whose day is over."""
        return [one for one in self.deviation if one.expires < self.today]

    def stale(self, occurred: Iterable[Deviation], exercised: Sequence[str]) -> list[Deviation]:
        """Deviations that did not occur in a run that would have shown them."""
        there = {one.id for one in occurred}
        return [
            one for one in self.deviation if one.id not in there and one.expires >= self.today and one.seen(exercised)
        ]


def load(name: str) -> Profile:
    """The profile of a name or a path; UsageError names what is wrong with it."""
    path = Path(name) if name.endswith(".toml") else DIRECTORY / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in DIRECTORY.glob("*.toml")))
        raise UsageError(f"There is no profile {name!r}.", f"Known are {known}; or give the path of a .toml file.")
    try:
        made = Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"The profile {name} cannot be used: {_first(error)}.", "See contracts/profiles/.") from error
    ids = [one.id for one in made.deviation]
    if len(set(ids)) != len(ids):
        raise UsageError(f"The profile {name} has a deviation twice.", "Give each an id of its own.")
    return made


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error)
