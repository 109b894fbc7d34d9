"""The backfill gives jobs of the standard workflow the rows that the cross-region workflow would have written."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from datetime import timedelta, timezone
from functools import partial

import pytest

from beacon import history
from beacon.checkout import BACKFILL_COMMAND
from beacon.database import DATABASE
from beacon.history import KINDS, UNFINISHED
from fixtures.commands import Command, result_of
from fixtures.past import ANALYSES, RUNS, History, backfilled, source_rows, writing
from fixtures.systems import OwnRunner
from gate.core.database import Database
from gate.core.findings import must
from gate.core.waiting import wait
from gate.oracles import invariants
from gate.targets import Process

pytestmark = pytest.mark.criterion("criterion.backfill")

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'beacon%%'"


OTHERWISE_ENDED = """
SELECT r.* FROM region_results r JOIN cross_region_executions c ON c.id = r.cross_region_execution_id
JOIN jobs j ON j.jobspec_id = c.jobspec_id
WHERE r.completed_at <> (SELECT max(completed_at) FROM executions e WHERE e.job_id = j.id AND e.region = r.region)
    OR c.completed_at <> j.updated_at
"""
"""Regions of backfilled jobs that did not end with the last of their executions, or whose runs not with the job."""


def runs(database: Database) -> int:
    return len(database.all_rows(RUNS))


def far_enough(database: Database, process: Process, enough: int) -> bool:
    """Return whether there are enough runs, or a backfill has ended."""
    return runs(database) >= enough or process.poll() is not None


def test_every_kind_of_job_gets_the_rows_that_the_oracles_expect(
    own_runner: OwnRunner, backfill: Command, rng: random.Random
) -> None:
    scenario = own_runner()
    past = list(history.past_jobs(rng.randrange(10**6), [*KINDS, "cancelled"] * 2))
    history.insert(scenario.database.url, past)
    ended = backfill(scenario.database.url, "--json")

    assert (ended.code, ended.summary["examined"]) == (0, len(past))
    for job in past:
        answer = scenario.adopt(job.id).analysis()
        expected = "" if job.analysable else None
        assert (answer.error_code == "") == (expected == ""), f"{job} {answer}"
        assert not job.analysable or answer.json["region_scores"].keys() == set(job.successes)
    assert scenario.database.query(OTHERWISE_ENDED) == []


def test_jobs_without_an_analysis_are_listed_with_the_reason(historical: History, backfill: Command) -> None:
    database, past = historical([*KINDS, "cancelled", *UNFINISHED])
    ended = backfill(database.url, "--json")

    reasons = {entry["job_id"]: entry["reason"] for entry in ended.summary["reasons"]}
    assert set(reasons) == {job.id for job in past if not job.analysable}
    assert ended.summary["not_analysed"] == len(reasons)
    assert ended.summary["analysed"] == sum(job.analysable for job in past) == len(database.all_rows(ANALYSES))
    by_kind = dict(zip([*KINDS, "cancelled", *UNFINISHED], (reasons.get(job.id, "") for job in past), strict=True))
    assert by_kind["single region"] == "the job has a single region"
    assert by_kind["all failed"] == "successful regions: 0, needed: 2"
    assert by_kind["cancelled"] == "the job was cancelled"
    assert by_kind["running"] == "it has not ended: its status is running"


def test_text_summary_has_the_same_content(historical: History, typed_backfill: Command) -> None:
    database, past = historical(["full", "single region"])
    ended = typed_backfill(database.url)

    assert ended.out.splitlines()[0] == f"{past[1].id}: no analysis: the job has a single region"
    assert "2 jobs examined" in ended.out.splitlines()[-1]
    assert "1 were given a run, 1 of them with an analysis; 1 without an analysis." in ended.out
    assert "2 of 2 jobs" in ended.err


def test_rows_that_exist_stay_as_they_are(historical: History, backfill: Command) -> None:
    database, _ = historical([*KINDS, "cancelled", *UNFINISHED])
    rows = source_rows(database)

    assert backfill(database.url).code == 0
    assert source_rows(database) == rows


def test_dry_run_reports_the_plan_and_writes_nothing(historical: History, backfill: Command) -> None:
    database, _ = historical()
    planned = backfill(database.url, "--dry-run", "--json").summary
    assert runs(database) == 0
    done = backfill(database.url, "--json").summary

    assert (planned.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert planned.pop("seconds") >= 0
    assert done.pop("seconds") >= 0
    assert planned == done


def test_second_backfill_changes_nothing(historical: History, backfill: Command) -> None:
    database, _ = historical()
    backfill(database.url)
    rows = {table: database.all_rows(table) for table in database.tables()}
    again = backfill(database.url, "--json")

    assert (again.code, again.summary["written"]) == (0, 0)
    assert {table: database.all_rows(table) for table in database.tables()} == rows


def test_batches_of_any_size_make_the_same_rows(historical: History, backfill: Command) -> None:
    database, past = historical(KINDS * 2)
    backfill(database.url, "--batch", "1000")
    other, _ = historical([])
    history.insert(other.url, past)
    backfill(other.url, "--batch", "3")

    assert backfilled(other) == backfilled(database)


def test_only_the_named_job_is_backfilled(historical: History, backfill: Command) -> None:
    database, past = historical(["full", "full", "cancelled"])
    assert backfill(database.url, "--job", past[1].id, "--json").summary["written"] == 1
    assert [row["jobspec_id"] for row in database.all_rows(RUNS)] == [past[1].id]

    again = backfill(database.url, "--job", past[1].id, "--json").summary
    assert again["reasons"] == [{"job_id": past[1].id, "reason": "it has a cross-region execution already"}]


def test_only_jobs_since_a_time_are_backfilled(historical: History, backfill: Command) -> None:
    """Those submitted then or later, whenever they ended; the time is one of UTC unless it says otherwise."""
    database, past = historical(["full"] * 4)
    since = past[1].created_at + timedelta(seconds=1)
    assert since < past[1].updated_at
    backfill(database.url, "--since", f"{since:%Y-%m-%dT%H:%M:%S}")
    assert {row["jobspec_id"] for row in database.all_rows(RUNS)} == {past[2].id, past[3].id}
    there = timezone(timedelta(hours=5, minutes=45))
    backfill(database.url, "--since", f"{past[1].created_at.astimezone(there):%Y-%m-%dT%H:%M:%S%z}")
    assert {row["jobspec_id"] for row in database.all_rows(RUNS)} == {job.id for job in past[1:]}
    after = backfill(database.url, "--since", f"{since + timedelta(days=1):%Y-%m-%d}", "--json")

    assert (after.code, after.summary["examined"]) == (0, 0)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--job", "nobody"), 2, "there is no job nobody: give --job the id of a job that exists."),
        (("--since", "2025-13-01"), 2, "Invalid value for '--since'"),
        (("--batch", "0"), 2, "Invalid value for '--batch'"),
        (("--jobs", "x"), 2, "No such option"),
    ],
    ids=["unknown job", "bad date", "bad batch", "unknown option"],
)
def test_bad_input_is_refused_in_one_sentence(
    historical: History, typed_backfill: Command, words: tuple[str, ...], code: int, message: str
) -> None:
    database, _ = historical(["full"])
    ended = typed_backfill(database.url, *words)

    assert (ended.code, ended.out, runs(database)) == (code, "", 0)
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_unusable_database_is_refused_in_one_sentence(historical: History, backfill: Command, migrate: Command) -> None:
    database, _ = historical([])
    assert migrate(database.url, "--target", "6").code == 0
    early = backfill(database.url)
    nowhere = backfill("postgresql://127.0.0.1:9/nowhere")

    assert (early.code, nowhere.code) == (4, 4)
    assert "is not migrated: run python -m runner migrate first" in early.err
    assert "does not answer" in nowhere.err
    assert "Traceback" not in early.err + nowhere.err


def test_jobs_with_invalid_limits_get_no_analysis(historical: History, backfill: Command) -> None:
    database, past = historical(["full"] * 4)
    odd = [{"min_regions": "many"}, {"min_regions": 7}, {"min_success_rate": 2}]
    with writing(database) as connection:
        for job, limits in zip(past, odd, strict=False):
            connection.execute(
                "UPDATE jobs SET jobspec_data = jsonb_set(jobspec_data, '{constraints}',"
                " jobspec_data -> 'constraints' || %s::jsonb) WHERE jobspec_id = %s",
                (json.dumps(limits), job.id),
            )
    ended = backfill(database.url, "--json")

    assert (ended.code, ended.summary["analysed"], ended.summary["not_analysed"]) == (0, 1, 3)


OLDER = """
    UPDATE executions SET
        region = CASE region WHEN 'US' THEN 'us-east' WHEN 'EU' THEN 'eu-west' ELSE 'asia-pacific' END,
        output_data = CASE WHEN output_data ? 'response' THEN jsonb_build_object(
            'responses', jsonb_build_array(jsonb_build_object('text', output_data -> 'response'))
        ) ELSE output_data END
"""


def test_backfill_gives_jobs_of_older_services_the_same_analysis(historical: History, backfill: Command) -> None:
    database, past = historical(KINDS)
    backfill(database.url)
    older, _ = historical([])
    history.insert(older.url, past)
    with writing(older) as connection:
        connection.execute(OLDER)
        connection.execute("UPDATE jobs SET jobspec_data = jobspec_data - '{models,metadata}'::text[]")

    assert backfill(older.url).code == 0
    assert backfilled(older) == backfilled(database)


def test_analysis_of_an_older_job_is_shown(own_runner: OwnRunner, backfill: Command) -> None:
    scenario = own_runner()
    scenario.record.alone = False  # the job does not come from a request
    [job] = history.past_jobs(3, ["full"])
    history.insert(scenario.database.url, [job])
    with writing(scenario.database) as connection:
        connection.execute(OLDER)
        connection.execute("""UPDATE jobs SET jobspec_data = jobspec_data || '{"models": null, "metadata": null}'""")
    assert backfill(scenario.database.url).code == 0

    assert scenario.client.analysis(job.id).json["region_scores"].keys() == set(job.successes)


def kill_after(enough: int, database: Database, backfill: Command) -> None:
    """Kill a backfill once the database has so many runs, and wait until its sessions are gone."""
    process = backfill.start(database.url, "--batch", "3")
    wait("some runs", partial(far_enough, database, process, enough), until=bool, kind="resume")
    process.kill()
    result_of(process)
    wait("its processes gone", lambda: database.query(SESSIONS), until=lambda sessions: not sessions)


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.full), pytest.param(3, marks=pytest.mark.full)])
@pytest.mark.parametrize("copies", [0, 5], ids=["alone", "in processes"])
def test_killed_backfill_resumes_where_it_was(
    historical: History, backfill: Command, rng: random.Random, kills: int, copies: int
) -> None:
    database, past = historical(KINDS * 7, questions=1)
    whole, _ = historical([])
    history.insert(whole.url, past)
    for target in (whole, database):
        history.multiply(target.url, copies)
    backfill(whole.url)
    for _ in range(kills):
        kill_after(runs(database) + rng.randrange(30), database, backfill)
        must(invariants.check(database.connection, DATABASE.invariants, None))

    assert backfill(database.url).code == 0
    assert backfilled(database) == backfilled(whole)


@pytest.mark.full
def test_interrupted_backfill_says_how_to_finish(historical: History) -> None:
    database, _ = historical(["full"] * 40)
    history.multiply(database.url, 5)
    process = Command(BACKFILL_COMMAND, "--backfill-command").start(database.url, "--batch", "2")
    assert isinstance(process, subprocess.Popen)
    wait("some runs", partial(far_enough, database, process, 1), until=bool, kind="resume")
    process.send_signal(signal.SIGINT)
    ended = result_of(process)

    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == "runner: interrupted. What was written stays; run it again to finish."
    assert "Traceback" not in ended.err
    assert 0 < runs(database) < 240


def test_two_backfills_at_once_write_the_rows_of_one(historical: History, backfill: Command) -> None:
    database, past = historical(KINDS * 15)
    alone, _ = historical([])
    history.insert(alone.url, past)
    single = backfill(alone.url, "--json").summary
    started = [backfill.start(database.url, "--batch", "3", "--json") for _ in range(2)]
    ended = [result_of(process) for process in started]

    assert [result.code for result in ended] == [0, 0]
    assert backfilled(database) == backfilled(alone)
    for count in ("written", "analysed"):
        assert sum(result.summary[count] for result in ended) == single[count]
