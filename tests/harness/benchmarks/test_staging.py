"""The benchmark of a database that others use counts what is wrong, and its violations apply to this runner."""

from __future__ import annotations

import subprocess
import sys

import pytest

from beacon.checkout import ROOT
from benchmarks.staging.cli import Result, Setting, exit_code, summary, wrong
from benchmarks.staging.violations import EXIT_PATCH, VIOLATED
from gate.core.errors import Exit
from gate.core.findings import Finding
from gate.oracles.unchanged import GET, REFUSED

CLEAN, TOUCH = Setting("", 1, beside=False, number=1), Setting("touch", 4, beside=True, number=1)
CAUGHT = Finding(GET, "GET /a 200 -> jobs", "", "")
FOREIGN = Finding(REFUSED, "POST /a 400 -> jobs", "", "")


def test_every_violation_applies_to_this_runner() -> None:
    apply = "from benchmarks.staging.violations import VIOLATIONS\nfor each in VIOLATIONS.values():\n    each.apply()"
    subprocess.run([sys.executable, "-c", apply], cwd=ROOT, check=True)


def test_unknown_violation_ends_the_runner_with_its_own_exit_code() -> None:
    ended = subprocess.run(
        [sys.executable, *VIOLATED.split()[1:], "none", "serve"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (EXIT_PATCH, "the violation cannot be applied: 'none'\n")


@pytest.mark.parametrize(
    ("setting", "findings", "right"),
    [
        (CLEAN, [], True),
        (CLEAN, [FOREIGN], False),
        (TOUCH, [CAUGHT], True),
        (TOUCH, [], False),
        (TOUCH, [CAUGHT, FOREIGN], False),
        (TOUCH, [CAUGHT, Finding("BG-ROW-001", "jobs", "", "")], True),
    ],
)
def test_clean_runner_has_no_finding_and_a_violation_its_own(
    setting: Setting, findings: list[Finding], right: bool
) -> None:
    """A violation may have consequences, but no other change is laid to a request."""
    assert (not wrong(setting, findings)) == right


def test_run_that_came_to_nothing_is_not_counted_as_good() -> None:
    right, short, failed = Result(CLEAN), Result(TOUCH, wrong="not caught"), Result(CLEAN, error="no Postgres")
    assert list(summary([right, short, failed])) == [
        "1 of 2 runs without a finding on a clean runner",
        "0 of 1 violations caught",
    ]
    assert [exit_code(results) for results in ([right], [right, short, failed], [right, failed], [])] == [
        Exit.PASS,
        Exit.BROKEN,
        Exit.UNJUDGED,
        Exit.UNJUDGED,
    ]
