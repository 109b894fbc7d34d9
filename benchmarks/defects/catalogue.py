"""The known defects: ``defects.toml``, with a patch for each in ``patches/``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gate.core.errors import GateError, UsageError

HERE = Path(__file__).parent
OF_FILES = frozenset({"portal", "document", "payload"})
"""Kinds whose fault is in a file, so the gate runs in a copy of the checkout."""

Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Defect(BaseModel):
    """One known defect; ``defects.toml`` explains the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    slug: str
    title: str
    caught_by: Texts
    cause: Texts
    kind: Literal["runner", "migration", "backfill", "portal", "document", "payload"] = "runner"
    instead: str = ""

    def matches(self, code: str, where: str) -> bool:
        """Return whether a finding with this code and place is about the defect."""
        for entry in self.caught_by:
            wanted, _, pattern = entry.partition(" ")
            group = bool(pattern) and code.startswith(f"{wanted}-")
            if (code == wanted or group) and re.search(pattern, where):
                return True
        return False

    def named_in(self, text: str) -> bool:
        """Return whether a finding's text names the cause."""
        return any(word.casefold() in text.casefold() for word in self.cause)


def defects(directory: Path = HERE) -> dict[str, Defect]:
    """Return all defects by id, in order; GateError for an invalid entry, or one without exactly one patch."""
    patches = sorted(path.stem for path in (directory / "patches").glob("d[0-9]*_*.py"))
    known = {}
    for name, entry in _document(directory)["defects"].items():
        slugs = [stem.partition("_")[2] for stem in patches if stem.partition("_")[0] == name.lower()]
        try:
            (slug,) = slugs
            known[name] = Defect(id=name, slug=slug.replace("_", "-"), **entry)
        except (ValidationError, ValueError) as error:
            message = f"The defect {name} in {directory} is invalid, or has {len(slugs)} patches."
            raise GateError(message, str(error)) from error
    if not known or len(known) != len(patches):
        raise GateError(f"{directory} has {len(patches)} patches for {len(known)} defects.", "Run in a whole checkout.")
    return known


def together() -> str:
    """Return the defects that are put into one runner at once, as a list like ``D01,D05``."""
    return ",".join(_document(HERE)["together"])


def _document(directory: Path) -> dict[str, Any]:
    with (directory / "defects.toml").open("rb") as file:
        return tomllib.load(file)


def chosen(known: dict[str, Defect], names: str) -> list[Defect]:
    """Return the defects of a list like ``D01,D05``; UsageError for an unknown id or an empty list."""
    ids = list(dict.fromkeys(name.strip().upper() for name in names.split(",") if name.strip()))
    unknown = [name for name in ids if name not in known]
    if unknown or not ids:
        message = f"There is no defect {', '.join(unknown)}." if unknown else "No defect was named."
        raise UsageError(message, f"Known are {', '.join(known)}.")
    return [known[name] for name in ids]


def third(known: Sequence[Defect], number: int) -> list[Defect]:
    """Return every third defect, starting at ``number``; three consecutive numbers cover each defect once."""
    return list(known[number % 3 :: 3])
