"""The canaries of a worker, in a verdict of their own that nobody sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from gate.core.errors import Exit
from gate.oracles.checks import Check, names
from gate.verdict.decide import Run, decide
from gate.verdict.journal import read
from gate.verdict.promises import Promises
from gate.verdict.tally import tally

FOLDER = "canaries"
"""Beginning of the ids of canaries; alone, it is the id of what else is shown before the first test."""
MEANINGLESS = "a green run would mean nothing."


def silent(directory: Path, checks: Sequence[Check], optional: Collection[str], run: Run, promises: Promises) -> str:
    """Why the checks of a worker cannot be relied on; empty where each was red.

    Args:
        directory: of the journal of the worker's canaries.
        checks: those that had to be red.
        optional: ids of tests that may be skipped: of invariants on a table that a build need not have.
        run: whose profile decides.
        promises: as of the run.

    """
    events, faults = read(directory, {directory.name})
    if not events:
        return f"No check of the worker {directory.name} has shown that it can be red, so {MEANINGLESS}"
    summed = tally(events)
    verdict = decide(summed, replace(run, stopped="", missing=(), baseline=None), promises)
    broken = verdict.exit_code() == Exit.BROKEN and not faults
    red = {(test, finding.code) for finding in verdict.findings for test in finding.tests if broken}
    skipped = set(summed.tests("skipped")).intersection(optional)
    left = [
        check
        for check in checks
        if f"{FOLDER}::{check.code}" not in skipped
        and not {check.name, f"{check.kind} {check.code}"} & summed.unavailable.keys()
    ]
    quiet = [check for check in left if (check.test, check.code) not in red]
    failed = summed.outcomes.get(FOLDER)  # something else that is shown before the first test
    if not quiet or set(summed.outcomes) == {FOLDER}:  # which may have come before all of them
        return f"{failed.reason} Until then {MEANINGLESS}" if failed else ""
    excused = {(test, each.finding.code) for each in verdict.accepted for test in each.finding.tests}
    accepted = [check for check in quiet if (check.test, check.code) in excused]
    if accepted:
        return f"The profile {run.profile.name} accepts the minimal violation of {names(accepted)}, so {MEANINGLESS}"
    reasons = [*faults, *summed.gate_failures, *(event.reason for event in summed.outcomes.values() if event.reason)]
    each = "its" if len(set(map(str, quiet))) == 1 else "their"
    text = f"{names(quiet)} did not report {each} minimal violation, so {MEANINGLESS}"
    return " ".join([text[0].upper() + text[1:], *reasons[:1]])
