"""One run of the gate with a sabotage, and the judgement on how it ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.defects import catalogue as defects
from benchmarks.defects.trial import OPTIONS, patched_commands
from benchmarks.running import LOOK_SECONDS, Stopped
from benchmarks.sabotage.catalogue import Meanwhile, Sabotage
from benchmarks.sabotage.checkout import sabotaged
from gate.core.errors import GateError
from gate.targets.postgres.supervision import Watched
from gate.verdict.verdict import Verdict, read

LIMIT_SECONDS = 300.0
"""Time for one run of the gate, before the time factor."""
FOREIGN = ("GATE_", "PYTEST_", "PYTHON", "PG")
"""Beginnings of environment variables that no run gets unless its sabotage sets them."""
TRACEBACK, NO_VERDICT = "Traceback (most recent call last)", "left no verdict"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that all runs share; ``passed`` is the number of tests that pass in a whole run without a sabotage."""

    directory: Path
    original: Path
    time_factor: float
    passed: int = 0


@dataclass(slots=True)
class Trial:
    """How a run with a sabotage ended: ``faults`` says each way in which it is not as wanted."""

    sabotage: Sabotage
    code: int | None = None
    reason: str = ""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    left_out: str = ""  # the need that is not met


def run(sabotage: Sabotage, conditions: Conditions, stop: threading.Event) -> Trial:
    """Run the gate with a sabotage; Stopped where ``stop`` was set meanwhile."""
    trial, started = Trial(sabotage), time.monotonic()
    directory = conditions.directory / sabotage.name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    directory.chmod(0o777)  # some sabotages run as another user
    copy = directory / sabotage.checkout
    try:
        sabotaged(conditions.original, copy, sabotage)
        if sabotage.earlier:
            shutil.copytree(conditions.directory / "clean" / "reports", directory / "reports")
        trial.code, lines = _gate(sabotage, copy, conditions.time_factor, stop)
        trial.seconds = time.monotonic() - started
        (directory / "output.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
        trial.faults = _faults(trial, lines, _verdict(directory), conditions.passed)
    except GateError as error:
        trial.faults = [str(error)]
    except TimeoutError:
        trial.faults = [f"It took longer than {LIMIT_SECONDS * conditions.time_factor:g} s."]
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    return trial


def _verdict(directory: Path) -> Verdict | None:
    try:
        return read(directory / "reports")
    except GateError:
        return None


def _gate(sabotage: Sabotage, copy: Path, factor: float, stop: threading.Event) -> tuple[int, list[str]]:
    """Exit code and output of the gate in the copy."""
    reports = copy.parent / "reports"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env = {**kept, "REPORTS": str(reports), "PYTHON": sys.executable, **sabotage.env}
    for name in sabotage.unset:
        del env[name]
    options = ["--depth=smoke", "--workers=1", f"--time-factor={factor:g}", f"--report-dir={reports}"]
    known = defects.defects()
    commands = patched_commands([known[sabotage.defect]] if sabotage.defect else [])
    options += [f"--{OPTIONS[name]}={command}" for name, command in commands.items()]
    command = [sys.executable, "-m", "beacon", *options, *sabotage.options]
    if sabotage.shell:
        command = ["sh", "-euc", sabotage.shell, "sh", *command]
    watched, meanwhile = Watched(), sabotage.meanwhile
    try:
        pid = watched.run(command, env=env, cwd=copy, end=("INT", 20.0))
        limit = time.monotonic() + LIMIT_SECONDS * factor
        while (code := watched.wait(LOOK_SECONDS)) is None:
            if stop.is_set():
                raise Stopped
            if time.monotonic() > limit:
                raise TimeoutError
            if meanwhile and _journaled(reports) >= meanwhile.lines:
                _interfere(meanwhile, pid, copy, env)
                meanwhile = None
    finally:
        watched.close()
    if meanwhile:
        raise GateError(f"The run ended with {code} before there were {meanwhile.lines} lines in its journals.")
    return code, watched.lines


def _journaled(reports: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in reports.rglob("*.ndjson") if path.is_file())


def _interfere(meanwhile: Meanwhile, pid: int, copy: Path, env: dict[str, str]) -> None:
    if meanwhile.script:
        script = {**env, "GATE": str(pid)}
        subprocess.run(["sh", "-euc", meanwhile.script], cwd=copy, env=script, check=True, capture_output=True)
    if not meanwhile.signal:
        return
    gate = psutil.Process(pid)
    processes = [gate]
    if meanwhile.process:
        every = gate.children(recursive=True)
        processes = [each for each in every if re.search(meanwhile.process, " ".join(each.cmdline()))][:1]
    if not processes:
        raise GateError(f"No process of the run matches {meanwhile.process!r}.", "Adapt the sabotage.")
    for process in processes:
        process.send_signal(signal.Signals[f"SIG{meanwhile.signal}"])


def _faults(trial: Trial, lines: list[str], verdict: Verdict | None, passed: int) -> list[str]:
    sabotage, output = trial.sabotage, "\n".join(lines)
    shown = f"{output}\n{verdict.reason if verdict else ''}"
    match = re.search(sabotage.reason, shown, re.IGNORECASE)
    trial.reason = _reason(match, lines)
    faults = []
    if trial.code not in sabotage.exit:
        faults.append(f"It ended with {trial.code}.")
    if match is None:
        faults.append(f"It showed no {sabotage.reason!r}.")
    faults += [f"It showed {text!r}." for text in (TRACEBACK, NO_VERDICT) if text in output]
    if trial.code and verdict and verdict.verdict == "pass":
        faults.append("Its report says that the build passes.")
    if not trial.code and not verdict:
        faults.append("It left no report.")
    if not trial.code and verdict and not verdict.narrowed and verdict.counts.passed < passed:
        faults.append(f"It passed after {verdict.counts.passed} of {passed} tests.")
    return faults


def _reason(match: re.Match[str] | None, lines: list[str]) -> str:
    """The line that shows the reason, or the last line."""
    if match is None:
        return next((line for line in reversed(lines) if line.strip()), "")
    start, end = match.string.rfind("\n", 0, match.start()) + 1, match.string.find("\n", match.end())
    return match.string[start : end if end >= 0 else None].strip()
