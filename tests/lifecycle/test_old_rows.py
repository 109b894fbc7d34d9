"""Old rows go, whole and alone: jobs where that is asked for, keys and nonces by themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import LiteralString

import pytest

from beacon.history import KINDS, UNFINISHED
from fixtures.commands import Command
from fixtures.past import ANALYSES, RESULTS, RUNS, History, writing
from gate.core.database import Database
from gate.core.waiting import wait
from gate.targets import Target

TABLES = ("jobs", "executions", RUNS, RESULTS, ANALYSES)
USED: LiteralString = """
INSERT INTO idempotency_keys (idem_key, jobspec_id, request_hash, response, created_at)
SELECT 'key-' || days, 'job', '', '{}', now() - make_interval(days => days) FROM unnest(ARRAY[6, 8]) AS days;
INSERT INTO signature_nonces (public_key, nonce, seen_at)
SELECT 'key', 'nonce-' || hours, now() - make_interval(hours => hours) FROM unnest(ARRAY[23, 25]) AS hours;
"""
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
    ended = prune(database.url, "--days", "30", "--batch", "2", "--archive", str(archive), "--json")

    assert (ended.code, ended.summary["removed"]) == (0, len(KINDS))
    left = {table: database.all_rows(table) for table in TABLES}
    assert {row["status"] for row in left["jobs"]} == set(UNFINISHED)
    assert [left[table] for table in (RUNS, RESULTS, ANALYSES)] == [[], [], []]
    lines = [json.loads(line) for line in archive.read_text(encoding="utf-8").splitlines()]
    assert {line["jobspec_id"] for line in lines} == {job.id for job in past if job.status not in UNFINISHED}
    assert sum(len(line["executions"]) for line in lines) == executions - len(left["executions"])
    assert sum(line["analysis"] is not None for line in lines) == analyses > 0


def test_prune_counts_the_days_since_a_job_ended(historical: History, prune: Command) -> None:
    """Both jobs were submitted 40 days ago, and each has a key that is younger; one ended 31 days ago, one 29."""
    database, (old, young) = historical(["full", "full"])
    with writing(database) as connection:
        connection.execute(AGED, (old.id,))
    assert prune(database.url, "--days", "30", "--json").summary["removed"] == 1

    assert [row["jobspec_id"] for row in database.all_rows("jobs")] == [young.id]
    assert [row["jobspec_id"] for row in database.all_rows("idempotency_keys")] == [young.id]


@pytest.mark.full
def test_prune_leaves_young_jobs_and_says_what_it_would_do(historical: History, prune: Command) -> None:
    database, _ = historical(KINDS)
    young = prune(database.url, "--days", "36500", "--json")
    would = prune(database.url, "--days", "0", "--dry-run")

    assert (young.code, young.summary["removed"]) == (0, 0)
    assert would.out.startswith(f"{len(KINDS)} jobs that ended before ")
    assert len(database.all_rows("jobs")) == len(KINDS)


def kept(database: Database) -> set[str]:
    """Idempotency keys and nonces that are stored."""
    keys = {row["idem_key"] for row in database.all_rows("idempotency_keys")}
    return keys | {row["nonce"] for row in database.all_rows("signature_nonces")}


def test_worker_removes_keys_and_nonces_past_their_time(
    target: Target, shared: dict[str, str], fresh_database: Callable[[], Database]
) -> None:
    database = fresh_database()
    with writing(database) as connection:
        connection.execute(USED)
    system = target.system(shared, {}, database_url=database.url)
    try:
        wait("their removal", partial(kept, database), until=lambda left: left == {"key-6", "nonce-23"}, kind="ready")
    finally:
        system.close()
