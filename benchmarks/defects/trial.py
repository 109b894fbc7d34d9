"""One run of the gate against a runner with defects, watched until it is decided."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beacon.checkout import MIGRATE_COMMAND, ROOT, RUNNER_COMMAND
from benchmarks.defects.catalogue import OF_FILES, Defect
from gate.core.errors import GateError
from gate.core.findings import Finding
from gate.core.settings import WITHOUT_ORACLES, WRAPPED
from gate.targets import RunnerSpec
from gate.targets.embedded import EmbeddedTarget
from gate.targets.process import Watched
from gate.verdict import report_directory
from gate.verdict.verdict import Verdict

LONGEST_SECONDS = 600.0
"""What one run of the gate may take, before the time factor; at depth ci it needs a fraction of it."""
PATCHED = "benchmarks.defects.patches"
UNLIMITED = ("--max-jobs=100000", "--max-rate=10000", "--max-seconds=86400")
"""For a runner that was started to be judged."""

_NOT_MEANT = (WRAPPED, WITHOUT_ORACLES, "PYTHONDONTWRITEBYTECODE", "PYTEST_")
"""Beginnings of environment variables with which a run would see less, or be slower, than a gate by itself."""
_LOOK_SECONDS = 0.05
_END_SECONDS = 20.0


class Stopped(Exception):  # noqa: N818 (somebody asked for it)
    """The trial was ended from outside."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all trials of a table share.

    ``workers``, ``seed`` and ``time_factor`` are options of the gate. ``without_rows`` lets it judge as on a remote
    target without a database: neither the rows nor the router are seen.
    """

    report_dir: Path
    workers: int
    seed: int
    time_factor: float
    without_rows: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """One finding of a run, with the seconds from the start of the gate's process until it was written down."""

    finding: Finding
    seconds: float

    @property
    def text(self) -> str:
        """Everything that it tells."""
        one = self.finding
        return "\n".join((one.kind.title, one.kind.explanation, one.where, one.expected, one.got))


@dataclass(slots=True)
class Seen:
    """What a run of the gate came to; ``error`` says why it judged nothing, where that is so."""

    sightings: list[Sighting] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    def about(self, defect: Defect) -> list[Sighting]:
        """The findings that are about a defect, in the order in which they were made."""
        return [one for one in self.sightings if defect.about(one.finding.code, one.finding.where)]


def run(
    defects: Sequence[Defect],
    conditions: Conditions,
    name: str,
    stop: threading.Event,
    *,
    first: bool = False,
    until: Callable[[Seen], object] = lambda _: False,
) -> Seen:
    """Runs the gate at depth ci against the runner with these defects, or the clean one without any.

    ``first`` ends it at the first test that fails, ``until`` as soon as it holds for what was found so far. Raises
    Stopped when ``stop`` is set; the gate has taken everything down by then.
    """
    directory = conditions.report_dir / name
    report_directory.prepare(directory)
    (directory / "output.txt").unlink(missing_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_MEANT)}
    with checkout(defects) as root, _reached(defects, conditions, root) as where:
        options = (*_options(conditions, directory), *where, *(["-x"] if first else []))
        command = [sys.executable, "-m", "beacon", *options]
        started = time.monotonic()
        watched = Watched()
        try:
            # Asked to end as by Ctrl-C: the gate then takes down what it has started.
            watched.run(command, env=env, cwd=root, log=directory / "output.txt", end=("INT", _END_SECONDS))
            return _watch(watched, directory, (started, LONGEST_SECONDS * conditions.time_factor), stop, until)
        finally:
            watched.close()


def _watch(
    watched: Watched,
    directory: Path,
    times: tuple[float, float],
    stop: threading.Event,
    until: Callable[[Seen], object],
) -> Seen:
    """Waits for the end of a run, reading what it finds; ``times`` are its start and the seconds that it may take."""
    seen, tail = Seen(), _Tail(directory / "journal")
    started, longest = times
    while True:
        code = watched.wait(_LOOK_SECONDS)
        seen.seconds = time.monotonic() - started
        seen.sightings += [Sighting(finding, seen.seconds) for finding in tail.findings()]
        if code is not None:
            break
        if stop.is_set():
            raise Stopped
        if until(seen):
            return seen
        if seen.seconds > longest:
            seen.error = f"The gate took longer than {longest:g} s."
            return seen
    try:
        verdict = Verdict.model_validate_json((directory / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        seen.error = f"The gate ended with code {code} and left no verdict; see {directory / 'output.txt'}."
        return seen
    sound = {"pass", "partial"} if verdict.target == "remote" else {"pass"}
    if verdict.verdict not in {*sound, "broken"}:
        seen.error = verdict.reason
    elif (code == 0) != (verdict.verdict in sound):
        seen.error = f"The gate ended with code {code}, but its verdict is {verdict.verdict}."
    return seen


class _Tail:
    """The findings of a run's journals, each as soon as it is written down, and each cause once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}
        self._causes: set[tuple[str, str]] = set()

    def findings(self) -> Iterator[Finding]:
        """Those that came since the last call."""
        for path in sorted(self._directory.glob("*.ndjson")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]  # a line that is still being written comes with the next call
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.splitlines():
                if not line.startswith(b'{"kind": "finding"'):
                    continue
                fact = json.loads(line)
                finding = Finding(fact["code"], fact["where"], fact["expected"], fact["got"])
                if finding.cause not in self._causes:
                    self._causes.add(finding.cause)
                    yield finding


def _options(conditions: Conditions, directory: Path) -> Iterator[str]:
    yield from ("--depth", "ci", f"--seed={conditions.seed}", f"--workers={conditions.workers}")
    yield from (f"--time-factor={conditions.time_factor:g}", f"--report-dir={directory}")


@contextmanager
def _reached(defects: Sequence[Defect], conditions: Conditions, root: Path) -> Iterator[Sequence[str]]:
    """The options that say which runner: one for the gate to start, or where one is that was started here."""
    commands = dict(one.removeprefix("--").split("=", 1) for one in _commands(defects))
    if not conditions.without_rows:
        yield [f"--{name}={command}" for name, command in commands.items()]
        return
    spec = RunnerSpec(commands.get("runner-command", RUNNER_COMMAND), commands.get("migrate-command", MIGRATE_COMMAND))
    target = EmbeddedTarget(spec, warm=False, keep=False, root=root, say=lambda _: None)
    try:
        system = target.system(target.start())
        try:
            yield ("--target=remote", f"--base-url={system.base_url}", "--allow-partial", *UNLIMITED)
        finally:
            system.close()
    finally:
        target.stop()


def _commands(defects: Sequence[Defect]) -> Iterator[str]:
    put = ",".join(defect.id for defect in defects if defect.kind not in OF_FILES)
    if put:
        yield f"--runner-command=python -m {PATCHED} {put} serve"
    for kind, option, command in (
        ("migration", "--migrate-command", "migrate"),
        ("backfill", "--backfill-command", "backfill"),
    ):
        if ids := ",".join(defect.id for defect in defects if defect.kind == kind):
            yield f"{option}=python -m {PATCHED} {ids} {command}"


@contextmanager
def checkout(defects: Sequence[Defect]) -> Iterator[Path]:
    """Where the gate is to run: this checkout, or a copy of it with the defects that are of files."""
    faulty = ",".join(defect.id for defect in defects if defect.kind in OF_FILES)
    if not faulty:
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="gate-defects-") as directory:
        command = [sys.executable, "-m", PATCHED, faulty, "copy", directory]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GateError(f"{faulty} could not be put there.", done.stderr.strip())
        yield Path(directory)
