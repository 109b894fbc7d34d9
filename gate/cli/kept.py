"""The command line while a run with ``--keep`` stays: the verdict first, then the addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gate.verdict.report_directory import KEPT

LOOK_SECONDS = 0.2


def printed(directory: Path, ended: Callable[[float], bool], show: Callable[[], object]) -> bool:
    """Return whether the suite stays, after ``show`` and its addresses were printed; False once it has ended.

    ``ended`` waits for that as many seconds.
    """
    marker = directory / KEPT
    while not ended(LOOK_SECONDS):
        if marker.exists():
            show()
            print(f"\n{marker.read_text(encoding='utf-8')}", flush=True)
            return True
    return False
