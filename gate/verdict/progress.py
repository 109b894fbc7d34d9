"""Progress of what takes long: a worker says what it is doing, and the controller of the run tells it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

EVERY = 5.0
"""Seconds between two lines about one worker."""
SUFFIX = ".now"


class Now:
    """What this worker is doing now, in a file of its own."""

    def __init__(self, path: Path, every: float = EVERY) -> None:
        self._path = path.with_suffix(SUFFIX)
        self._every = every
        self._next = time.monotonic() + every

    def __enter__(self) -> Now:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def __call__(self, text: Callable[[], str]) -> None:
        """Says it, unless that was done a moment ago; the text is only made where it is said."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            written = self._path.with_suffix(".next")
            written.write_text(text(), encoding="utf-8")
            written.replace(self._path)


class Watch:
    """Tells what the workers say, in a thread of its own, until it is stopped."""

    def __init__(self, directory: Path, tell: Callable[[str], None], every: float = EVERY) -> None:
        self._directory = directory
        self._tell = tell
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        told: dict[Path, str] = {}
        while not self._over.wait(self._every / 5):
            for path in sorted(self._directory.glob(f"*{SUFFIX}")):
                try:
                    text = path.read_text(encoding="utf-8")
                except FileNotFoundError:  # it is done
                    continue
                if told.get(path) != text:
                    told[path] = text
                    self._tell(f"{path.stem}: {text}")
