"""Work in threads and commands under watchdogs that end together, on Ctrl-C, SIGTERM or an error."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gate.targets.postgres.supervision import Watched

LOOK_SECONDS = 0.05
END_SECONDS = 20.0
"""Time a command has after SIGINT before it is killed."""

Result = TypeVar("Result")


class Stopped(Exception):  # noqa: N818 (somebody asked for it)
    """The command was ended because the whole work was."""


def run_all(
    work: Mapping[str, Callable[[], Result]],
    jobs: int,
    stop: threading.Event,
    done: Callable[[Result], None],
    console: Console,
) -> None:
    """Run named pieces of work, ``jobs`` at a time, and call ``done`` with each result as it comes.

    On Ctrl-C, SIGTERM or an error, set ``stop``, which the pieces have to heed, and raise when all of them have ended.
    """
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # SIGINT too: a shell that starts a command in the background has it ignored.
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
            ThreadPoolExecutor(jobs) as pool,
        ):
            task = progress.add_task("", total=len(work))
            futures = {pool.submit(piece): name for name, piece in work.items()}
            try:
                for future in as_completed(futures):
                    done(future.result())
                    running = " ".join(name for future, name in futures.items() if future.running())
                    progress.update(task, advance=1, description=running)
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                console.print("ending what is under way ...")
                raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_command(
    command: Sequence[str | Path],
    cwd: Path,
    seconds: float,
    stop: threading.Event,
    *,
    drop: Iterable[str] = (),
    log: Path | None = None,
    enough: Callable[[], object] = lambda: False,
    env: Mapping[str, str] = {},
) -> tuple[int | None, str]:
    """Return exit code and output of a command; the code is None when ``enough`` was true before its end.

    Args:
        command: Program and arguments.
        cwd: Directory to run it in.
        seconds: Time limit; TimeoutError beyond it.
        stop: Ends the command when set; Stopped is raised then.
        drop: Beginnings of environment variables that the command does not get.
        log: File for the output, in place of the returned text.
        enough: Asked again and again; ends the command when true.
        env: Environment variables in addition to those of this process.

    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(tuple(drop))}
    watched = Watched()
    try:
        watched.run(command, env={**kept, **env}, cwd=cwd, log=log, end=("INT", END_SECONDS))
        limit = time.monotonic() + seconds
        while (code := watched.wait(LOOK_SECONDS)) is None and not enough():
            if stop.is_set():
                raise Stopped
            if time.monotonic() > limit:
                raise TimeoutError
    finally:
        watched.close()
    return code, "\n".join(watched.lines)
