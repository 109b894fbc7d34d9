"""``python -m benchmarks.defects.patches D01,D05 serve``: the runner's command line, with defects or violations.

In place of a command of the runner, ``copy DIRECTORY`` makes a copy of the checkout with those defects that are in
files, and ``check`` applies each defect or violation by itself. Exit code 70 when a name is unknown or its change
cannot be applied; everything else as the runner's.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.defects.patches import edited
from benchmarks.defects.patches.patching import PatchError, files_in
from benchmarks.defects.violation import Violation, violations
from gate.core.errors import GateError

ROOT = Path(__file__).resolve().parents[3]
_FOLDERS = ("contracts", "gate", "beacon", "benchmarks", "fixtures", "tests", "runner", "portal", "docs")
COPIED = (*_FOLDERS, "conftest.py", "pyproject.toml")
"""Everything that a gate reads; the environment stays where it is."""
EXIT_PATCH = 70


def put(names: Sequence[str]) -> None:
    """Apply the named changes to this process, or to the copied checkout; PatchError if that fails."""
    known = _violations(names)
    edited.put([known[name] for name in names if name in known])
    for name in (name for name in names if name not in known):
        try:
            module(name).apply()
        except (PatchError, AttributeError) as error:
            raise PatchError(f"{name}: {error}") from error


@cache
def _known() -> Mapping[str, Violation]:
    return violations()


def _violations(names: Sequence[str]) -> Mapping[str, Violation]:
    if all(map(str.isalnum, names)):
        return {}  # defects, which have no hyphen
    try:
        return _known()
    except GateError as error:
        raise PatchError(str(error)) from error


def module(name: str) -> ModuleType:
    """Return the module of a defect; PatchError if there is none, or if an import from the runner fails."""
    stems = [path.stem for path in Path(__file__).parent.glob(f"{name.lower()}_*.py")] if name.isalnum() else []
    if len(stems) != 1:
        raise PatchError(f"there is no such defect, or several: {name}")
    try:
        return import_module(f"benchmarks.defects.patches.{stems[0]}")
    except (ImportError, AttributeError) as error:
        raise PatchError(f"{name}: {error}") from error


def main(words: Sequence[str]) -> int:
    """Run the command line and return the exit code."""
    if len(words) < 2:
        sys.stderr.write("usage: python -m benchmarks.defects.patches D01[,D02...] COMMAND [ARGUMENT...]\n")
        return 2
    names, command = words[0].split(","), words[1:]
    try:
        if command[0] == "copy" and len(command) == 2:
            copy(Path(command[1]))
            put(names)
            return 0
        if command == ["check"]:
            return max(check(name) for name in names)
        put(names)
    except PatchError as error:
        return _refused(error)
    from runner.cli import app  # noqa: PLC0415 (not before the patches)

    app(list(command), prog_name="python -m runner")
    return 0


def _refused(error: Exception) -> int:
    sys.stderr.write(f"the defect cannot be applied: {error}\n")
    sys.stderr.flush()
    return EXIT_PATCH


def check(name: str) -> int:
    """Apply a defect in a child of this process, which loads the runner once for all of them; a violation to texts."""
    known = _violations([name])
    if name in known:
        try:
            edited.texts([known[name]])
        except PatchError as error:
            return _refused(error)
        return 0
    for module in ("runner.service", "runner.working"):
        import_module(module)  # the whole runner, which no other command of this process needs
    from benchmarks.defects.catalogue import OF_FILES, defects  # noqa: PLC0415 (the patched runner needs none of it)

    child = os.fork()
    if child == 0:
        code = EXIT_PATCH
        try:
            with tempfile.TemporaryDirectory() as directory:
                if defects()[name].kind in OF_FILES:
                    copy(Path(directory))
                put([name])
            code = 0
        except PatchError as error:
            _refused(error)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def copy(directory: Path) -> None:
    """Copy the checkout to ``directory``, in which ``edit_file`` then works."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("node_modules")
            shutil.copytree(source, directory / name, ignore=ignored, dirs_exist_ok=True)
        elif source.exists():
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, directory / name)
    files_in(directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
