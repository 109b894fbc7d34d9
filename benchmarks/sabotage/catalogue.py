"""The sabotages: data in ``sabotages/``, a file for each kind."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gate.core.errors import GateError, UsageError

EACH = "{each}"
"""Stands for the value of a variant in every text of a sabotage."""
TEN = 10


def _compiled(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r}: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_compiled)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Table):
    """A change of a file; ``old`` must stand in it exactly once, and an empty ``old`` is the whole file."""

    file: str
    old: str = ""
    new: str = ""


class Meanwhile(_Table):
    """A script or signal that interferes with a run once its journals have ``lines`` lines."""

    lines: int
    script: str = ""
    signal: str = ""
    process: Pattern = ""
    last: bool = False


class Sabotage(_Table):
    """One sabotage; the head of ``sabotages/false_green.toml`` explains the fields."""

    name: str
    title: str
    exit: Annotated[tuple[int, ...], Field(min_length=1)]
    reason: Pattern
    edits: tuple[Edit, ...] = ()
    delete: tuple[str, ...] = ()
    add: Mapping[str, str] = {}
    before: str = ""
    env: Mapping[str, str] = {}
    options: tuple[str, ...] = ()
    shell: str = 'exec "$@"'
    checkout: str = "checkout"
    earlier: bool = False
    meanwhile: Meanwhile | None = None
    defect: str = ""
    needs: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """The exit codes that it may end with."""
        return " or ".join(map(str, self.exit))


def sabotages(directory: Path = Path(__file__).parent / "sabotages") -> dict[str, Sabotage]:
    """Return all sabotages by name, in order; GateError for an invalid entry or a name that stands twice."""
    known: dict[str, Sabotage] = {}
    for path in sorted(directory.glob("*.toml")):
        for name, values in _entries(tomllib.loads(path.read_text(encoding="utf-8"))):
            if name in known:
                raise GateError(f"{path} has the sabotage {name} twice.", "Give each a name of its own.")
            try:
                known[name] = Sabotage(name=name, **values)
            except (ValidationError, TypeError) as error:
                raise GateError(f"The sabotage {name} in {path} is invalid.", str(error)) from error
    return known


def _entries(document: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of a file by name, and in place of one with a table ``each`` one for each of its values."""
    for name, entry in document.items():
        variants = entry.pop("each", None)
        if variants is None:
            yield name, entry
        for variant, value in (variants or {}).items():
            yield f"{name}.{variant}", json.loads(json.dumps(entry).replace(EACH, json.dumps(value)[1:-1]))


def chosen(known: Mapping[str, Sabotage], names: str) -> list[Sabotage]:
    """Return the sabotages of a list like ``a,b.c``, where ``a`` stands for all its variants; UsageError for others."""
    some: dict[str, Sabotage] = {}
    for name in names.split(","):
        named = {key: each for key, each in known.items() if name in {key, key.partition(".")[0]}}
        if not named:
            raise UsageError(f"There is no sabotage {name!r}.", "`gate sabotage --list` prints them all.")
        some |= named
    return list(some.values())


def ten(known: Sequence[Sabotage], number: int) -> list[Sabotage]:
    """Return at most ten sabotages of all kinds; consecutive numbers cover each sabotage once."""
    groups = -(-len(known) // TEN)
    return list(known[number % groups :: groups])
