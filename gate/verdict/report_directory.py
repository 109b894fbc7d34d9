"""The directory of a run's reports: one run holds it, empties it at its beginning, and fills it at its end."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gate.core.errors import GateError
from gate.core.rerun import AGAIN

LOCK = ".lock"
"""A file that the holder locks, with its process id; the kernel releases it however the holder ends."""
PARTIAL = ".partial"
"""End of the names of what is not whole yet."""
ERRORS = "errors.txt"
"""The last lines that a run without a verdict wrote to standard error, or the traceback of the gate's own fault."""
OUTPUT = "tests.log"
"""All that the suite printed."""
VERDICT = "verdict.json"
KEPT = "journal/kept.txt"
"""The addresses of a run with --keep, as long as it stays."""
RESULTS = (
    VERDICT,
    "shard.json",
    "verdict.md",
    "verdict.html",
    "verdict.sarif",
    "allure-report",
    "junit.xml",
    "allure-results",
    "journal",
    "replay",
    ERRORS,
    OUTPUT,
)

_held: dict[Path, int] = {}  # descriptors of the locks of this process


def claim(directory: Path, holder: str = "") -> None:
    """Takes the directory for this process until it ends, and removes the results of an earlier run.

    Nothing happens where this process, or the process with the id ``holder``, holds it already.

    Raises:
        GateError: another run holds it, or it cannot be written.

    """
    path = directory.resolve()
    if path in _held:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 20, 0).decode(errors="replace").strip()
            os.close(lock)
            if holder and owner == holder:
                return
            message = f"Another run (process {owner or 'unknown'}) is using the report directory {directory}."
            raise GateError(message, "Wait until it ends, or name another directory with --report-dir.") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        _held[path] = lock
        _empty(directory)
    except OSError as error:
        raise GateError(
            f"--report-dir {directory} cannot be written: {error.strerror}.",
            "Name another directory; what an earlier run left in this one says nothing of this build.",
        ) from error


def release(directory: Path) -> None:
    """Lets another process of this program have the directory."""
    if lock := _held.pop(directory.resolve(), 0):
        os.close(lock)


def held() -> Mapping[Path, int]:
    """The directories that this process holds, with the descriptors of their locks."""
    return _held


def publish(directory: Path, contents: Mapping[str, str]) -> None:
    """Writes files beside their places, then moves all that is whole into place, the verdict last."""
    try:
        for name, content in contents.items():
            (directory / f"{name}{PARTIAL}").write_text(content, encoding="utf-8")
        for path in sorted(directory.glob(f"*{PARTIAL}"), key=lambda path: path.stem == VERDICT):
            _remove(path.with_suffix(""))
            path.replace(path.with_suffix(""))
    except OSError as error:
        _remove(directory / VERDICT)
        raise GateError(
            f"The reports cannot be written to {directory}: {error.strerror}.", "Free space, or name another directory."
        ) from error


def _empty(directory: Path) -> None:
    for name in RESULTS:
        for folder in (directory, directory / AGAIN):
            _remove(folder / name)
            _remove(folder / f"{name}{PARTIAL}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
