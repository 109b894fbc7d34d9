"""Faults of the services as data: those that are known, those seeded in the small one, and copies with them."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gate.core.errors import GateError

HERE = Path(__file__).parent
SMALL = HERE / "small"
FAULTS, LOOKED_AT = "faults.toml", "judged.toml"
Text = Annotated[str, Field(min_length=1)]
Value = TypeVar("Value")
Operation = Annotated[str, Field(pattern=r"^[A-Z]+ /")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Table):
    """A fault of a service: findings at ``operation`` are about it, those at ``also`` may be.

    ``stock`` are the codes by which schemathesis alone names it. A seeded fault has the ``edits`` of its ``file``.
    """

    title: Text
    operation: Operation
    also: tuple[Operation, ...] = ()
    codes: tuple[Text, ...] = ()
    stock: tuple[Text, ...] = ()
    file: str = ""
    edits: tuple[tuple[Text, str], ...] = ()

    @property
    def places(self) -> frozenset[str]:
        """The operations at which a finding may be about the fault."""
        return frozenset({self.operation, *self.also})


class LookedAt(_Table):
    """The judgement of a person on a finding: its code, its operation, and the fault that it names, if any."""

    code: Text
    operation: Operation
    verdict: Literal["true", "arguable", "false"]
    reason: Text
    fault: str = ""


def faults(service: str = "small") -> dict[str, Fault]:
    """Return the faults of a service by name; GateError names what is wrong in the file."""
    return _load(HERE / service / FAULTS, TypeAdapter(dict[str, Fault]), {})


def looked_at(service: str) -> dict[tuple[str, str], LookedAt]:
    """Return the findings that somebody looked at, by code and operation; GateError as above."""
    kind = TypeAdapter(dict[str, list[LookedAt]])
    tables = _load(HERE / service / LOOKED_AT, kind, {})
    return {(each.code, each.operation): each for each in tables.get("finding", [])}


def _load(path: Path, kind: TypeAdapter[Value], default: Value) -> Value:
    try:
        return kind.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return default
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise GateError(f"{path.name} of {path.parent.name} cannot be read: {error}") from error


def copy(directory: Path, names: Iterable[str], known: Mapping[str, Fault] | None = None) -> None:
    """Copy the small service to a new directory, with these faults; GateError where the text of an edit is gone."""
    shutil.copytree(SMALL, directory, ignore=shutil.ignore_patterns("__pycache__", FAULTS, LOOKED_AT))
    known = faults() if known is None else known
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
