"""Replay files, each tried several times: those of the known faults of a service, and those of findings of runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from rich.console import Console

from beacon.checkout import ROOT
from benchmarks import reports
from benchmarks.foreign.faults import HERE
from benchmarks.foreign.services import Subject
from benchmarks.running import run_command
from gate.core.errors import Exit

TIMES = 3
SECONDS = 300.0
"""Longest time of one try."""
COLUMNS = ("service", "replay file", f"shown, of {TIMES}")


def files(name: str, directory: Path) -> list[Path]:
    """The replay files of a service's known faults, and of the findings of its runs with reports in a directory."""
    return [*sorted((HERE / name / "replay").glob("*.json")), *sorted(directory.glob(f"{name}-[0-9]*/replay/*.json"))]


def tried(subject: Subject, directory: Path, console: Console) -> Iterator[tuple[str, str, int]]:
    """Yield for each file of a service how often it showed its finding."""
    with subject.directory() as service:
        for path in files(subject.name, directory):
            times = sum(_shows(service, path.absolute(), directory.absolute()) for _ in range(TIMES))
            console.print(f"{subject.name}, {path.name}: {times} of {TIMES}", style="dim")
            yield subject.name, path.name, times


def _shows(service: Path, path: Path, directory: Path) -> bool:
    command = [sys.executable, "-m", "gate", "judge", "--replay", path, "--report-dir", directory / "replayed"]
    code, _ = run_command(list(map(str, command)), service, SECONDS, Event(), env={"PYTHONPATH": str(ROOT)})
    return code == Exit.BROKEN


def try_all(subjects: list[Subject], directory: Path, console: Console) -> Exit:
    """Try the replay files of services and print a table; 1 where one did not show its finding each time."""
    results = [result for subject in subjects for result in tried(subject, directory, console)]
    console.print("\n".join(reports.table(COLUMNS, results)), markup=False)
    if not results:
        return Exit.UNJUDGED
    return Exit.PASS if all(times == TIMES for *_, times in results) else Exit.BROKEN
