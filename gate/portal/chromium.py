"""Finds the browser of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from gate.errors import UsageError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find(given: str | None) -> Path | None:
    """The browser's program: ``given``, else the first on the usual paths, None where there is none.

    UsageError where ``given`` is no program.
    """
    if given is None:
        return next(_usual(), None)
    found = shutil.which(given)
    if found is None:
        raise UsageError(f"--browser-path is no program: {given}.", "Give the path of a Chromium or Chrome.")
    return Path(found)


def _usual() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from (path for path in map(Path, PLACES) if path.is_file())
