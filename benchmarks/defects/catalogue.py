"""The defects that there are, read from the source of their modules, which belong to the tests and are not imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon.checkout import ROOT
from gate.core.errors import GateError, UsageError

DIRECTORY = ROOT / "benchmarks" / "defects" / "patches"
KINDS = ("runner", "migration", "backfill", "portal", "document", "payload")
OF_FILES = frozenset({"portal", "document", "payload"})
"""Kinds whose fault is in a file, so that the gate is run on a copy of the checkout."""

_FILE = re.compile(r"(d[0-9]{2})_([a-z0-9_]+)\.py")


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect: what it is, and which findings are about it.

    ``caught_by`` has a code each, and behind a blank a regular expression that has to be found in the finding's place;
    with one, the code may be that of a group, as BG-INV.
    ``cause`` has words of which one has to be in a finding that names the cause. ``instead`` says why a relative stands
    for a defect that the runner cannot have.
    """

    id: str
    slug: str
    what: str
    caught_by: tuple[str, ...]
    cause: tuple[str, ...]
    kind: str = "runner"
    instead: str = ""

    def about(self, code: str, where: str) -> bool:
        """Whether a finding with this code in this place is about the defect."""
        for entry in self.caught_by:
            wanted, _, pattern = entry.partition(" ")
            group = bool(pattern) and code.startswith(f"{wanted}-")
            if (code == wanted or group) and re.search(pattern, where):
                return True
        return False

    def named_in(self, text: str) -> bool:
        """Whether a finding's text names the cause."""
        return any(word.casefold() in text.casefold() for word in self.cause)


def defects(directory: Path = DIRECTORY) -> dict[str, Defect]:
    """Every defect by id, in their order; GateError where a module is not as it has to be, or there is none."""
    found: dict[str, Defect] = {}
    for path in sorted(directory.glob("d[0-9]*.py")):
        defect = _read(path)
        if defect.id in found:
            raise GateError(f"{path} is a second module of {defect.id}.", "Leave one.")
        found[defect.id] = defect
    if not found:
        raise GateError(f"{directory} holds no defect.", "Run in a whole checkout.")
    return found


def _read(path: Path) -> Defect:
    name = _FILE.fullmatch(path.name)
    if name is None:
        raise GateError(f"{path} is no name of a defect.", "Expected one like d01_what_it_is.py.")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    values = _constants(tree)
    first = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    what = first.removeprefix(f"{name[1].upper()}: ")
    if what == first or not _texts(values.get("CAUGHT_BY")) or not _texts(values.get("CAUSE")):
        hint = "Its docstring begins with its id and a colon; CAUGHT_BY and CAUSE are tuples of texts."
        raise GateError(f"{path} does not describe a defect.", hint)
    if values.get("KIND", "runner") not in KINDS:
        raise GateError(f"{path} is of no known kind.", f"KIND is one of {', '.join(KINDS)}.")
    return Defect(
        id=name[1].upper(),
        slug=name[2].replace("_", "-"),
        what=what,
        caught_by=values["CAUGHT_BY"],
        cause=values["CAUSE"],
        kind=values.get("KIND", "runner"),
        instead=values.get("INSTEAD", ""),
    )


def _constants(tree: ast.Module) -> dict[str, Any]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # not one of those that describe the defect
    return found


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(entry, str) and entry for entry in value)


def chosen(known: dict[str, Defect], names: str) -> list[Defect]:
    """The defects of a list like ``D01,D05``; UsageError for one that is not known, or none at all."""
    ids = list(dict.fromkeys(name.strip().upper() for name in names.split(",") if name.strip()))
    unknown = [name for name in ids if name not in known]
    if unknown or not ids:
        what = f"There is no defect {', '.join(unknown)}." if unknown else "No defect was named."
        raise UsageError(what, f"Known are {', '.join(known)}.")
    return [known[name] for name in ids]


def third(known: Sequence[Defect], number: int) -> list[Defect]:
    """Every third defect, beginning with that of ``number``; three consecutive numbers take each once."""
    return list(known[number % 3 :: 3])


def together(directory: Path = DIRECTORY) -> str:
    """The defects that are put into one runner at once, as a list like ``D01,D05``."""
    path = directory / "__init__.py"
    names = _constants(ast.parse(path.read_text(encoding="utf-8"))).get("TOGETHER")
    if not isinstance(names, tuple) or not _texts(names):
        raise GateError(f"{path} names no defects to put together.", "Expected TOGETHER there.")
    return ",".join(names)
