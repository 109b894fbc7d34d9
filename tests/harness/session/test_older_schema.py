"""A database of another version is one finding; what reads the parts that it lacks is unavailable by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from beacon.database import DATABASE, DIRECTORY
from beacon.oracles.registered import ORACLES
from gate.core.errors import NotAvailable
from gate.core.record import Observation, Observations, Record, Row
from gate.oracles import row_models, schema
from gate.oracles.registry import without_tables
from gate.session import fault
from gate.targets import Target
from gate.verdict.journal import Follower
from gate.verdict.tally import tally
from tests.harness.support.database_state import JOBS
from tests.harness.support.fake_runner import ended_jobs, watching

OLDER = (
    "DROP TABLE cross_region_analyses, region_results; ALTER TABLE executions DROP COLUMN retry_count CASCADE;"
    " UPDATE jobs SET status = 'failed' WHERE jobspec_id = 'b-done'"
)
JOB = next(planned for planned in JOBS if planned.name == "b-done")


@pytest.fixture
def older(target: Target, shared: dict[str, str]) -> Iterator[psycopg.Connection[Row]]:
    with ended_jobs(target.database(shared)) as connection:
        connection.execute(OLDER)
        yield connection


def test_older_database_is_one_finding_and_the_rest_is_judged(older: psycopg.Connection[Row], tmp_path: Path) -> None:
    with watching(older, tmp_path) as (session, _):
        record = session.begin("a test")
        record.resources[JOB.name] = None
        observations = session.conclude(record).observations
        assert {"BG-INV-001", "BG-INV-018"} & session.offending().keys() == {"BG-INV-001"}  # those of the canaries
    events = tally(event for _, event in Follower(tmp_path).events())
    (reported,) = events.findings
    assert (reported.finding.code, reported.finding.where) == ("BG-SCHEMA-001", "the schema")
    assert "column executions.retry_count" in reported.finding.got
    assert "the database has no cross_region_analyses" in events.unavailable["invariant BG-INV-018"]
    assert {"rows of executions", "rows of region_results", "analysis", "listings"} <= events.unavailable.keys()
    assert "rows of jobs" not in events.unavailable
    assert "BG-INV-001" in observations.offending  # the rules that can be read are still judged


def test_rows_of_an_incomplete_table_are_not_judged() -> None:
    oracle = row_models.oracle(DATABASE.tables)
    rows = Observation("", {"jobs": [{}], "executions": [{}]})
    observations = Observations({"": rows}, absent=frozenset({"executions.retry_count"}))
    findings = oracle.check(Record(""), observations, None)  # type: ignore[arg-type]  # not read
    assert {finding.where.partition(".")[0] for finding in findings} == {"jobs"}


def test_complete_database_has_every_check() -> None:
    promised = schema.load(DIRECTORY / "schema.txt")
    assert schema.absent(promised, promised) == frozenset()
    assert DATABASE.without(()) is DATABASE
    assert (DATABASE.unavailable(()), without_tables(ORACLES, ())) == ({}, {})


def test_test_that_reads_what_is_not_there_is_unavailable() -> None:
    error = psycopg.errors.UndefinedTable('relation "region_results" does not exist')
    assert isinstance(fault.unavailable(error, {"region_results.id"}), NotAvailable)
    assert fault.unavailable(error, ()) is None
    assert fault.unavailable(AssertionError(), {"region_results.id"}) is None
