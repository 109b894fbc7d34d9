"""What changed since an earlier run: findings that are new, fixed, still there, or were not looked for again."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gate.core.errors import UsageError

Cause = tuple[str, str]
_REPEAT = re.compile(r"\[repeat([0-9]+)\]|(?<=\[)repeat([0-9]+)-|-repeat([0-9]+)(?=[\]-])")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings of an earlier run, by cause, each with the tests that saw it."""

    path: Path
    findings: Mapping[Cause, tuple[str, ...]]


class Comparison(BaseModel):
    """Findings by what became of them since the baseline, each as its code and place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: str
    new: list[str]
    still_failing: list[str]
    fixed: list[str]
    no_longer_exercised: list[str]


def load(path: Path) -> Baseline:
    """Reads a verdict.json; UsageError where it is none."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        found = {(str(one["code"]), str(one["where"])): tuple(map(str, one["tests"])) for one in read["findings"]}
        judged = read["verdict"] != "unjudged"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"--baseline {path} cannot be used: {error}.", "Name the verdict.json of a run.") from error
    if not judged:
        raise UsageError(f"--baseline {path} is of a run that judged nothing.", "Name the verdict.json of another run.")
    return Baseline(path, found)


def compare(baseline: Baseline, current: Collection[Cause], ran: Collection[str]) -> Comparison:
    """Holds a run's findings against the baseline; ``ran`` are the tests that came to an end.

    What is not found again is fixed only if one of the tests that saw it ran: nothing is fixed by not looking.
    """
    gone = [cause for cause in baseline.findings if cause not in current]
    again = {cause for cause in gone if _looked_for(baseline.findings[cause], ran)}
    return Comparison(
        baseline=str(baseline.path),
        new=_told(cause for cause in current if cause not in baseline.findings),
        still_failing=_told(cause for cause in current if cause in baseline.findings),
        fixed=_told(again),
        no_longer_exercised=_told(cause for cause in gone if cause not in again),
    )


def _looked_for(tests: Iterable[str], ran: Collection[str]) -> bool:
    """Whether a test that saw a finding ran; one that no single test saw is looked for by every run of any test."""
    named = [test for test in map(once, tests) if "::" in test]
    return any(test in ran for test in named) if named else bool(ran)


def once(test: str) -> str:
    """A test's id, or a place that has one, without the number of its repetition."""
    return _REPEAT.sub("", test)


def repetition(test: str) -> int:
    """The number of a test's repetition, from 1 on; 0 where it has none."""
    found = _REPEAT.search(test)
    return int(next(filter(None, found.groups()))) if found else 0


def _told(causes: Iterable[Cause]) -> list[str]:
    return sorted(f"{code} {where}" for code, where in causes)
