"""A comparison with an earlier run: new, remaining, fixed and untested findings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from gate.core.documents import load_json, reason
from gate.core.errors import DocumentError, UsageError

VERSION: Final = 1
"""Version of verdict.json; a member that goes or changes its meaning raises it."""
UNVERSIONED = 0
"""Of the time before there were versions; its findings read the same."""
Cause = tuple[str, str]
"""Code and place of a finding."""
_REPEAT = re.compile(r"\[repeat([0-9]+)\]|(?<=\[)repeat([0-9]+)-|-repeat([0-9]+)(?=[\]-])")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings of an earlier run, each with the tests that reported it."""

    path: Path
    findings: Mapping[Cause, tuple[str, ...]]


class Comparison(BaseModel):
    """Findings since the baseline, each as its code and place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: str
    new: list[str]
    still_failing: list[str]
    fixed: list[str]
    not_tested_again: list[str]

    @property
    def sections(self) -> list[tuple[str, list[str]]]:
        """The titles of the lists with their findings."""
        names = ("new", "still_failing", "fixed", "not_tested_again")
        return [(name.replace("_", " "), getattr(self, name)) for name in names]


def load(path: Path) -> Baseline:
    """Loads the findings of a verdict.json; UsageError where it is none, of another version, or judged nothing."""
    try:
        document = load_json(path)
        version = document.get("version", UNVERSIONED)
        if version not in {UNVERSIONED, VERSION}:
            message = f"--baseline {path} is of version {version}; this gate reads {VERSION}."
            raise UsageError(message, "Judge the earlier build again with this gate.")
        findings = {
            (str(finding["code"]), str(finding["where"])): tuple(map(str, finding["tests"]))
            for finding in document["findings"]
        }
        judged = document["verdict"] != "unjudged"
    except (DocumentError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.message if isinstance(error, DocumentError) else f"{path}: {reason(error)}."
        raise UsageError(f"--baseline cannot be used: {why}", "Name the verdict.json of a run.") from error
    if not judged:
        raise UsageError(f"--baseline {path} is of a run that judged nothing.", "Name the verdict.json of another run.")
    return Baseline(path, findings)


def compare(baseline: Baseline, current: Collection[Cause], ran: Collection[str]) -> Comparison:
    """Compares the findings of a run with a baseline.

    A finding that is gone is fixed only if a test that reported it ran again.

    Args:
        baseline: The earlier run.
        current: Causes of this run's findings.
        ran: Ids of this run's tests that were not skipped, without their repetition.

    """
    gone = [cause for cause in baseline.findings if cause not in current]
    fixed = {cause for cause in gone if _tested_again(baseline.findings[cause], ran)}
    return Comparison(
        baseline=str(baseline.path),
        new=_texts(cause for cause in current if cause not in baseline.findings),
        still_failing=_texts(cause for cause in current if cause in baseline.findings),
        fixed=_texts(fixed),
        not_tested_again=_texts(cause for cause in gone if cause not in fixed),
    )


def _tested_again(tests: Iterable[str], ran: Collection[str]) -> bool:
    """Return whether a test that reported a finding ran; for a finding of the run as a whole, whether any test did."""
    ids = [without_repetition(test) for test in tests if "::" in test]
    return any(test in ran for test in ids) if ids else bool(ran)


def without_repetition(text: str) -> str:
    """The id of a test, or a place that holds one, without the number of its repetition."""
    return _REPEAT.sub("", text)


def repetition(test: str) -> int:
    """The number of a test's repetition, from 1; 0 without any."""
    match = _REPEAT.search(test)
    return int(next(filter(None, match.groups()))) if match else 0


def _texts(causes: Iterable[Cause]) -> list[str]:
    return sorted(f"{code} {where}" for code, where in causes)
