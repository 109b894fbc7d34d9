"""The display of a run that goes on: live in a terminal, else a line every ten seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gate.cli.child import Child
from gate.core.errors import GateError
from gate.core.resources import STOPPED
from gate.core.texts import clip
from gate.verdict.journal import Follower
from gate.verdict.progress import Progress

LOOK = 0.2
"""Seconds between two looks at the suite."""
REFRESH = 0.5
"""Seconds between two pictures of the live display: each takes a millisecond of processor time, or two."""
EVERY, LATER, LONG = 10.0, 30.0, 300.0
"""Seconds between two lines; those after ``LONG`` seconds."""
STOPPED_SECONDS = 10.0
"""Time after which a process of the suite that was stopped will not go on by itself."""
STOPPING = "Stopping: taking the runner down."
BAR = 20


class Display(Protocol):
    """A place that shows how far a run is."""

    def say(self, text: str) -> None:
        """Shows a line for good."""

    def fail(self, line: str) -> None:
        """Shows that a test failed."""

    def update(self, progress: Progress) -> None:
        """Shows how far the run is, if that is due."""


class Lines:
    """A line every ten seconds, for a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._due = EVERY
        self._failure = ""

    def say(self, text: str) -> None:
        """Prints a line."""
        self._console.print(Text(text), soft_wrap=True)

    def fail(self, line: str) -> None:
        """Keeps the failure for the next line."""
        self._failure = line

    def update(self, progress: Progress) -> None:
        """Prints a line if one is due."""
        if progress.elapsed < self._due:
            return
        self._due = progress.elapsed + (EVERY if progress.elapsed < LONG else LATER)
        news = f"last failure: {self._failure}" if self._failure else progress.now
        self._failure = ""
        self.say(", ".join(_state(progress)) + (f"; {clip(news, 160)}" if news else ""))


class Picture:
    """The live display of a terminal: a bar and the test that runs, below the lines that were said."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._due = 0.0

    def say(self, text: str) -> None:
        """Prints a line above the picture."""
        self._live.console.print(Text(text), soft_wrap=True)

    def fail(self, line: str) -> None:
        """Prints a line about a failed test, cut to the width of the terminal."""
        self._live.console.print(
            Text("FAILED ", "bold red").append(line, "default not bold"), no_wrap=True, overflow="ellipsis"
        )

    def update(self, progress: Progress) -> None:
        """Draws the picture again if that is due."""
        if progress.elapsed >= self._due:
            self._due = progress.elapsed + REFRESH
            self._live.update(_picture(progress), refresh=True)


def _picture(progress: Progress) -> Group:
    phase, *others = _state(progress)
    row = Table.grid(padding=(0, 1))
    total, done = len(progress.collected), len(progress.ended)
    failed = Text(", ".join(others), "bold red" if progress.failed else "")
    row.add_row(Text(phase, "bold"), ProgressBar(total or None, done, width=BAR, pulse=not total), failed)
    return Group(row, Text(f"  {progress.now}", "dim", no_wrap=True, overflow="ellipsis"))


def _state(progress: Progress) -> Iterator[str]:
    """The time and the phase, then all that is known."""
    yield f"{_clock(progress.elapsed)} {progress.phase}"
    if progress.collected:
        yield f"{len(progress.ended)} of {len(progress.collected)} tests"
        yield f"{len(progress.failed)} failed"
    if (left := progress.remaining) is not None:
        yield f"about {_clock(left)} left"


def _clock(seconds: float) -> str:
    minutes, odd = divmod(round(seconds), 60)
    return f"{minutes}:{odd:02}"


@contextmanager
def display(console: Console, *, verbose: bool) -> Iterator[Display]:
    """The display that the place of the output can show; with ``verbose`` all that the suite prints is there too."""
    if console.is_terminal and sys.stdout.isatty() and not console.is_dumb_terminal and not verbose:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield Picture(live)
        return
    folded = os.environ.get("GITHUB_ACTIONS") == "true"
    if folded:
        console.print("::group::Progress of the run")
    try:
        yield Lines(console)
    finally:
        if folded:
            console.print("::endgroup::")


def follow(child: Child, progress: Progress, follower: Follower, screen: Display, *, stays: Callable[[], bool]) -> None:
    """Shows what happens until the suite has ended, or ``stays`` though it has judged.

    GateError where one of its processes was stopped some seconds ago and does not go on, so that it never ends.
    """
    over = False
    while not over:
        over = child.ended(LOOK) or stays()
        if not over and child.stopped(STOPPED_SECONDS):
            child.kill()
            raise GateError(STOPPED.format("suite"))
        if child.interrupted and not progress.stopping:
            progress.stopping = True
            screen.say(STOPPING)
        while child.notes:
            screen.say(child.notes.popleft())
        for line in progress.hear(follower.events()):
            screen.fail(line)
        screen.update(progress)
