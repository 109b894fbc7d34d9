"""The means of this machine that a run needs."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from gate.core.errors import GateError

FILES_NEEDED = 1024
"""The usual limit of open files; a service that needs more leaks them."""
PORTS_NEEDED = 200
"""Local ports that a run with two workers uses at the same time, those that wait for their end included."""
WIDEN = 'sysctl -w net.ipv4.ip_local_port_range="32768 60999"'
STOPPED = "The {} was stopped from outside by SIGSTOP, not by the gate."
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def local_ports() -> int | None:
    """Number of local ports of this machine; None where the system does not say it."""
    try:
        first, last = map(int, _PORTS.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return last - first + 1


def is_stopped(pid: int) -> bool:
    """Return whether a process was stopped by a signal and does not go on; False where the system does not say it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in {"T", "t"}


def children(pid: int) -> list[int]:
    """The children of a process; none where the system does not say it."""
    pids = list[int]()
    with suppress(OSError):  # the process has ended meanwhile
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):  # the thread that started them has ended
                pids += map(int, path.read_text(encoding="ascii").split())
    return pids


def check() -> None:
    """Ends a run that would run out of local ports, or could not find its processes.

    Raises:
        GateError: There are fewer ports than it needs, or no process can be seen.

    """
    try:
        psutil.pids()
    except (OSError, LookupError) as error:  # the second is how an empty /proc shows
        raise GateError("The processes of this machine cannot be listed.", "Mount /proc.") from error
    ports = local_ports()
    if ports is not None and ports < PORTS_NEEDED:
        message = f"This machine has {ports} local ports; a run needs {PORTS_NEEDED}."
        raise GateError(message, f"Widen them: {WIDEN}.")


def room(directory: Path) -> int:
    """Bytes that are free in a directory; 0 where it cannot be written."""
    try:
        return shutil.disk_usage(directory).free if os.access(directory, os.W_OK | os.X_OK) else 0
    except OSError:
        return 0
