"""``gate judge`` on a declared service, read from the journal of the run while it goes on."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Event

from beacon.checkout import ROOT
from benchmarks.foreign.reading import Reading, Seen, operation_of
from benchmarks.running import run_command
from gate.core.errors import GateError
from gate.core.findings import Finding
from gate.verdict import report_directory
from gate.verdict.events import CandidateReported, ExchangeRecorded, FindingReported
from gate.verdict.events import Event as Happened
from gate.verdict.journal import Follower
from gate.verdict.verdict import Verdict, read

TOOL = "gate judge"
MORE_SECONDS = 60.0
"""Time beyond that of the run in which it has to end, with its reports."""
BUDGET_SHARE = 0.7
"""Share of the time for exploring; the rest is for the start and the last confirmations."""
ACCEPTED = range(200, 300)


class Listener:
    """Hears the events of a run, and keeps when the first finding came and which operations were reached."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.findings: dict[tuple[str, str], Finding] = {}
        self.candidates: dict[tuple[str, str], Finding] = {}
        self.reached: set[str] = set()

    def hear(self, event: Happened, seconds: float) -> None:
        """Add an event that was written at most so many seconds after the start."""
        match event:
            case FindingReported(finding):
                self.first = seconds if self.first is None else self.first
                self.findings.setdefault(finding.cause, finding)
            case CandidateReported(finding):
                self.candidates.setdefault(finding.cause, finding)
            case ExchangeRecorded(str(operation), status) if status in ACCEPTED:
                self.reached.add(operation)


def run(directory: Path, reports: Path, seconds: float, seed: int, depth: str) -> Reading:
    """Judge the service in a directory for so many seconds at most; the reading says why where it came to nothing."""
    reports = reports.absolute()  # the gate runs in the folder of the service
    report_directory.claim(reports)
    report_directory.release(reports)  # to the gate, which takes it
    listener, follower, started = Listener(), Follower(reports / "journal"), time.monotonic()

    def listen() -> bool:
        elapsed = time.monotonic() - started
        for _, event in follower.events():
            listener.hear(event, elapsed)
        return elapsed > seconds

    budget = max(10, round(seconds * BUDGET_SHARE))
    options = [f"--depth={depth}", f"--seed={seed}", f"--budget={budget}s", f"--report-dir={reports}"]
    command = [sys.executable, "-m", "gate", "judge", *options]
    output, own = reports / "output.txt", {"PYTHONPATH": str(ROOT)}  # this checkout, whatever is installed
    try:
        code, _ = run_command(command, directory, seconds + MORE_SECONDS, Event(), log=output, enough=listen, env=own)
        listen()
        return _reading(listener, read(reports), time.monotonic() - started, whole=code is not None)
    except TimeoutError:
        return Reading(TOOL, error=f"It was not done {MORE_SECONDS:g} s after its time.")
    except GateError as error:
        return Reading(TOOL, error=f"{error} See {output}.")


def _reading(listener: Listener, verdict: Verdict, seconds: float, *, whole: bool) -> Reading:
    if whole and verdict.verdict == "unjudged":
        return Reading(TOOL, seconds, error=verdict.reason)
    operations = set(verdict.coverage.operations)

    def seen(findings: dict[tuple[str, str], Finding]) -> tuple[Seen, ...]:
        return tuple(sorted({Seen(each.code, operation_of(each.where, each.got)) for each in findings.values()}))

    reached = len(listener.reached & operations)
    findings, candidates = seen(listener.findings), seen(listener.candidates)
    return Reading(TOOL, seconds, listener.first, reached, len(operations), findings, candidates)
