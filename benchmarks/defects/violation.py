"""Violations: edits of the runner or the portal that each break one promise, as data in ``violations/``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gate.core.errors import GateError

DIRECTORY = Path(__file__).parent / "violations"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")  # a hyphen, so that no name is that of a topic or defect


def _compiled(text: str) -> str:
    try:
        re.compile(text.partition(" ")[2])
    except re.error as error:
        raise ValueError(f"{text!r}: {error}") from error
    return text


Place = Annotated[str, Field(min_length=1), AfterValidator(_compiled)]
"""A finding's code; after a space a regular expression that must match its place."""
_RUNNER = r"runner/([a-z_]+/)*[0-9a-z_]+(\.py|\.up\.sql)"
_PORTAL = r"portal/(js/)?[a-z]+\.(js|html|css)"
File = Annotated[str, Field(pattern=f"^({_RUNNER}|{_PORTAL})$")]
Edit = tuple[Annotated[str, Field(min_length=1)], str]
"""A text that stands exactly once in the file, and its replacement."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EditedFile(_Table):
    """A Python module or migration of the runner or a file of the portal, and the edits of its text."""

    file: File
    edits: Annotated[tuple[Edit, ...], Field(min_length=1)]


class Violation(EditedFile):
    """One violation; the finding that must come first has one of the codes and places of ``first``."""

    id: str
    topic: str
    title: Annotated[str, Field(min_length=1)]
    first: Annotated[tuple[Place, ...], Field(min_length=1)]
    also: tuple[EditedFile, ...] = ()
    instead: str = ""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if len({each.file.startswith("portal/") for each in self.files}) > 1:
            raise ValueError("a violation edits the runner or the portal, not both")
        return self

    @property
    def files(self) -> Sequence[EditedFile]:
        """Every file that it changes."""
        return (self, *self.also)

    @property
    def kind(self) -> str:
        """``portal``, ``migration`` if the command that migrates is affected, otherwise ``runner``."""
        if self.file.startswith("portal/"):
            return "portal"
        migrating = any(each.file.startswith(("runner/migrat", "runner/queue")) for each in self.files)
        return "migration" if migrating else "runner"

    @property
    def slug(self) -> str:
        """Empty: the name says it."""
        return ""

    def matches(self, code: str, where: str) -> bool:
        """Return whether a finding with this code and place names the cause."""
        return matches(self.first, code, where)


def matches(places: Sequence[str], code: str, where: str) -> bool:
    """Return whether a finding has one of these codes and places; with a place the code may be that of a group."""
    for place in places:
        wanted, _, pattern = place.partition(" ")
        group = bool(pattern) and code.startswith(f"{wanted}-")
        if (code == wanted or group) and re.search(pattern, where):
            return True
    return False


def violations(directory: Path = DIRECTORY) -> dict[str, Violation]:
    """Return all violations by name, in order; GateError for an invalid entry or a name that stands twice."""
    known: dict[str, Violation] = {}
    for path in sorted(directory.glob("*.toml")):
        for name, entry in _entries(path).items():
            if name in known or not _NAME.fullmatch(name):
                raise GateError(f"{path} has the violation {name!r}.", "Give each a name-with-hyphens of its own.")
            try:
                known[name] = Violation(id=name, topic=path.stem, **entry)
            except (ValidationError, TypeError) as error:
                raise GateError(f"The violation {name} in {path} is invalid.", str(error)) from error
    return known


def _entries(path: Path) -> Mapping[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise GateError(f"{path} cannot be read.", str(error)) from error
    if list(document) != ["violations"]:
        raise GateError(f"{path} has other tables than [violations.NAME].", "See docs/benchmarks.md.")
    entries: dict[str, Any] = document["violations"]
    return entries
