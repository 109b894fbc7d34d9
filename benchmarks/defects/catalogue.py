"""The known defects: ``defects.toml``, with a patch for each in ``patches/``; and with them the violations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.defects.violation import Violation, matches, violations
from gate.core.errors import GateError, UsageError

HERE = Path(__file__).parent
OF_FILES = frozenset({"portal", "document", "payload"})
"""Kinds whose fault is in a file, so the gate runs in a copy of the checkout."""

DEPLOYED = "deployed"
"""Topic of the defects."""
SOME = 15

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
    topic: str = DEPLOYED

    def matches(self, code: str, where: str) -> bool:
        """Return whether a finding with this code and place is about the defect."""
        return matches(self.caught_by, code, where)

    def named_in(self, text: str) -> bool:
        """Return whether a finding's text names the cause."""
        return any(word.casefold() in text.casefold() for word in self.cause)


CAUGHT = HERE / "caught.toml"
_COMMENT = """\
# The violations that a run has caught: `gate defects --record` adds to them, and `gate defects --some N` tries them and
# the defects in turn, so that a commit that no longer catches one is noticed."""
Known = Defect | Violation
Some = TypeVar("Some", Defect, Violation, Known)


def defects_and_violations() -> dict[str, Known]:
    """Return all defects and violations by their names."""
    return {**defects(), **violations()}


def tried(known: Mapping[str, Known]) -> list[Known]:
    """Return the defects, and those violations that a run has caught; the others are not known to be caught yet."""
    names = set(_recorded())
    return [each for each in known.values() if isinstance(each, Defect) or each.id in names]


def record(names: Sequence[str]) -> None:
    """Add violations that a run has caught to ``caught.toml``."""
    listed = "".join(f'    "{name}",\n' for name in sorted({*_recorded(), *names} & violations().keys()))
    CAUGHT.write_text(f"{_COMMENT}\ncaught = [\n{listed}]\n", encoding="utf-8")


def _recorded() -> list[str]:
    with CAUGHT.open("rb") as file:
        return list(tomllib.load(file)["caught"])


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


def chosen(known: Mapping[str, Some], names: str) -> list[Some]:
    """Return those of a list like ``D01,error-codes``, where a topic stands for all of it; UsageError for others."""
    some: dict[str, Some] = {}
    for name in filter(None, map(str.strip, names.split(","))):
        named = {key: each for key, each in known.items() if name in {key, key.lower(), each.topic}}
        if not named:
            topics = ", ".join(sorted({each.topic for each in known.values()}))
            raise UsageError(f"There is no defect or violation {name}.", f"--list prints them; topics are {topics}.")
        some |= named
    if not some:
        raise UsageError("No defect was named.", "--list prints them.")
    return list(some.values())


def rotated(known: Sequence[Some], number: int) -> list[Some]:
    """Return at most 15 of all topics; consecutive numbers cover each once."""
    groups = -(-len(known) // SOME)
    return list(known[number % groups :: groups])
