"""The tests that failed the last time they ran from a checkout, in a file below the user's cache directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from gate.verdict.baseline import without_repetition


def path_of(root: Path) -> Path:
    """The file of the checkout ``root``."""
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    return user_cache_path("beacon-gate") / "last-failed" / f"{name}.json"


def read(root: Path) -> list[str]:
    """Ids of the tests; none where no run has written them."""
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(path_of(root).read_text(encoding="utf-8"))
        return [str(test) for test in content] if isinstance(content, list) else []
    return []


def write(root: Path, ran: Iterable[str], failed: Iterable[str]) -> None:
    """Adds the tests that failed and takes out the others that ran; a cache that cannot be written stays as it is."""
    now = set(map(without_repetition, failed))
    known: Collection[str] = set(read(root)) - set(map(without_repetition, ran))
    path = path_of(root)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sorted({*known, *now}), indent=1), encoding="utf-8")
