"""One trial: a mutant in a copy of the checkout, and what the gate says of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal

from beacon.pack import pack
from benchmarks.mutation.mutants import Mutant, changed_lines, difference
from gate.core.errors import Exit, GateError
from gate.verdict.verdict import Verdict

Outcome = Literal["killed", "killed at start", "timed out", "survived", "error"]

NOT_COPIED = (".git", ".venv", ".tools", "reports", "node_modules", ".*_cache", ".hypothesis", "journal")
WHOLE = (*pack().suite.words, "--ignore=tests/fuzz", "--ignore=tests/contract/test_published_document.py")
"""The suite without fuzzing, whose cases are too many to try each mutant with, and without what no runner is in."""
FIRST: Mapping[str, Sequence[str]] = {
    "routes": ("tests/workflows/test_refusals.py", "tests/workflows/test_listings.py", "tests/security"),
    "store": ("tests/workflows/test_submission.py", "tests/workflows/test_idempotency.py"),
    "execution": ("tests/workflows/test_router_calls.py", "tests/lifecycle/test_outcomes.py"),
    "analysis": ("tests/analysis",),
}
"""What is asked first of a mutant of each area, because it is the likeliest to tell; the rest of the suite follows."""

NOT_UP = re.compile(r"The (runner (ended|was not ready|found its port)|migration (failed|did not end))")
"""How the gate says that what it was to judge did not come up."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a mutant: how it ended, after how long, and what noticed it or went wrong."""

    mutant: Mutant
    outcome: Outcome
    seconds: float
    by: tuple[str, ...]  # the finding's code and test, or the reason of what could not be judged
    lines: tuple[str, str, str]  # its file, the lines it takes from there, and those that it puts there
    diff: str


class Suite:
    """The suite without fuzzing, run in one copy of the checkout. ``limit`` is how many seconds a part may take."""

    def __init__(self, root: Path, directory: Path, *, time_factor: float, limit: float) -> None:
        self.tree = directory / "tree"
        self.limit = limit
        self._reports = directory / "reports"
        self._factor = time_factor
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        shutil.copytree(root, self.tree, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)

    def parts(self, area: str) -> list[tuple[str, ...]]:
        """The words that choose the tests of each part: those of the area, then all others."""
        first = [one for one in FIRST[area] if (self.tree / one).exists()]
        return [tuple(first), (*WHOLE, *(f"--ignore={one}" for one in first))]

    def run(self, words: Sequence[str]) -> tuple[int | None, Verdict | None, str]:
        """Exit code (None: it took too long), verdict (None: it left none) and output of one part of the suite."""
        if self._stopped.is_set():
            raise GateError("Interrupted.")
        shutil.rmtree(self._reports, ignore_errors=True)
        self._reports.mkdir()
        options = ["-x", "-q", "--no-header", "--tb=line", "-pno:cacheprovider", "--workers=1", "--depth=ci"]
        options += [f"--time-factor={self._factor:g}", f"--report-dir={self._reports}"]
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        out = self._reports / "out"
        with (
            out.open("wb") as file,
            subprocess.Popen(
                [sys.executable, "-m", "pytest", *words, *options],
                cwd=self.tree,
                env=env,
                stdout=file,
                stderr=file,
                start_new_session=True,  # Ctrl-C reaches it through ``stop`` alone, so once
            ) as process,
        ):
            self._running = process
            if self._stopped.is_set():
                self.stop()
            code = self._wait(process)
        verdict = self._reports / "verdict.json"
        judged = Verdict.model_validate_json(verdict.read_bytes()) if verdict.exists() else None
        return code, judged, out.read_text(encoding="utf-8", errors="replace")

    def _wait(self, process: subprocess.Popen[bytes]) -> int | None:
        try:
            return process.wait(self.limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()  # its watchdogs take down Postgres and the runner
        return None

    def stop(self) -> None:
        """Ends what runs, as Ctrl-C would, and whatever is begun after it."""
        self._stopped.set()
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(signal.SIGINT)

    def try_(self, mutant: Mutant) -> Trial:
        """Puts the mutant into the tree, asks the suite part by part until one of them notices, and takes it out."""
        path = self.tree / mutant.file
        before = path.read_text(encoding="utf-8")
        after = mutant.applied(before)
        started = time.monotonic()
        self._write(path, after)
        try:
            outcome, by = self._judge(mutant)
        finally:
            self._write(path, before)
        lines = (mutant.file, *changed_lines(before, after))
        return Trial(mutant, outcome, time.monotonic() - started, tuple(by), lines, difference(mutant, before, after))

    def _judge(self, mutant: Mutant) -> tuple[Outcome, Sequence[str]]:
        for part in self.parts(mutant.area):
            outcome, by = classified(*self.run(part))
            if outcome != "survived":
                return outcome, by
        return "survived", ()

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        # Bytecode is told from its source by second and size, which a change and its undoing may share.
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


def classified(code: int | None, verdict: Verdict | None, output: str) -> tuple[Outcome, Sequence[str]]:
    """What a run of the suite says of the mutant in it, and by what."""
    if code is None:
        return "timed out", ()
    if verdict is None:
        return "error", [f"ended with code {code}: {_last_line(output)}"]
    if verdict.verdict == "broken":
        return "killed", [f"{one.code} {one.tests[0] if one.tests else one.where}" for one in verdict.findings[:3]]
    if verdict.verdict == "unjudged" and NOT_UP.match(verdict.reason):
        return "killed at start", [verdict.reason.splitlines()[-1].strip(" |")]
    if code == Exit.PASS and verdict.verdict == "pass":
        return "survived", ()
    return "error", [verdict.reason.splitlines()[0]]


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no output"


def clean(suite: Suite) -> float:
    """Seconds of the whole suite on the unchanged tree; GateError where it does not pass."""
    started = time.monotonic()
    outcome, by = classified(*suite.run(WHOLE))
    if outcome != "survived":
        why = by[0] if by else f"not done within {suite.limit:g} s"
        raise GateError(f"The unchanged runner does not pass ({why}), so nothing can be told of mutants.", "Mend it.")
    return time.monotonic() - started
