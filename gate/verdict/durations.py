"""The seconds of tests in earlier runs of a checkout, in a file below the user's cache directory."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gate.verdict import last_failed


def path_of(root: Path) -> Path:
    """The file of the checkout ``root``."""
    path = last_failed.path_of(root)
    return path.parent.parent / "durations" / path.name


def read(root: Path) -> dict[str, float]:
    """Seconds by test; empty where no run has written them."""
    with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        content = json.loads(path_of(root).read_text(encoding="utf-8"))
        seconds = {str(test): float(number) for test, number in content.items()}
        return seconds if all(map(math.isfinite, seconds.values())) else {}
    return {}


def write(root: Path, ran: Mapping[str, float]) -> None:
    """Renews those of tests that ran; a cache that cannot be written stays as it is."""
    path = path_of(root)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**read(root), **ran}, indent=1), encoding="utf-8")
