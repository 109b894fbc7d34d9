"""Throwaway copies of the checkout, in which a sabotage changes whatever it wants."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from beacon.checkout import ROOT
from benchmarks.sabotage.catalogue import Edit, Sabotage
from gate.core.errors import GateError

NOT_COMMITTED = (".venv", ".tools")
"""Shared by all copies, which must not change them."""


def pristine(directory: Path) -> Path:
    """Copy the files of this checkout, committed in a repository of their own, and return the copy's top."""
    listed = subprocess.check_output(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and name not in NOT_COMMITTED:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    author = ["-c", "user.name=gate", "-c", "user.email=gate@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "A checkout"]):
        subprocess.run(["git", *words], cwd=directory, check=True)
    (directory / ".venv").symlink_to(sys.prefix)
    return directory


def sabotaged(original: Path, copy: Path, sabotage: Sabotage) -> None:
    """Make a copy of hard links with what the sabotage changes; GateError where its target is gone."""
    shutil.copytree(original, copy, symlinks=True, copy_function=os.link)
    for edit in sabotage.edits:
        path = copy / edit.file
        text = _edited(edit, path, sabotage.name)
        path.unlink()  # a hard link: the original must keep its text
        path.write_text(text, encoding="utf-8")
    for pattern in sabotage.delete:
        targets = list(copy.glob(pattern))
        if not targets:
            raise GateError(f"{sabotage.name}: {pattern} matches no file any more.", "Adapt the sabotage.")
        for target in targets:
            shutil.rmtree(target) if target.is_dir() else target.unlink()
    for name, text in sabotage.add.items():
        if (copy / name).exists():
            raise GateError(f"{sabotage.name}: {name} exists already.", "Adapt the sabotage.")
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    if sabotage.before:
        ended = subprocess.run(["sh", "-euc", sabotage.before], cwd=copy, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise GateError(f"{sabotage.name}: its preparation failed.", log=tuple(ended.stderr.splitlines()))


def _edited(edit: Edit, path: Path, name: str) -> str:
    if not path.is_file():
        raise GateError(f"{name}: there is no {edit.file} any more.", "Adapt the sabotage.")
    text = path.read_text(encoding="utf-8")
    if not edit.old:
        return edit.new
    if (times := text.count(edit.old)) != 1:
        raise GateError(f"{name}: {edit.old!r} stands {times} times in {edit.file}, not once.", "Adapt the sabotage.")
    return text.replace(edit.old, edit.new)
