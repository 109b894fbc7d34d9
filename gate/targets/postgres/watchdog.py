"""Owns one directory and one child at a time, and ends both when its standard input ends.

A stand-alone script, run as ``python -I -S watchdog.py [DIRECTORY LOCK]``: the end of a pipe reaches it however its
parent died, SIGKILL included. DIRECTORY is removed at the end; LOCK is a descriptor that locks it, for the child too.

Requests are lines of JSON on standard input:

- ``{"run": [program, ...], "env": {...}, "cwd": str, "log": path | null, "user": uid, "group": gid, "end": "TERM",
  "grace": seconds}`` starts a child once the previous one has ended; answered by ``{"pid": int}`` or ``{"error": str}``
  on standard output. ``end`` is the signal that asks the child to end; SIGKILL follows after ``grace`` seconds.
- ``{"signal": "TERM"}`` is sent to the child's process group.

What the child prints goes to ``log``, or to the watchdog's standard error; there a line of MARK and the child's return
code follows when the child has ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

MARK = "\0watchdog: child ended with "
REMOVAL_SECONDS = 10.0


class Child:
    """A child in a process group of its own, and the thread that notices its end."""

    def __init__(self, request: dict[str, Any], locks: list[int]) -> None:
        user, group = request["user"], request["group"]
        # A child inherits ignored signals but not handlers, so main() handles them and the child starts with defaults.
        drop: dict[str, Any] = {"user": user, "group": group, "extra_groups": []} if user >= 0 else {}
        with contextlib.ExitStack() as stack:
            output: Any = stack.enter_context(open(request["log"], "ab")) if request["log"] else 2  # noqa: PTH123 (pathlib doubles the start-up time)
            self._process = subprocess.Popen(
                request["run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=request["env"],
                cwd=request["cwd"],
                start_new_session=True,
                pass_fds=locks,
                **drop,
            )
        self.pid = self._process.pid
        self._end, self._grace = request["end"], request["grace"]
        self._thread = threading.Thread(target=self._reap, daemon=True)
        self._thread.start()

    def _reap(self) -> None:
        code = self._process.wait()
        self.signal("KILL")  # whatever it started and left behind in its group
        with contextlib.suppress(OSError):  # the parent is gone and reads no more
            os.write(2, f"\n{MARK}{code}\n".encode())

    def signal(self, name: str) -> None:
        """Sends a signal to the child's group; no error when nothing of it is left."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.Signals[f"SIG{name}"])

    def finish(self) -> None:
        """Ends the child: asks, waits, kills."""
        if self._process.poll() is None:
            self.signal(self._end)
            try:
                self._process.wait(self._grace)
            except subprocess.TimeoutExpired:
                self.signal("KILL")
        self._thread.join()


def answer(**message: object) -> None:
    """Answers a request."""
    os.write(1, json.dumps(message).encode() + b"\n")


def remove(directory: str) -> None:
    """Removes the directory, again while something that is just ending still writes to it."""
    import shutil  # noqa: PLC0415 (one more megabyte while there is nothing to remove)

    limit = time.monotonic() + REMOVAL_SECONDS
    while os.path.lexists(directory) and time.monotonic() < limit:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.005)


def begin(request: dict[str, Any], earlier: Child | None, locks: list[int]) -> tuple[Child | None, dict[str, object]]:
    """Starts the child of a ``run`` request once the previous child has ended; returns it with the answer."""
    if earlier is not None:
        earlier.finish()
    try:
        child = Child(request, locks)
    except (OSError, ValueError) as error:
        return None, {"error": str(error), "errno": getattr(error, "errno", None)}
    return child, {"pid": child.pid}


def serve(directory: str | None, locks: list[int]) -> None:
    """Serves requests until standard input ends, then ends the child and removes the directory."""
    child: Child | None = None
    try:
        answer(directory=directory)
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if "signal" in request and child is not None:
                child.signal(request["signal"])
            if "run" in request:
                child, message = begin(request, child, locks)
                answer(**message)  # after the assignment: when the parent is gone by now, the child is ended below
    except (ValueError, OSError):
        pass  # a torn request or a closed pipe: the parent died while it wrote or before it could read
    finally:
        if child is not None:
            child.finish()
        if directory is not None:
            remove(directory)


def main() -> None:
    """Serves."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    serve(sys.argv[1] if len(sys.argv) > 1 else None, [int(lock) for lock in sys.argv[2:]])


if __name__ == "__main__":
    main()
