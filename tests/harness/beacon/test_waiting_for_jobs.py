"""A job that does not end is not only waited for: what its rows already show ends the wait, and explains it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from beacon.scenario import LOOK_SECONDS, Scenario
from gate.core.findings import BrokenPromise
from gate.core.waiting import deadline
from gate.targets import Target
from tests.harness.support.fake_runner import FakeRunner, ended_jobs, watching

Watched = tuple[Scenario, FakeRunner]


@pytest.fixture
def watched(target: Target, shared: dict[str, str], tmp_path: Path) -> Iterator[Watched]:
    """A scenario on a database in which every job has ended, whatever its runner says, but one that nobody works on.

    One that ended lacks a row.
    """
    with ended_jobs(target.database(shared)) as connection, watching(connection, tmp_path) as (session, runner):
        connection.execute(
            "DELETE FROM cross_region_analyses a USING cross_region_executions c"
            " WHERE c.id = a.cross_region_execution_id AND c.jobspec_id = 'b-done'"
        )
        connection.execute("UPDATE jobs SET status = 'running' WHERE jobspec_id = 'a-done'")
        yield Scenario(session, "test"), runner


def answer(status: str) -> tuple[int, bytes]:
    return 200, json.dumps({"status": status}).encode()


def test_job_whose_rows_break_a_rule_is_not_waited_for_to_the_end(watched: Watched) -> None:
    """The rule is the finding, long before the deadline."""
    scenario, runner = watched
    runner.answer = lambda *_: answer("running")
    started = time.monotonic()
    with pytest.raises(BrokenPromise) as broken:
        scenario.adopt("b-done").wait()
    assert "BG-INV-018" in {finding.code for finding in broken.value.findings}
    assert LOOK_SECONDS <= time.monotonic() - started < deadline("terminal")


def test_job_that_has_ended_in_its_rows_alone_is_not_waited_for_to_the_end(watched: Watched) -> None:
    """An answer from before the end is the finding, where the rows themselves are sound."""
    scenario, runner = watched
    runner.answer = lambda *_: answer("running")
    started = time.monotonic()
    with pytest.raises(BrokenPromise) as broken:
        scenario.adopt("b-one").wait("completed")
    assert {finding.code for finding in broken.value.findings} == {"BG-MEMORY-002"}
    assert LOOK_SECONDS <= time.monotonic() - started < deadline("terminal")


@pytest.mark.parametrize("killed", [False, True])
def test_rows_of_a_job_end_no_wait_after_a_kill(watched: Watched, killed: bool) -> None:
    """While its runner starts again a job may be overdue, which no runner is to blame for."""
    scenario, runner = watched
    scenario.record.interrupted = killed
    end = time.monotonic() + 2 * LOOK_SECONDS
    runner.answer = lambda *_: answer("completed" if time.monotonic() > end else "running")
    with nullcontext() if killed else pytest.raises(BrokenPromise, match="BG-INV-042"):
        scenario.adopt("a-done").wait("completed")
