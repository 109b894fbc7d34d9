"""Old rows go, whole and alone: jobs where that is asked for, keys and nonces by themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import LiteralString

import httpx
import pytest

from beacon import history
from beacon.api import EXECUTIONS, JOBS, analysis_of, executions_of, job_at
from beacon.history import KINDS, UNFINISHED
from beacon.scenario import Scenario
from beacon.states import TERMINAL
from fixtures.commands import Command
from fixtures.past import ANALYSES, RESULTS, RUNS, History, writing
from fixtures.systems import OwnRunner
from gate.core.database import Database
from gate.core.waiting import wait
from gate.targets import Target

TABLES = ("jobs", "executions", RUNS, RESULTS, ANALYSES)
USED: LiteralString = """
INSERT INTO idempotency_keys (idem_key, jobspec_id, request_hash, response, created_at)
SELECT 'key-' || days, 'job', '', '{}', now() - make_interval(days => days) FROM unnest(ARRAY[6, 8]) AS days;
INSERT INTO signature_nonces (public_key, nonce, seen_at)
SELECT 'key', 'nonce-' || hours, now() - make_interval(hours => hours) FROM unnest(ARRAY[23, 25]) AS hours;
INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)
SELECT now() - make_interval(days => days), 0, 'successful', 0, 'log-' || days FROM unnest(ARRAY[6, 8]) AS days;
"""
LEFT = {"key-6", "nonce-23", "log-6"}
AGED: LiteralString = """
WITH aged AS (
    UPDATE jobs SET created_at = now() - interval '40 days',
        updated_at = now() - make_interval(days => CASE jobspec_id WHEN %s THEN 31 ELSE 29 END)
    RETURNING jobspec_id
)
INSERT INTO idempotency_keys (idem_key, jobspec_id, request_hash, response)
SELECT jobspec_id, jobspec_id, '', '{}' FROM aged
"""


@pytest.fixture(scope="session")
def prune() -> Command:
    """The removal of old jobs."""
    return Command("python -m runner prune", "prune")


def test_prune_takes_ended_jobs_with_all_of_theirs_and_writes_them_down_first(
    historical: History, backfill: Command, prune: Command, tmp_path: Path
) -> None:
    database, past = historical([*KINDS, *UNFINISHED])
    backfill(database.url)
    executions, analyses = len(database.all_rows("executions")), len(database.all_rows(ANALYSES))
    archive = tmp_path / "old.jsonl"
    archive.write_text("{}\n", encoding="utf-8")
    ended = prune(database.url, "--days", "30", "--batch", "2", "--archive", str(archive), "--json")

    assert (ended.code, ended.summary["removed"]) == (0, len(KINDS))
    left = {table: database.all_rows(table) for table in TABLES}
    assert {row["status"] for row in left["jobs"]} == set(UNFINISHED)
    assert [left[table] for table in (RUNS, RESULTS, ANALYSES)] == [[], [], []]
    first, *lines = [json.loads(line) for line in archive.read_text(encoding="utf-8").splitlines()]
    assert first == {}, "what was removed before stays"
    assert {line["jobspec_id"] for line in lines} == {job.id for job in past if job.status not in UNFINISHED}
    assert sum(len(line["executions"]) for line in lines) == executions - len(left["executions"])
    assert sum(line["analysis"] is not None for line in lines) == analyses > 0


def test_prune_counts_the_days_since_a_job_ended(historical: History, prune: Command) -> None:
    """Both jobs were submitted 40 days ago, and each has a key that is younger; one ended 31 days ago, one 29."""
    database, (old, young) = historical(["full", "full"])
    with writing(database) as connection:
        connection.execute(AGED, (old.id,))
    for words in (("--dry-run",), ()):
        assert prune(database.url, "--days", "30", "--json", *words).summary["removed"] == 1

    assert [row["jobspec_id"] for row in database.all_rows("jobs")] == [young.id]
    assert [row["jobspec_id"] for row in database.all_rows("idempotency_keys")] == [young.id]


def test_old_job_is_listed_by_its_creation_and_unknown_once_it_is_removed(
    own_runner: OwnRunner, backfill: Command
) -> None:
    """It ended on the day after its submission; requests that may see it gone are sent past the judge."""
    scenario = own_runner(RUNNER_EMBEDDED_WORKER="false")
    scenario.record.alone = False  # the job does not come from a request
    [job] = history.past_jobs(3, ["full"])
    history.insert(scenario.database.url, [replace(job, created_at=job.created_at - timedelta(days=1))])
    assert backfill(scenario.database.url).code == 0
    days = [f"{job.updated_at - timedelta(days=ago):%Y-%m-%d}" for ago in (1, 0)]
    assert [scenario.client.get(JOBS, **{"from": day, "to": day}).json["total"] for day in days] == [1, 0]

    views = paths(job, scenario.database.all_rows(RUNS)[0]["id"])
    assert answered(scenario, views) == {200}
    with writing(scenario.database) as connection:
        connection.execute("DELETE FROM jobs")
    assert answered(scenario, views) == {404}


def paths(job: history.Past, run: object) -> list[str]:
    """The paths at which a backfilled job is shown."""
    of_run = [f"{EXECUTIONS}/{run}/{view}" for view in ("cross-region", "diff-analysis", f"regions/{job.successes[0]}")]
    return [job_at(job.id), executions_of(job.id), analysis_of(job.id), *of_run]


def answered(scenario: Scenario, views: Sequence[str]) -> set[int]:
    """Statuses of the answers."""
    with httpx.Client(base_url=scenario.session.client.base_url, trust_env=False) as client:
        return {client.get(path).status_code for path in views}


@pytest.mark.full
def test_prune_leaves_young_jobs_and_says_what_it_would_do(historical: History, prune: Command) -> None:
    database, _ = historical(KINDS)
    young = prune(database.url, "--days", "36500", "--json")
    would = prune(database.url, "--days", "0", "--dry-run")

    assert (young.code, young.summary["removed"]) == (0, 0)
    assert would.out.startswith(f"{len(KINDS)} jobs that ended before ")
    assert len(database.all_rows("jobs")) == len(KINDS)


def statuses(database: Database) -> set[str]:
    """Statuses of the jobs that are stored."""
    return {row["status"] for row in database.all_rows("jobs")}


def kept(database: Database) -> set[str]:
    """Idempotency keys, nonces and lines of the queue's log that are stored, but those of the jobs."""
    keys = {row["idem_key"] for row in database.all_rows("idempotency_keys")}
    lines = {row["entrypoint"] for row in database.all_rows("pgqueuer_log") if row["entrypoint"] != "run_job"}
    return keys | lines | {row["nonce"] for row in database.all_rows("signature_nonces")}


def test_worker_takes_up_lost_jobs_and_removes_keys_and_nonces_past_their_time(
    target: Target, shared: dict[str, str], historical: History
) -> None:
    """None of the jobs has an entry in the queue."""
    database, _ = historical(UNFINISHED)
    with writing(database) as connection:
        connection.execute(USED)
    system = target.system(shared, {}, database_url=database.url)
    try:
        wait("their removal", partial(kept, database), until=lambda left: left == LEFT, kind="ready")
        wait("the ends", partial(statuses, database), until=lambda names: names <= TERMINAL, kind="resume")
    finally:
        system.close()
