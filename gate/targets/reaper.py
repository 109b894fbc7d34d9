"""Removes a run's containers when the process that runs it is gone, however it went.

A script of its own, run as ``python -I reaper.py RUN``. It waits for its standard input to end; a line that
comes before says that there is nothing left to do. Whatever is heavy is imported only where it is needed.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path

SETTLE_SECONDS = 2.0
"""How long a worker that has lost its run may take until it ends."""


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

    with contextlib.suppress(GateError, *FAILURES):  # nobody is left to tell, and the next run sweeps
        sweep.remove(connect(), sys.argv[1])
        time.sleep(SETTLE_SECONDS)  # a worker may have been about to start a container: there is nothing to wait for
        sweep.remove(connect(), sys.argv[1])


if __name__ == "__main__":
    main()
