"""The lifetime of a run: its processes and its directories end with it, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from gate.core import guard
from gate.core.errors import GateError
from gate.core.guard import PREFIX, REGISTER, RUN
from gate.core.surroundings import environment

MEMORY = Path("/dev/shm")  # noqa: S108 (the kernel's memory file system; files in it get unguessable names)
SHARED = Path("/tmp")  # noqa: S108 (files in it get unguessable names)
LONGEST_ROOT = 40
"""Characters of a folder below which the path of a socket still fits."""
END_SECONDS = 15.0


def root() -> Path:
    """The folder for directories that a run makes: that of temporary files outside of any run."""
    inside = Path(tempfile.gettempdir())
    outside = inside.parent if inside.name.startswith(PREFIX) else inside
    return outside if len(str(outside)) <= LONGEST_ROOT else SHARED


def locked(path: Path, mode: int = 0o700) -> int:
    """Makes a directory and returns a descriptor, which locks it as long as any process holds it."""
    while True:
        path.mkdir(mode=0o700)
        with contextlib.suppress(FileNotFoundError):  # the sweep of another run was faster than the lock
            held = os.open(path, os.O_RDONLY)
            with contextlib.suppress(OSError):  # where there are no locks, no sweep removes it either
                fcntl.flock(held, fcntl.LOCK_EX)
            if path.exists():
                path.chmod(mode)
                return held
            os.close(held)


def register() -> None:
    """Has this process of a run end as soon as the gate is gone, before those that end by themselves."""
    with contextlib.suppress(OSError):  # it is of no run
        Path(os.environ.get("TMPDIR", ""), REGISTER, str(os.getpid())).touch()


class Lifetime:
    """A run: its directory for temporary files, and the guard that ends its processes when this one is gone.

    ``environment`` marks processes as the run's.
    """

    def __init__(self) -> None:
        run = secrets.token_hex(4)
        try:
            parent = root()
            self.directory = parent / f"{PREFIX}{run}"
            held = locked(self.directory, 0o711)  # Postgres, which may run as another user, may have its data below
            (self.directory / REGISTER).mkdir()
            self._guard = subprocess.Popen(
                [sys.executable, "-I", guard.__file__, run, self.directory, *{parent, MEMORY, SHARED}],
                stdin=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(held,),
                cwd="/",
                env=environment(),
            )
        except OSError as error:
            hint = "Free some space there, or set TMPDIR to a directory that can be written."
            raise GateError(f"The temporary directory of the run cannot be made: {error}.", hint) from error
        os.close(held)
        self.environment = {RUN: f"{os.environ.get(RUN, '')} {run}".strip(), "TMPDIR": str(self.directory)}

    def end(self) -> None:
        """Begins to end what is left of the run."""
        if self._guard.stdin:
            self._guard.stdin.close()

    def close(self) -> None:
        """Ends what is left of the run and waits for that; safe to call twice."""
        self.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(END_SECONDS)
