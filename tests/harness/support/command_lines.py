"""Parses documented commands with the parsers of the programs themselves, without running what they ask for."""

from __future__ import annotations

import argparse
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import typer.core

FOREIGN = {"docker", "export", "pip"}
"""Programs whose options are not ours to check."""
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")


class Parsed(BaseException):
    """The program accepted its command line; a base exception, so that no program takes it for an error."""


def problem(root: Path, command: str) -> str:
    """The reason why a program of the checkout at ``root`` refuses a command line; empty where it accepts it."""
    words = shlex.split(command)
    while words and ASSIGNMENT.fullmatch(words[0]):
        del words[0]
    if not words or words[0] in FOREIGN:
        return ""
    if words[0].startswith("./scripts/"):
        script = root / words[0]
        text = script.read_text(encoding="utf-8") if script.is_file() else ""
        module = re.search(r'python -E -m ([\w.]+)( \w+)? "\$@"', text)
        return _refused([module[1], *(module[2] or "").split(), *words[1:]], root) if module else "no such script"
    if words[0] == "gate":  # as the wheel installs it
        return _refused(words, root)
    if words[:2] == [".venv/bin/python", "-m"]:
        return _refused(words[2:], root)
    return f"{words[0]} is no program of this checkout"


def _refused(words: Sequence[str], root: Path) -> str:
    if words[0] == "pytest":
        collected = subprocess.run(
            [sys.executable, "-m", *words, "--collect-only", "-q"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if collected.returncode == 0 else collected.stdout + collected.stderr
    try:
        with (
            patch.object(argparse.ArgumentParser, "parse_args", _parse),
            patch.object(typer.core.TyperCommand, "invoke", _accept),
            patch.object(sys, "argv", list(words)),
            _unknown(words[0], f"{words[0]}.__main__"),
        ):
            runpy.run_module(words[0], run_name="__main__")
    except Parsed:
        return ""
    except SystemExit as refusal:
        return f"exit code {refusal.code}" if refusal.code else ""
    return "nothing parsed the command line"


@contextmanager
def _unknown(*names: str) -> Iterator[None]:
    """Forgets some modules meanwhile, and no other: libraries in C, such as uvloop, cannot be imported twice."""
    known = {name: sys.modules.pop(name) for name in names if name in sys.modules and not _is_package(name)}
    try:
        yield
    finally:
        for name in names:
            if not _is_package(name):
                sys.modules.pop(name, None)
        sys.modules.update(known)


def _is_package(name: str) -> bool:
    return hasattr(sys.modules.get(name), "__path__")


def _parse(parser: argparse.ArgumentParser, words: Sequence[str] | None = None, _: object = None) -> None:
    _, unknown = parser.parse_known_args(words)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    raise Parsed


def _accept(*_: object) -> None:
    raise Parsed
