"""The directory of a run's reports."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gate.core.errors import UsageError


def prepare(directory: Path) -> None:
    """Creates the directory, and removes the reports of an earlier run; UsageError where it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise UsageError(
            f"--report-dir {directory} cannot be written: {error.strerror}.", "Name another directory."
        ) from error
    for name in ("verdict.json", "verdict.md", "verdict.html", "junit.xml"):
        (directory / name).unlink(missing_ok=True)
    for name in ("journal", "allure-results"):
        shutil.rmtree(directory / name, ignore_errors=True)
