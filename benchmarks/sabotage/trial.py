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
from benchmarks.running import run_command
from benchmarks.sabotage.catalogue import Meanwhile, Sabotage
from benchmarks.sabotage.checkout import sabotaged
from gate.core.errors import GateError
from gate.verdict.verdict import read

LIMIT_SECONDS = 300.0
"""Time for one run of the gate, before the time factor."""
FOREIGN = ("GATE_", "PYTEST_", "PYTHON", "PG")
"""Beginnings of environment variables that a run gets from its sabotage alone."""
UNCLEAR = ("Traceback (most recent call last)", "left no verdict")
"""Texts that no run may show."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that all runs share."""

    directory: Path
    original: Path
    time_factor: float
    stop: threading.Event


@dataclass(slots=True)
class Trial:
    """How a run with a sabotage ended: ``faults`` says each way in which it is not as wanted."""

    sabotage: Sabotage
    code: int | None = None
    reason: str = ""  # the line that shows it, or the last line
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    unmet: str = ""  # why it was not run

    @property
    def word(self) -> str:
        """The result in a word."""
        return "not run" if self.unmet else "FAILED" if self.faults else "ok"

    @property
    def text(self) -> str:
        """The reason for the result, in a line."""
        return self.unmet or " ".join((*self.faults, self.reason))


def run(sabotage: Sabotage, conditions: Conditions) -> Trial:
    """Run the gate with a sabotage, and judge how it ended."""
    trial, started = Trial(sabotage), time.monotonic()
    directory = conditions.directory / sabotage.name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    directory.chmod(0o777)  # some sabotages run as another user
    copy = directory / sabotage.checkout
    try:
        sabotaged(conditions.original, copy, sabotage)
        if sabotage.earlier:
            earlier, journals = conditions.directory / "clean" / "reports", shutil.ignore_patterns("journal")
            shutil.copytree(earlier, directory / "reports", ignore=journals)
        trial.code = _gate(sabotage, copy, conditions)
        judge(trial, directory)
    except TimeoutError:
        trial.faults = ["It took too long."]
    except (GateError, OSError, subprocess.SubprocessError) as error:
        trial.faults = [str(error)]
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    trial.seconds = round(time.monotonic() - started, 1)
    return trial


def _gate(sabotage: Sabotage, copy: Path, conditions: Conditions) -> int:
    """Exit code of the gate in the copy; it writes output.txt beside it."""
    reports, pid, factor = copy.parent / "reports", copy.parent / "pid", conditions.time_factor
    env = {"REPORTS": str(reports), "PYTHON": sys.executable, "PID": str(pid), **sabotage.env}
    options = ["--depth=smoke", "--workers=1", f"--time-factor={factor:g}", f"--report-dir={reports}"]
    commands = patched_commands([defects.defects()[sabotage.defect]] if sabotage.defect else [])
    options += [f"--{OPTIONS[name]}={command}" for name, command in commands.items()]
    script = f'echo $$ > "$PID"; {sabotage.shell}'
    command = ["sh", "-euc", script, "sh", sys.executable, "-m", "beacon", *options, *sabotage.options]
    meanwhile = [sabotage.meanwhile] if sabotage.meanwhile else []

    def look() -> None:
        if meanwhile and _lines(reports) >= meanwhile[0].lines:
            _interfere(meanwhile.pop(), int(pid.read_text()), copy, env)

    code, _ = run_command(
        command,
        copy,
        LIMIT_SECONDS * factor,
        conditions.stop,
        drop=FOREIGN,
        log=copy.parent / "output.txt",
        enough=look,
        env=env,
    )
    if meanwhile or code is None:
        raise GateError(f"The run ended with {code} before its journals had {meanwhile[0].lines} lines.")
    return code


def _lines(reports: Path) -> int:
    """Lines of the journals of a run's workers, without those of canaries."""
    return sum(path.read_bytes().count(b"\n") for path in reports.glob("journal/gw*.ndjson"))


def _interfere(meanwhile: Meanwhile, pid: int, copy: Path, env: dict[str, str]) -> None:
    gate = psutil.Process(pid)
    if meanwhile.script:
        subprocess.run(["sh", "-euc", meanwhile.script], cwd=copy, env={**os.environ, **env}, check=True)
        return
    every = gate.children(recursive=True) if meanwhile.process else [gate]
    matching = [each for each in every if re.search(meanwhile.process, " ".join(each.cmdline()))]
    if not matching:
        raise GateError(f"No process of the run matches {meanwhile.process!r} any more.", "Adapt the sabotage.")
    matching[-1 if meanwhile.last else 0].send_signal(signal.Signals[f"SIG{meanwhile.signal}"])


def judge(trial: Trial, directory: Path) -> None:
    """Fill in the reason that a run showed, and its faults."""
    output = (directory / "output.txt").read_text(encoding="utf-8", errors="replace")
    try:
        verdict = read(directory / "reports")
    except GateError:
        verdict = None
    text = f"{output}\n{verdict.reason if verdict else ''}".replace(str(directory), "")  # it names the sabotage
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matching = [line for line in lines if re.search(trial.sabotage.reason, line, re.IGNORECASE)]
    trial.reason = (matching or lines or [""])[-1]
    if trial.code not in trial.sabotage.exit:
        trial.faults.append(f"It ended with {trial.code}.")
    if not matching and trial.sabotage.reason:
        trial.faults.append(f"It showed no {trial.sabotage.reason!r}.")
    trial.faults += [f"It showed {text!r}." for text in UNCLEAR if text in output]
    ending = verdict.verdict if verdict else "nothing"
    if (trial.code == 0) != (ending == "pass"):
        trial.faults.append(f"Its report says {ending}.")
