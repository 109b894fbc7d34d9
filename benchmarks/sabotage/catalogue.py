"""The sabotages: data in ``sabotages/``, a file for each kind."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gate.core.errors import GateError, UsageError

DIRECTORY = Path(__file__).parent / "sabotages"
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
    """Done once the journals of the run have ``lines`` lines: a signal to processes of the run, or a shell script."""

    lines: int = 1
    signal: str = ""
    process: Pattern = ""  # searched for in the command lines of the gate's descendants; empty is the gate itself
    script: str = ""


class Sabotage(_Table):
    """One sabotage; the head of ``sabotages/false_green.toml`` explains the fields."""

    name: str
    kind: str
    title: str
    exit: Annotated[tuple[int, ...], Field(min_length=1)]
    reason: Pattern
    edits: tuple[Edit, ...] = ()
    delete: tuple[str, ...] = ()
    add: Mapping[str, str] = {}
    before: str = ""
    env: Mapping[str, str] = {}
    unset: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    shell: str = ""
    checkout: str = "checkout"
    earlier: bool = False
    meanwhile: Meanwhile | None = None
    defect: str = ""
    needs: tuple[str, ...] = ()


def sabotages(directory: Path = DIRECTORY) -> dict[str, Sabotage]:
    """Return all sabotages by name, in order; GateError for an invalid entry or a name that stands twice."""
    known: dict[str, Sabotage] = {}
    for path in sorted(directory.glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for variant, values in _variants(name, entry):
                if variant in known:
                    raise GateError(f"{path} has the sabotage {variant} twice.", "Give each a name of its own.")
                try:
                    kind = path.stem.replace("_", " ")
                    known[variant] = Sabotage.model_validate({**values, "name": variant, "kind": kind})
                except ValidationError as error:
                    raise GateError(f"The sabotage {variant} in {path} is invalid.", str(error)) from error
    if not known:
        raise GateError(f"There is no sabotage in {directory}.", "Run in a whole checkout.")
    return known


def _variants(name: str, entry: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The sabotages of an entry: itself, or one for each value of its table ``each``."""
    values = entry.pop("each", None)
    if values is None:
        return [(name, entry)]
    text = json.dumps(entry)
    return [
        (f"{name}.{variant}", json.loads(text.replace(EACH, json.dumps(value)[1:-1])))
        for variant, value in values.items()
    ]


def chosen(known: Mapping[str, Sabotage], names: str) -> list[Sabotage]:
    """Return the sabotages of a list like ``a,b.c``, where ``b`` stands for all its variants; UsageError for others."""
    some: dict[str, Sabotage] = {}
    for name in filter(None, (name.strip() for name in names.split(","))):
        named = {key: each for key, each in known.items() if key == name or key.startswith(f"{name}.")}
        if not named:
            raise UsageError(f"There is no sabotage {name}.", "`gate sabotage --list` prints them all.")
        some |= named
    if not some:
        raise UsageError("No sabotage was named.", "`gate sabotage --list` prints them all.")
    return list(some.values())


def ten(known: Sequence[Sabotage], number: int) -> list[Sabotage]:
    """Return at most ten sabotages of all kinds; consecutive numbers cover each sabotage once."""
    groups = -(-len(known) // TEN)
    return list(known[number % groups :: groups])
