"""Removes a run's containers when the process that runs it is gone, however it went.

A script of its own, run as ``python -I reaper.py RUN``. It waits until its standard input ends; a line before that
means that nothing is left to do. Large modules are imported only when they are needed.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path

SETTLE_SECONDS = 2.0
"""Seconds in which a worker that has lost its run ends."""


def main() -> None:
    """Waits, and removes what is left of the run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    if sys.stdin.buffer.readline():
        return
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from gate.core.errors import GateError  # noqa: PLC0415  (above)
    from gate.targets import sweep  # noqa: PLC0415  (above)
    from gate.targets.engine import FAILURES, connect  # noqa: PLC0415  (above)

    with contextlib.suppress(GateError, *FAILURES):  # nobody reads an error, and the next run sweeps
        sweep.remove(connect(), sys.argv[1])
        time.sleep(SETTLE_SECONDS)  # a worker may have been starting a container
        sweep.remove(connect(), sys.argv[1])


if __name__ == "__main__":
    main()
