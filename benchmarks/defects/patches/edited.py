"""Put violations into this process, whose modules are loaded from edited texts, or into the portal of a copy."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from benchmarks.defects.patches.patching import PatchError, edit_file, edit_migration
from benchmarks.defects.violation import EditedFile, Violation

ROOT = Path(__file__).resolve().parents[3]
_MIGRATION = re.compile(r"runner/migrations/(\d{4})_\w+\.up\.sql")


def texts(violations: Iterable[Violation], root: Path = ROOT) -> dict[str, str]:
    """Return the edited text of each file that the violations change, by its path.

    PatchError names the violation where a file is gone, a text does not stand in it exactly once, or the result is not
    valid Python.
    """
    edited: dict[str, str] = {}
    for violation in violations:
        for each in violation.files:
            try:
                edited[each.file] = _edited(each, edited, root)
            except (OSError, SyntaxError, PatchError) as error:
                raise PatchError(f"{violation.id}: {each.file}: {error}") from error
    return edited


def _edited(each: EditedFile, edited: Mapping[str, str], root: Path) -> str:
    text = edited.get(each.file) or (root / each.file).read_text(encoding="utf-8")
    for old, new in each.edits:
        if (count := text.count(old)) != 1 or old == new:
            raise PatchError(f"{old!r} stands there {count} times instead of once, or is its own replacement")
        text = text.replace(old, new)
    if each.file.endswith(".py"):
        compile(text, each.file, "exec", dont_inherit=True)
    return text


def put(violations: Sequence[Violation]) -> None:
    """Apply violations to this process, which has not loaded the runner yet, or to the portal of a copied checkout.

    PatchError if that fails.
    """
    edited = texts(violations)
    modules = {_module(file): text for file, text in edited.items() if file.endswith(".py")}
    if loaded := sorted(modules.keys() & sys.modules.keys()):
        raise PatchError(f"{', '.join(loaded)} was loaded before it could be edited")
    sys.meta_path.insert(0, _Finder(modules))
    for each in (each for violation in violations for each in violation.files):
        if match := _MIGRATION.fullmatch(each.file):
            edit_migration(int(match[1]), *each.edits)
        elif not each.file.endswith(".py"):
            edit_file(each.file, *each.edits)


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Finder:
    """Finds the modules whose text is edited."""

    def __init__(self, edited: Mapping[str, str]) -> None:
        self._edited = edited

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of an edited module, with a loader of the edited text."""
        spec = PathFinder.find_spec(name, path, target) if name in self._edited else None
        if spec is not None:
            spec.loader = _Loader(name, str(spec.origin), self._edited[name])
        return spec


class _Loader(SourceFileLoader):
    """Loads a module from a text in place of its file and cached bytecode."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, _fullname: str) -> CodeType:
        """Compile the text."""
        return compile(self._text, self.path, "exec", dont_inherit=True)
