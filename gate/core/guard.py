"""Ends every process of a run and removes its directory as soon as the gate is gone, however it went.

A script of its own, run as ``python -I guard.py RUN DIRECTORY ROOT ...``: the end of a pipe reaches it even where the
gate was killed. First it removes what runs that are gone left below each ROOT. A directory is locked while its owner
lives, so that nobody else's is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

RUN = "GATE_RUN_IDS"
"""The variable that marks each process of a run with the ids of the runs that it belongs to; empty for none."""
PREFIX = "gate-run-"
REGISTER = "processes"
"""Folder with a file for each process that is to end first, named by its id."""
SETTLE_SECONDS = 0.5
"""Seconds in which watchdogs and browsers end by themselves, and clean up, once the processes above them are gone."""
KILL_SECONDS, LOOK_SECONDS = 10.0, 0.03


def sweep(roots: Iterable[Path]) -> list[Path]:
    """Removes the directories of runs that are gone; returns them."""
    gone = []
    for path in (path for root in roots for path in root.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
                gone.append(path)
            finally:
                os.close(held)
    return gone


def members(run: str) -> list[psutil.Process]:
    """The living processes of a run, by their environment or, where that names no run, by that of their parent.

    A process that writes a title over its environment shows none.
    """
    import psutil  # noqa: PLC0415  (other processes need this module for its names alone)

    living, parents, runs = [], {}, dict[int, list[str]]()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error), process.oneshot():
            parents[process.pid] = process.ppid()
            if process.status() != psutil.STATUS_ZOMBIE:
                living.append(process)
            if (value := process.environ().get(RUN)) is not None:
                runs[process.pid] = value.split()

    def of(pid: int) -> list[str]:
        while pid not in runs and pid in parents and pid > 1:
            pid = parents[pid]
        return runs.get(pid, [])

    return [process for process in living if run in of(process.pid)]


def lives(process: psutil.Process) -> bool:
    """True unless it has ended, reaped or not."""
    import psutil  # noqa: PLC0415 (for its names alone, others do without)

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kills those that still live."""
    import psutil  # noqa: PLC0415 (for its names alone, others do without)

    for process in processes:
        with contextlib.suppress(psutil.Error):  # it has ended, or is somebody else's
            process.kill()


def registered(run: str, directory: Path) -> Iterator[psutil.Process]:
    """The processes that are to end first, where the number is not another's by now."""
    import psutil  # noqa: PLC0415 (for its names alone, others do without)

    for path in directory.glob(f"{REGISTER}/*"):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(path.name))
            if run in process.environ().get(RUN, "").split():
                yield process


def end(run: str, directory: Path) -> None:
    """Ends the registered processes of a run at once, and a little later what is left of it."""
    began = time.monotonic()
    kill(registered(run, directory))  # before all are looked at, which takes its time on a busy machine
    living = members(run)
    while any(map(lives, living)) and time.monotonic() < began + SETTLE_SECONDS:
        time.sleep(LOOK_SECONDS)
    while (living := members(run)) and time.monotonic() < began + KILL_SECONDS:
        kill(living)
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """Sweeps, waits for the end of standard input, and cleans up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    import psutil  # noqa: F401, PLC0415  (now, since there may be no time for it at the end)

    run, directory, *roots = sys.argv[1:]
    sweep(map(Path, roots))
    sys.stdin.buffer.read()
    with contextlib.suppress(LookupError, OSError):  # without /proc no process can be seen
        end(run, Path(directory))
    shutil.rmtree(directory, ignore_errors=True)
    sweep(map(Path, roots))  # a watchdog that was too slow has left its directory


if __name__ == "__main__":
    main()
