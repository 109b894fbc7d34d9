"""The declaration of a service: what ``gate.toml`` says of it beside the options of the gate.

``tables`` has a model for each table of the file; ``places`` are the texts with ``{port}`` and their like in them. The
file is read by ``load``, and every fault of it is one sentence with the line, the member and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from gate.core.declaration.tables import (
    Accepted,
    Column,
    FuzzTable,
    IdempotencyTable,
    RowsTable,
    ServiceTable,
    SideService,
    StoredException,
    Table,
)
from gate.core.documents import load_text, load_toml
from gate.core.errors import DocumentError
from gate.core.surroundings import FILE
from gate.core.texts import like

__all__ = [
    "Accepted",
    "Declaration",
    "RowsTable",
    "ServiceTable",
    "SideService",
    "StoredException",
    "declared",
    "load",
    "parse",
]


class Declaration(Table):
    """A declared service, and what is declared of its API and of its rows."""

    service: ServiceTable
    services: Mapping[str, SideService] = Field(default_factory=dict)
    """servers that the service needs, by name"""
    fuzz: FuzzTable = FuzzTable()
    rows: RowsTable = RowsTable()
    stored: tuple[StoredException, ...] = ()
    """members of requests that are stored otherwise than they are sent"""
    states: Mapping[Column, Mapping[str, tuple[str, ...]]] = Field(default_factory=dict)
    """life-cycles: by table.column, the states that may follow each state"""
    idempotency: IdempotencyTable | None = None
    invariants: str = ""
    """a folder of SQL files, each of which selects rows that must not be"""
    accepted: tuple[Accepted, ...] = ()
    """candidates that were looked at and count from now on"""
    gate: Mapping[str, Any] = Field(default_factory=dict)
    """options of the gate, which their own model checks"""

    _root: Path = PrivateAttr(default_factory=Path)

    @model_validator(mode="after")
    def _within_reach(self) -> Self:
        started = [name for name, side in self.services.items() if side.start]
        if self.service.image and started:
            raise ValueError(
                f"expected address instead of start in services.{started[0]}: a container does not reach what is "
                "started beside it on this machine"
            )
        return self

    @property
    def root(self) -> Path:
        """The folder of the file, which its paths are relative to."""
        return self._root

    def invariant_queries(self) -> dict[str, str]:
        """The query of each invariant by the name of its file; DocumentError where the folder has none."""
        if not self.invariants:
            return {}
        folder = self.root / self.invariants
        files = sorted(folder.glob("*.sql"))
        if not files:
            raise DocumentError(folder, None, "a folder with SQL files, each of which selects rows that must not be")
        return {path.stem: f"{load_text(path).strip().removesuffix(';')}\n" for path in files}

    @property
    def outside(self) -> str:
        """A server that runs already, which a network of the run's own would hide; empty without any."""
        if self.service.base_url:
            return "the service"
        if "://" in self.service.postgres:
            return "the Postgres that was named"
        if self.service.image:
            return ""  # containers have a network of their own
        addressed = [name for name, side in self.services.items() if side.address]
        return f"the server {addressed[0]}" if addressed else ""

    @cached_property
    def document(self) -> Path | None:
        """The file of the OpenAPI document; None where the service itself publishes it."""
        name = self.service.openapi
        path = self.root / name
        return path if not name.startswith("/") or path.is_file() else None


def load(path: Path) -> Declaration:
    """The declaration in a file, or in the ``gate.toml`` of a folder; raises DocumentError."""
    path = path / FILE if path.is_dir() else path
    return _declaration(load_toml(path, dict[str, Any], "tables such as [service]"), path, load_text(path))


def parse(text: str, path: Path) -> Declaration:
    """The declaration in a text that will be the content of ``path``; raises DocumentError."""
    return _declaration(tomllib.loads(text), path, text)


def declared(content: Mapping[str, Any], path: Path) -> Declaration:
    """The declaration of these members, for the file ``path``; raises pydantic's ValidationError."""
    declaration = Declaration(**content)
    declaration._root = path.parent.absolute()
    return declaration


def _declaration(content: Mapping[str, Any], path: Path, text: str) -> Declaration:
    try:
        return declared(content, path)
    except ValidationError as error:
        fault = error.errors()[0]
        place = tuple(str(part) for part in fault["loc"] if part != "[key]")
        raise DocumentError(path, _line(text, place), _expected(place, dict(fault))) from error


def _expected(place: tuple[str, ...], fault: Mapping[str, Any]) -> str:
    """The end of a sentence that begins with ``expected``."""
    name = ".".join(place)
    match fault["type"]:
        case "extra_forbidden":
            *above, last = place
            meant = like(last, _members(above)).replace("Did", "did") or f"known are {', '.join(_members(above))}"
            return f"no member {name!r} ({meant})"
        case "missing":
            return f"a member {name!r}"
        case "value_error":
            text = str(fault["ctx"]["error"])
            return f"{name}: {text.removeprefix('expected ')}" if name else text.replace(": expected", ":", 1)
    kinds = {"dict": "a table", "mapping": "a table", "string": "a text", "tuple": "a list", "model": "a table"}
    kind = next((kinds[word] for word in kinds if fault["type"].startswith(word)), str(fault["msg"]))
    return f"{name}: {kind}, not {fault['input']!r}"


def _members(above: list[str]) -> list[str]:
    """The members that a table of the file may have."""
    model: Any = Declaration
    for part in above:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            continue  # a name that the user chose, or an index
        inner = [field.annotation, *_arguments(field.annotation)]
        model = next((each for each in inner if isinstance(each, type) and issubclass(each, Table)), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _arguments(kind: Any) -> list[Any]:
    inner = list(getattr(kind, "__args__", ()))
    return inner + [below for each in inner for below in _arguments(each)]


def _line(text: str, place: tuple[str, ...]) -> int | None:
    """The line of a member, as far as it can be found without a parser that keeps lines."""
    lines = text.splitlines()
    names = [part for part in place if not part.isdecimal()]
    start, line = 0, None
    for depth in range(len(names), 0, -1):
        header = re.compile(rf"\s*\[\[?\s*{_dotted(names[:depth])}\s*[\].]")
        begun = next((number for number, each in enumerate(lines) if header.match(each)), None)
        if begun is not None:
            start, line, names = begun + 1, begun + 1, names[depth:]
            break
    for number, each in enumerate(lines[start:], start + 1):
        if each.startswith("[") and start:
            break
        if names and re.match(rf"\s*{_dotted(names[:1])}\s*[=.]", each):
            return number
    return line


def _dotted(names: list[str]) -> str:
    return r"\s*\.\s*".join(rf"[\"']?{re.escape(name)}[\"']?" for name in names)
