"""Throwaway copies of the checkout, in which a sabotage changes whatever it wants."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from beacon.checkout import ROOT
from benchmarks.sabotage.catalogue import Edit, Sabotage
from gate.core.errors import GateError


def pristine(directory: Path) -> Path:
    """Copy the files of this checkout, committed in a repository of their own, and return the directory."""
    shutil.rmtree(directory, ignore_errors=True)
    listed = subprocess.check_output(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    author = ["-c", "user.name=gate", "-c", "user.email=gate@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "A checkout"]):
        subprocess.run(["git", *words], cwd=directory, check=True)
    (directory / ".venv").symlink_to(sys.prefix)  # all copies share it
    return directory


def sabotaged(original: Path, copy: Path, sabotage: Sabotage) -> None:
    """Make a copy with the changes of a sabotage; GateError where their target is gone."""
    shutil.copytree(original, copy, symlinks=True)
    for edit in sabotage.edits:
        path = copy / edit.file
        path.write_text(_edited(edit, path), encoding="utf-8")
    for pattern in sabotage.delete:
        targets = list(copy.glob(pattern))
        if not targets:
            raise GateError(f"No file matches {pattern} any more.", "Adapt the sabotage.")
        for target in targets:
            shutil.rmtree(target) if target.is_dir() else target.unlink()
    for name, text in sabotage.add.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        with (copy / name).open("x", encoding="utf-8") as file:
            file.write(text)
    subprocess.run(["sh", "-euc", sabotage.before], cwd=copy, check=True)


def _edited(edit: Edit, path: Path) -> str:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not edit.old and text:
        return edit.new
    if (times := text.count(edit.old) if edit.old else 0) != 1:
        raise GateError(f"{edit.old!r} stands {times} times in {edit.file}, not once.", "Adapt the sabotage.")
    return text.replace(edit.old, edit.new)
