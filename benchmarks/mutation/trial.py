"""One trial: a mutant in a copy of the checkout, judged by the gate's suite."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal

from beacon.pack import pack
from benchmarks.mutation.mutants import Mutant, changed_lines
from benchmarks.running import run_command
from gate.core.errors import Exit, GateError
from gate.verdict.verdict import NAME, Verdict, read

Outcome = Literal["killed", "killed at start", "timed out", "survived", "error"]

NOT_COPIED = (".git", ".venv", ".tools", "reports", "node_modules", ".*_cache", ".hypothesis", "journal")
WHOLE = (*pack().suite.words, "--ignore=tests/fuzz", "--ignore=tests/contract/test_published_document.py")
"""The suite without fuzzing, which comes last, and without tests that no runner is in."""
FUZZING = ("tests/fuzz",)
FIRST: Mapping[str, Sequence[str]] = {
    "routes": ("tests/workflows/test_refusals.py", "tests/workflows/test_listings.py", "tests/security"),
    "store": ("tests/workflows/test_submission.py", "tests/workflows/test_idempotency.py"),
    "execution": ("tests/workflows/test_router_calls.py", "tests/lifecycle/test_outcomes.py"),
    "analysis": ("tests/analysis",),
}
"""The tests most likely to notice a mutant of each area; the rest of the suite follows."""

NOT_UP = re.compile(r"The (runner (ended|was not ready|found its port)|migration (failed|did not end))")
"""The gate's reason when the system under test did not come up."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of a mutant; ``by`` holds what noticed it (code and test), or the reason of an error."""

    mutant: Mutant
    outcome: Outcome
    seconds: float
    by: tuple[str, ...]
    lines: tuple[str, str, str]  # its file, the lines that it removes, and those that it adds
    diff: str


class Suite:
    """The suite in one copy of the checkout; ``limit`` is the time for each part in seconds."""

    def __init__(self, root: Path, directory: Path, stop: threading.Event, *, time_factor: float, limit: float) -> None:
        self.tree = directory / "tree"
        self.limit = limit
        self._reports = directory / "reports"
        self._stop = stop
        self._factor = time_factor
        shutil.copytree(root, self.tree, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)

    def judge(self, *words: str) -> tuple[Outcome, Sequence[str]]:
        """Run one part of the suite and return what it says of the mutant, and by what."""
        shutil.rmtree(self._reports, ignore_errors=True)
        self._reports.mkdir()
        options = ["-x", "-q", "--no-header", "--tb=line", "-pno:cacheprovider", "--workers=1", "--depth=ci"]
        options += [f"--time-factor={self._factor:g}", f"--report-dir={self._reports}"]
        command = [sys.executable, "-m", "pytest", *words, *options]
        try:
            code, output = run_command(command, self.tree, self.limit, self._stop, drop=["PYTHONDONTWRITEBYTECODE"])
        except TimeoutError:
            return "timed out", ()
        verdict = read(self._reports) if (self._reports / NAME).exists() else None
        return classified(code, verdict, output)

    def clean(self) -> float:
        """Return the seconds of the whole suite on the unchanged tree; GateError if it does not pass."""
        started = time.monotonic()
        outcome, by = self.judge(*WHOLE)
        if outcome != "survived":
            reason = by[0] if by else f"not done within {self.limit:g} s"
            raise GateError(f"The unchanged runner does not pass ({reason}), so no mutant can be judged.", "Repair it.")
        return time.monotonic() - started

    def judge_mutant(self, mutant: Mutant) -> Trial:
        """Put the mutant into the tree, run the suite part by part until one notices it, and restore the tree."""
        path = self.tree / mutant.file
        before = path.read_text(encoding="utf-8")
        after = mutant.applied(before)
        started = time.monotonic()
        first = [name for name in FIRST[mutant.area] if (self.tree / name).exists()]
        _write(path, after)
        try:
            outcome, by = self.judge(*first)
            if outcome == "survived":
                outcome, by = self.judge(*WHOLE, *(f"--ignore={name}" for name in first))
            if outcome == "survived":
                outcome, by = self.judge(*(name for name in FUZZING if (self.tree / name).exists()))
        finally:
            _write(path, before)
        return Trial(mutant, outcome, time.monotonic() - started, tuple(by), *change(mutant, before, after))


def change(mutant: Mutant, before: str, after: str) -> tuple[tuple[str, str, str], str]:
    """Return a mutant's file with the lines that it removes and adds, and its diff."""
    names = f"a/{mutant.file}", f"b/{mutant.file}"
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, n=1, lineterm="")
    return (mutant.file, *changed_lines(before, after)), "\n".join(diff)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    # Python matches bytecode to its source by second and size, which a change and its undoing may share.
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def classified(code: int | None, verdict: Verdict | None, output: str) -> tuple[Outcome, Sequence[str]]:
    """Return what a run of the suite says of the mutant in it, and by what."""
    if verdict is None:
        return "error", [f"ended with code {code}: {(output.strip().splitlines() or ['no output'])[-1]}"]
    if verdict.verdict == "broken":
        return "killed", [f"{finding.code} {(finding.tests or [finding.where])[0]}" for finding in verdict.findings[:3]]
    if verdict.verdict == "unjudged" and NOT_UP.match(verdict.reason):
        return "killed at start", [verdict.reason.splitlines()[-1].strip(" |")]
    if code == Exit.PASS and verdict.verdict == "pass":
        return "survived", ()
    return "error", [verdict.reason.splitlines()[0]]
