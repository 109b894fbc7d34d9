"""One run of the gate against a runner with defects, watched until it is decided."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beacon.checkout import ROOT
from beacon.pack import pack
from beacon.service import service
from benchmarks.defects.catalogue import OF_FILES, Known
from benchmarks.defects.violation import Violation
from benchmarks.measuring import system
from benchmarks.running import run_command
from gate.core.errors import GateError
from gate.core.findings import Finding
from gate.core.settings import WITHOUT_ORACLES, WRAPPED
from gate.fuzz.codes import whole
from gate.verdict import report_directory
from gate.verdict.events import Event, FindingReported
from gate.verdict.events import Outcome as Ended
from gate.verdict.groups import Group, grouped
from gate.verdict.journal import Follower
from gate.verdict.verdict import read

LIMIT_SECONDS = 1800.0
"""Time for one run of the gate, before the time factor; at depth ci it needs a fraction of it."""
SCREEN = 30
"""Lines of a terminal, in which the end of a run has to show its first finding."""
PATCHED = "python -m benchmarks.defects.patches"
OPTIONS = {"serve": "runner-command", "migrate": "migrate-command", "backfill": "backfill-command"}
UNLIMITED = ("--max-jobs=100000", "--max-rate=10000", "--max-seconds=86400")
"""For a runner that was started to be judged."""

_DROPPED = (WRAPPED, WITHOUT_ORACLES, "PYTHONDONTWRITEBYTECODE", "PYTEST_")
"""Environment variables that would make a run see less, or take longer, than a gate by itself."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that all runs of a table share.

    ``workers``, ``seed`` and ``time_factor`` are options of the gate. ``without_rows`` judges as on a remote target
    without a database: over HTTP alone, with neither rows nor router stand-in.
    """

    report_dir: Path
    workers: int
    seed: int
    time_factor: float
    without_rows: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding of a run, and the seconds from the start of the gate's process until it was written."""

    finding: Finding
    seconds: float

    @property
    def text(self) -> str:
        """All texts of the finding."""
        finding = self.finding
        code = whole(pack())[finding.code]
        return "\n".join((code.title, code.explanation, finding.where, finding.expected, finding.got))


@dataclass(slots=True)
class Outcome:
    """The findings of a run of the gate; ``error`` says why it judged nothing."""

    sightings: list[Sighting] = field(default_factory=list)
    reports: list[FindingReported] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    failed: bool = False  # a test has failed, and all its findings are there
    hidden: str = ""  # the verdict's first finding, if the last screen does not show it

    def hear(self, event: Event) -> None:
        """Adds the finding of an event, the first of each cause."""
        if isinstance(event, Ended):
            self.failed |= event.outcome in {"failed", "error"}
        if not isinstance(event, FindingReported):
            return
        self.reports.append(event)
        if event.finding.cause not in {sighting.finding.cause for sighting in self.sightings}:
            self.sightings.append(Sighting(event.finding, self.seconds))

    @property
    def groups(self) -> list[Group]:
        """The findings by their causes, in their order."""
        return grouped(self.reports)

    def about(self, defect: Known) -> list[Sighting]:
        """Return the findings about a defect, oldest first."""
        return [each for each in self.sightings if defect.matches(each.finding.code, each.finding.where)]


def run(
    defects: Sequence[Known],
    conditions: Conditions,
    name: str,
    stop: threading.Event,
    *,
    first: bool = False,
    until: Callable[[Outcome], object] = lambda _: False,
) -> Outcome:
    """Run the gate at depth ci against the runner with these defects, or the clean runner without any.

    Args:
        defects: The defects to put into the runner.
        conditions: Options of the gate.
        name: Directory of the reports below that of the conditions.
        stop: Ends the run when set; Stopped is raised once the gate has taken everything down.
        first: End at the first test that fails.
        until: End as soon as this is true of the findings so far.

    """
    directory = conditions.report_dir / name
    limit = LIMIT_SECONDS * conditions.time_factor
    options = ["--depth=ci", f"--seed={conditions.seed}", f"--workers={conditions.workers}"]
    options += [f"--time-factor={conditions.time_factor:g}", *(["--fail-fast"] if first else [])]
    with checkout(defects) as root, _runner(defects, conditions, root) as runner:
        # Workers go on with the tests that they were given, which may take minutes.
        enough = (lambda outcome: outcome.failed) if first else until
        return gate([*options, *runner], directory, limit, stop, root=root, until=enough)


def gate(
    options: Sequence[str],
    directory: Path,
    limit: float,
    stop: threading.Event,
    *,
    root: Path = ROOT,
    until: Callable[[Outcome], object] = lambda _: False,
) -> Outcome:
    """Run the gate of a checkout with reports in ``directory``: to its end, or ``until`` its findings are enough."""
    report_directory.claim(directory)
    report_directory.release(directory)  # to the gate, which takes it
    (directory / "output.txt").unlink(missing_ok=True)
    outcome, follower, started = Outcome(), Follower(directory / "journal"), time.monotonic()

    def enough() -> object:
        outcome.seconds = time.monotonic() - started
        for _, event in follower.events():
            outcome.hear(event)
        return until(outcome)

    command = [sys.executable, "-m", "beacon", *options, f"--report-dir={directory}"]
    try:
        code, _ = run_command(command, root, limit, stop, drop=_DROPPED, log=directory / "output.txt", enough=enough)
    except TimeoutError:
        outcome.error = f"The gate took longer than {limit:g} s."
        return outcome
    if code is not None:
        enough()  # the findings since the last look
        outcome.error = _error(directory, code)
    outcome.hidden = hidden(directory)
    return outcome


def hidden(directory: Path) -> str:
    """Code and place of the first finding of a run's verdict, if the end of its output lacks one of them."""
    try:
        groups = read(directory).groups
    except GateError:  # it was killed, or could not judge
        return ""
    lines = (directory / "output.txt").read_text(encoding="utf-8").splitlines()[-SCREEN:]
    first = groups[0].first if groups else None
    return f"{first.code} {first.where}" if first and not _has("\n".join(lines), first.code, first.where) else ""


def _has(screen: str, *texts: str) -> bool:
    return all(text in screen for text in texts)


def _error(directory: Path, code: int) -> str:
    """The reason why a run that ended with this code judged nothing; empty if it did."""
    try:
        verdict = read(directory)
    except GateError:
        return f"The gate ended with code {code} and left no verdict; see {directory / 'output.txt'}."
    sound = {"pass", "partial"} if verdict.target == "remote" else {"pass"}
    if verdict.verdict not in {*sound, "broken"}:
        return verdict.reason
    if (code == 0) != (verdict.verdict in sound):
        return f"The gate ended with code {code}, but its verdict is {verdict.verdict}."
    return ""


@contextmanager
def _runner(defects: Sequence[Known], conditions: Conditions, root: Path) -> Iterator[Sequence[str]]:
    """Yield the options that select the runner: commands to start, or the URL of a runner started here."""
    commands = patched_commands(defects)
    if conditions.without_rows:
        with system(service(root, None, **commands), warm=False) as running:
            yield ("--target=remote", f"--base-url={running.base_url}", "--allow-partial", *UNLIMITED)
    else:
        yield [f"--{OPTIONS[name]}={command}" for name, command in commands.items()]


def patched_commands(defects: Sequence[Known]) -> dict[str, str]:
    """Return the commands of a service with these defects, as far as they differ from the runner's own."""
    violations = [each.id for each in defects if isinstance(each, Violation) and each.kind not in OF_FILES]
    kinds = {"serve": {"runner", "migration", "backfill"}, "migrate": {"migration"}, "backfill": {"backfill"}}
    commands = {}
    for name, affected in kinds.items():
        # A violation of what both commands use, such as the analysis, is one of the backfill too.
        everywhere = violations if name == "backfill" else ()
        if ids := ",".join(each.id for each in defects if each.kind in affected or each.id in everywhere):
            commands[name] = f"{PATCHED} {ids} {name}"
    return commands


@contextmanager
def checkout(defects: Sequence[Known]) -> Iterator[Path]:
    """Yield the directory to run the gate in: this checkout, or a copy with those defects that are in files."""
    faulty = ",".join(defect.id for defect in defects if defect.kind in OF_FILES)
    if not faulty:
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="gate-defects-") as directory:
        command = [sys.executable, *PATCHED.split()[1:], faulty, "copy", directory]
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if process.returncode:
            raise GateError(f"The files could not be patched with {faulty}.", process.stderr.strip())
        yield Path(directory)
