"""Progress of a backfill, and at its end the results and the reasons why some jobs got no analysis."""

import json
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from runner.backfill.batches import Done

_HELD_BYTES: Final = 1 << 20
_LINE_SECONDS: Final = 5.0


class Report:
    """The sum of a backfill.

    The jobs without an analysis are kept in memory as long as they are few, and in a temporary file from then on.

    Args:
        dry_run: whether nothing was written.

    """

    def __init__(self, dry_run: bool) -> None:
        self.counts = {"examined": 0, "written": 0, "analysed": 0, "not_analysed": 0}
        self._dry_run = dry_run
        self._began = time.monotonic()
        # Closed with the process; nothing else has a use for it.
        self._left_out = tempfile.SpooledTemporaryFile(_HELD_BYTES, "w+", encoding="utf-8")  # noqa: SIM115 - see above

    def add(self, done: Done) -> None:
        """Add what became of a batch."""
        self.counts["examined"] += done.examined
        self.counts["written"] += done.written
        self.counts["analysed"] += done.analysed
        for job_id, reason in done.left_out:
            self.leave_out(job_id, reason)

    def leave_out(self, job_id: str, reason: str) -> None:
        """Note why a job has no analysis."""
        self.counts["not_analysed"] += 1
        self._left_out.write(json.dumps({"job_id": job_id, "reason": reason}) + "\n")

    def write(self, out: TextIO, *, as_json: bool) -> None:
        """Write the summary: as one JSON object, or a line for each job without an analysis and one with the counts."""
        seconds = round(time.monotonic() - self._began, 3)
        self._left_out.seek(0)
        if as_json:
            head = json.dumps({"dry_run": self._dry_run, **self.counts, "seconds": seconds})
            out.write(head.removesuffix("}") + ', "reasons": [')
            out.writelines((", " if place else "") + line.rstrip("\n") for place, line in enumerate(self._left_out))
            out.write("]}\n")
            return
        for line in self._left_out:
            entry = json.loads(line)
            out.write(f"{entry['job_id']}: no analysis: {entry['reason']}\n")
        done = "would be" if self._dry_run else "were"
        out.write(
            f"{self.counts['examined']} jobs examined in {seconds:.1f} s: {self.counts['written']} {done} given a run, "
            f"{self.counts['analysed']} of them with an analysis; {self.counts['not_analysed']} without an analysis.\n"
        )


class Meter(AbstractContextManager["Meter"], Protocol):
    """Shows how far a backfill is."""

    def advance(self, jobs: int) -> None:
        """So many more jobs are done."""


def meter(total: int) -> Meter:
    """A bar on standard error where that is a terminal, else a line now and then."""
    console = Console(stderr=True)
    return _Bar(total, console) if console.is_terminal and not console.is_dumb_terminal else _Lines(total, sys.stderr)


class _Bar:
    def __init__(self, total: int, console: Console) -> None:
        columns: tuple[Any, ...] = (TextColumn("backfill"), BarColumn(), MofNCompleteColumn(), _Rate())
        # Standard output is left alone: the summary may go to a file.
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console, redirect_stdout=False)
        self._task = self._progress.add_task("jobs", total=total)

    def advance(self, jobs: int) -> None:
        self._progress.advance(self._task, jobs)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Rate(ProgressColumn):
    """Jobs a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{task.speed or 0:.0f} jobs/s")


class _Lines:
    def __init__(self, total: int, out: TextIO) -> None:
        self._total = total
        self._out = out
        self._done = 0
        self._began = self._reported = time.monotonic()

    def advance(self, jobs: int) -> None:
        self._done += jobs
        now = time.monotonic()
        if now - self._reported >= _LINE_SECONDS:
            self._reported = now
            self._say(now)

    def _say(self, now: float) -> None:
        rate = self._done / max(now - self._began, 1e-3)
        left = max(self._total - self._done, 0) / rate if rate else 0.0
        line = f"backfill: {self._done} of {self._total} jobs, {rate:.0f} jobs/s, {left:.0f} s left\n"
        self._out.write(line)
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self._say(time.monotonic())
