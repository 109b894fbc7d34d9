"""Seeded faults of the small service, as data in ``small/faults.toml``, and copies of the service with them."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gate.core.errors import GateError

SMALL = Path(__file__).parent / "small"
FAULTS = SMALL / "faults.toml"
Text = Annotated[str, Field(min_length=1)]


class Fault(BaseModel):
    """Edits of a file of the service; findings at ``operation`` are about it, those at ``also`` may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    operation: Annotated[str, Field(pattern=r"^[A-Z]+ /")]
    also: tuple[str, ...] = ()
    file: Text
    edits: Annotated[tuple[tuple[Text, str], ...], Field(min_length=1)]

    @property
    def places(self) -> frozenset[str]:
        """The operations at which a finding may be about the fault."""
        return frozenset({self.operation, *self.also})


def faults() -> dict[str, Fault]:
    """Return all faults by name; GateError names what is wrong in the file."""
    try:
        return TypeAdapter(dict[str, Fault]).validate_python(tomllib.loads(FAULTS.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise GateError(f"{FAULTS.name} cannot be read: {error}") from error


def copy(directory: Path, names: Iterable[str]) -> None:
    """Copy the service to a new directory, with these faults; GateError where the text of an edit is gone."""
    shutil.copytree(SMALL, directory, ignore=shutil.ignore_patterns("__pycache__", FAULTS.name))
    known = faults()
    for name in names:
        edit(directory / known[name].file, name, known[name].edits)


def edit(path: Path, name: str, edits: Iterable[tuple[str, str]]) -> None:
    """Replace texts of a file, each of which must stand there once; GateError names the fault where one does not."""
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        if text.count(old) != 1:
            raise GateError(f"The fault {name} does not apply: its text stands {text.count(old)} times in {path.name}.")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
