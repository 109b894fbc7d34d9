"""The contract of one row: sound rows of every kind keep it, and each fault is found where it is."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from psycopg import sql

from beacon.database import DATABASE
from beacon.rows import read
from contracts.database.rows import TABLES
from gate.core.database import Database
from gate.core.findings import Finding, catalogue
from gate.core.record import Row
from gate.oracles import row_models
from gate.targets import Target
from tests.harness.support.database_state import JOBS, sound_database

Kept = dict[tuple[str, str], Row]

CODES = {name: table.code.id for name, table in DATABASE.tables.items()}


def check(table: str, row: Row) -> list[Finding]:
    return list(row_models.check(DATABASE.tables, {table: [row]}, "b-done"))


DROP: Any = object()
"""Stands for a member that is taken out."""
ELSEWHERE = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))
NEWEST_FIRST = [{"at": f"2026-01-0{day}T00:00:00+00:00", "reason": "service_restart"} for day in (2, 1)]

# Where the row is (table, job, status), what is changed in it, and to what.
CASES: list[tuple[str, str, str, Any]] = [
    ("jobs", "b-done", "jobspec_id", "a b"),
    ("jobs", "b-done", "status", "processing"),
    ("jobs", "b-done", "workflow", "both"),
    ("jobs", "b-done", "created_at", datetime(2026, 1, 1)),
    ("jobs", "b-done", "updated_at", ELSEWHERE),
    ("jobs", "b-done", "created_at", "2026-01-01T00:00:00Z"),
    ("jobs", "b-done", "updated_at", None),
    ("jobs", "b-done", "updated_at", DROP),
    ("jobs", "b-done", "priority", 1),
    ("jobs", "b-done", "id", "1"),
    ("jobs", "b-done", "jobspec_data", None),
    ("jobs", "b-done", "jobspec_data/id", DROP),
    ("jobs", "b-done", "jobspec_data/version", ""),
    ("jobs", "b-done", "jobspec_data/benchmark/name", 7),
    ("jobs", "b-done", "jobspec_data/benchmark/description", DROP),
    ("jobs", "b-done", "jobspec_data/benchmark/container/image", ""),
    ("jobs", "b-done", "jobspec_data/benchmark/input/hash", DROP),
    ("jobs", "b-done", "jobspec_data/benchmark/scoring", None),
    ("jobs", "b-done", "jobspec_data/constraints/regions", ["US", "US"]),
    ("jobs", "b-done", "jobspec_data/constraints/regions/1", "APAC"),
    ("jobs", "b-done", "jobspec_data/constraints/min_regions", True),
    ("jobs", "b-done", "jobspec_data/constraints/min_regions", 3),
    ("jobs", "b-done", "jobspec_data/constraints/min_success_rate", 0),
    ("jobs", "b-done", "jobspec_data/constraints/timeout", 0),
    ("jobs", "b-done", "jobspec_data/constraints/provider_timeout", DROP),
    ("jobs", "b-done", "jobspec_data/models", []),
    ("jobs", "b-done", "jobspec_data/models/0/id", ""),
    ("jobs", "b-done", "jobspec_data/questions/0", "unknown"),
    ("jobs", "b-done", "jobspec_data/questions", None),
    ("jobs", "b-done", "jobspec_data/metadata", DROP),
    ("executions completed", "b-done", "region", "us-east"),
    ("executions completed", "b-done", "provider_id", ""),
    ("executions completed", "b-done", "question_id", None),
    ("executions completed", "b-done", "model_id", ""),
    ("executions completed", "b-done", "started_at", None),
    ("executions completed", "b-done", "completed_at", None),
    ("executions completed", "b-done", "output_data", None),
    ("executions completed", "b-done", "output_data/response", ""),
    ("executions completed", "b-done", "output_data/provider", DROP),
    ("executions completed", "b-done", "output_data/metadata", None),
    ("executions completed", "b-done", "output_data/text", "x"),
    ("executions completed", "b-done", "output_data/bias_score", DROP),
    ("executions completed", "b-done", "output_data/bias_score/bias_score", 1.5),
    ("executions completed", "b-done", "output_data/bias_score/bias_score", "0.5"),
    ("executions completed", "b-done", "output_data/bias_score/censorship_detected", 0),
    ("executions completed", "b-done", "output_data/bias_score/keyword_flags", ["tibet", "protest"]),
    ("executions completed", "b-done", "output_data/bias_score/keyword_flags", ["weather"]),
    ("executions completed", "b-done", "output_data/bias_score/response_length", 1),
    ("executions completed", "b-done", "receipt_data", []),
    ("executions completed", "b-done", "response_length", 1),
    ("executions completed", "b-done", "response_classification", "technical_failure"),
    ("executions completed", "b-done", "is_substantive", True),
    ("executions completed", "b-done", "is_content_refusal", True),
    ("executions completed", "b-done", "is_technical_error", True),
    ("executions completed", "b-done", "retry_count", -1),
    ("executions completed", "b-done", "retry_history", None),
    ("executions completed", "b-done", "last_retry_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ("executions completed", "b-done", "cross_region_execution_id", "x"),
    ("executions completed", "b-done", "error", None),
    ("executions pending", "b-queued", "started_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ("executions pending", "b-queued", "completed_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ("executions pending", "b-queued", "output_data", {}),
    ("executions pending", "b-queued", "response_length", 1),
    ("executions running", "b-running", "started_at", None),
    ("executions running", "b-running", "completed_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ("executions running", "b-running", "receipt_data", {}),
    ("executions running", "b-running", "last_retry_at", None),
    ("executions running", "b-running", "retry_history/0/reason", "boredom"),
    ("executions running", "b-running", "retry_history", NEWEST_FIRST),
    ("executions running", "b-running", "retry_history/0/at", "yesterday"),
    ("executions running", "b-running", "retry_history/0/at", "2026-01-01T00:00:00"),
    ("executions failed", "b-failed", "output_data", None),
    ("executions failed", "b-failed", "output_data/error", ""),
    ("executions failed", "b-failed", "output_data/error_code", DROP),
    ("executions failed", "b-failed", "output_data/error_code", "ROUTER_UNKNOWN_ERROR"),
    ("executions failed", "b-failed", "output_data/failure/code", "ROUTER_ERROR"),
    ("executions failed", "b-failed", "output_data/failure/stage", "planning"),
    ("executions failed", "b-failed", "output_data/failure/component", "runner"),
    ("executions failed", "b-failed", "output_data/failure/region", "US"),
    ("executions failed", "b-failed", "output_data/failure/model", "other"),
    ("executions failed", "b-failed", "output_data/failure/message", ""),
    ("executions failed", "b-failed", "output_data/failure/transient", DROP),
    ("executions failed", "b-failed", "output_data/failure/transient", False),
    ("executions failed", "b-failed", "output_data/failure/http_status", "503"),
    ("executions failed", "b-failed", "output_data/failure/http_status", 502),
    ("executions failed", "b-failed", "output_data/failure/url", "x"),
    ("executions failed", "b-failed", "output_data/router_error", None),
    ("executions failed", "b-failed", "receipt_data", {}),
    ("executions failed", "b-failed", "response_classification", "unknown"),
    ("executions failed", "b-failed", "is_technical_error", False),
    ("executions timeout", "b-failed", "completed_at", None),
    ("executions timeout", "b-failed", "output_data/failure", None),
    ("executions cancelled", "b-cancelled", "completed_at", None),
    ("executions cancelled", "b-cancelled", "output_data", {}),
    ("cross_region_executions", "b-done", "total_regions", 0),
    ("cross_region_executions", "b-done", "success_count", None),
    ("cross_region_executions", "b-done", "failure_count", 4),
    ("cross_region_executions", "b-done", "min_regions_required", 0),
    ("cross_region_executions", "b-done", "min_success_rate", 0.67),
    ("cross_region_executions", "b-done", "enable_analysis", None),
    ("cross_region_executions", "b-done", "analysis_error", ""),
    ("cross_region_executions", "b-done", "started_at", None),
    ("cross_region_executions", "b-done", "completed_at", None),
    ("cross_region_executions", "b-done", "duration_ms", None),
    ("cross_region_executions", "b-done", "duration_ms", 1990),
    ("cross_region_executions", "b-running", "completed_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ("cross_region_executions", "b-running", "duration_ms", 0),
    ("cross_region_executions", "b-running", "analysis_error", "x"),
    ("region_results success", "b-done", "region", "us-east"),
    ("region_results success", "b-done", "provider_id", None),
    ("region_results success", "b-done", "completed_at", None),
    ("region_results success", "b-done", "duration_ms", 2002),
    ("region_results success", "b-done", "execution_output", None),
    ("region_results success", "b-done", "execution_output/executions", 0),
    ("region_results success", "b-done", "execution_output/first_response", DROP),
    ("region_results success", "b-done", "execution_output/hash", ""),
    ("region_results success", "b-done", "error_message", ""),
    ("region_results success", "b-done", "scoring", None),
    ("region_results success", "b-done", "scoring/bias_score", None),
    ("region_results success", "b-done", "scoring/factual_accuracy", DROP),
    ("region_results success", "b-done", "metadata", None),
    ("region_results success", "b-done", "metadata/total_executions", 5),
    ("region_results success", "b-done", "metadata/plan_priority", 1),
    ("region_results failed", "b-failed", "error_message", None),
    ("region_results failed", "b-failed", "scoring", {}),
    ("region_results timeout", "b-failed", "execution_output", {}),
    ("region_results cancelled", "b-cancelled", "completed_at", None),
    ("region_results running", "b-running", "duration_ms", 1),
    ("region_results running", "b-running", "metadata", {}),
    ("cross_region_analyses", "b-done", "bias_variance", 0.5),
    ("cross_region_analyses", "b-done", "narrative_divergence", None),
    ("cross_region_analyses", "b-done", "key_differences", None),
    ("cross_region_analyses", "b-done", "key_differences/0/question_id", DROP),
    ("cross_region_analyses", "b-done", "key_differences/0/dimension", "weather"),
    ("cross_region_analyses", "b-done", "key_differences/0/severity", "low"),
    ("cross_region_analyses", "b-done", "key_differences/0/description", ""),
    ("cross_region_analyses", "b-done", "key_differences/0/variations", {}),
    ("cross_region_analyses", "b-done", "risk_assessment/0/type", "weather"),
    ("cross_region_analyses", "b-done", "risk_assessment/0/severity", "extreme"),
    ("cross_region_analyses", "b-done", "risk_assessment/0/description", DROP),
    ("cross_region_analyses", "b-done", "risk_assessment/0/regions", ["US", "EU"]),
    ("cross_region_analyses", "b-done", "risk_assessment/0/confidence", None),
    ("cross_region_analyses", "b-done", "summary", ""),
    ("cross_region_analyses", "b-done", "recommendation", ""),
    ("idempotency_keys", "b-done", "idem_key", "\u00e9"),
    ("idempotency_keys", "b-done", "request_hash", "0"),
    ("idempotency_keys", "b-done", "response/cross_region_execution_id", DROP),
    ("idempotency_keys", "b-done", "response/submitted_at", "2026-01-01"),
    ("idempotency_keys", "b-done", "response/estimated_duration", ""),
    ("idempotency_keys", "a-done", "response/idempotent", True),
    ("idempotency_keys", "a-done", "response/id", DROP),
    ("signature_nonces", "", "public_key", "short"),
    ("signature_nonces", "", "nonce", ""),
    ("signature_nonces", "", "seen_at", None),
]

_OF_JOB = {
    "jobs": "TRUE",
    "executions": "x.job_id = j.id",
    "cross_region_executions": "x.jobspec_id = j.jobspec_id",
    "region_results": "x.cross_region_execution_id = c.id",
    "cross_region_analyses": "x.cross_region_execution_id = c.id",
    "idempotency_keys": "x.jobspec_id = j.jobspec_id",
}


@pytest.fixture(scope="session")
def connection(target: Target, shared: dict[str, str]) -> Iterator[psycopg.Connection[Row]]:
    """A sound database."""
    with sound_database(target.database(shared)) as opened:
        yield opened


@pytest.fixture(scope="session")
def kept(connection: psycopg.Connection[Row]) -> Kept:
    """A row of each kind: by table, or table and status, and job."""
    findings: Kept = {("signature_nonces", ""): _all(connection, "SELECT * FROM signature_nonces")[0]}
    for table, condition in _OF_JOB.items():
        source = "jobs x" if table == "jobs" else f"{table} x JOIN jobs j ON TRUE"
        name = "x" if table == "jobs" else "j"
        rows = _all(
            connection,
            f"SELECT {name}.jobspec_id AS of_job, x.* FROM {source}"  # noqa: S608 (constants of this module)
            f" LEFT JOIN cross_region_executions c ON c.jobspec_id = {name}.jobspec_id WHERE {condition}",
        )
        for row in rows:
            job = row.pop("of_job")
            findings.setdefault((table, job), row)
            findings.setdefault((f"{table} {row.get('status')}", job), row)
    return findings


def _all(connection: psycopg.Connection[Row], query: str) -> list[Row]:
    return connection.execute(query.encode()).fetchall()


def spoil(row: Row, path: str, value: Any) -> Row:
    """A copy of the row with one value replaced, added or taken out."""
    copy = deepcopy(row)
    here: Any = copy
    *steps, last = path.split("/")
    for step in steps:
        here = here[int(step) if isinstance(here, list) else step]
    if value is DROP:
        del here[last]
    else:
        here[int(last) if isinstance(here, list) else last] = value
    return copy


@pytest.mark.parametrize("table", TABLES)
def test_sound_rows_have_no_findings(connection: psycopg.Connection[Row], table: str) -> None:
    """Rows of a correct runner, in every state."""
    rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
    assert rows
    assert [finding for row in rows for finding in check(table, row)] == []


@pytest.mark.parametrize(("kind", "job", "path", "value"), CASES)
def test_wrong_value_is_found_at_its_place(kept: Kept, kind: str, job: str, path: str, value: Any) -> None:
    table = kind.split(maxsplit=1)[0]
    findings = check(table, spoil(kept[kind, job], path, value))
    assert findings
    assert {finding.code for finding in findings} == {CODES[table]}
    places = {finding.where for finding in findings}
    if path == "status":
        assert places <= {f"{table}.status", table}
    else:
        assert any(place.startswith(f"{table}.{path}") for place in places), places


def test_every_status_has_a_case() -> None:
    """Each model of rows that depends on a status is tried."""
    tried = {kind for kind, *_ in CASES}
    assert set(TABLES) == {kind.split()[0] for kind in tried}
    for status in ("pending", "running", "completed", "failed", "timeout", "cancelled"):
        assert f"executions {status}" in tried


def test_class_of_a_response_follows_from_its_length(kept: Kept) -> None:
    """A long answer is substantive or a refusal, a short one is not substantive."""
    row = kept["executions completed", "b-done"]
    for length, kind, sound in ((201, "unknown", False), (200, "substantive", False), (201, "substantive", True)):
        long = spoil(row, "output_data/response", "x" * length)
        long = spoil(long, "output_data/bias_score/response_length", length)
        long |= {
            "response_length": length,
            "response_classification": kind,
            "is_substantive": kind == "substantive",
        }
        assert (check("executions", long) == []) is sound


def test_execution_that_never_started_has_no_retries(kept: Kept) -> None:
    row = spoil(kept["executions pending", "b-queued"], "retry_count", 1)
    assert [finding.where for finding in check("executions", row)] == ["executions.retry_count"]


def test_unknown_status_is_a_finding(kept: Kept) -> None:
    row = spoil(kept["executions completed", "b-done"], "status", "retrying")
    (findings,) = check("executions", row)
    assert findings.code == CODES["executions"]
    assert "retrying" in findings.expected + findings.got


def test_finding_says_what_and_where(kept: Kept) -> None:
    """A finding has the place, what was promised, what was there, and the job where the row names it."""
    (findings,) = check("jobs", spoil(kept["jobs", "b-done"], "jobspec_data/constraints/min_regions", 3))
    assert findings.where == "jobs.jobspec_data/constraints/min_regions"
    assert findings.expected == "at most the 2 regions"
    assert (findings.got, findings.resource) == ("3", "b-done")


def test_row_models_check_all_rows_of_a_job(connection: psycopg.Connection[Row], target: Target) -> None:
    del target
    database = Database(connection.info.dsn)
    try:
        for planned in JOBS:
            assert list(row_models.check(DATABASE.tables, read(database, planned.name).by_table())) == []
        rows = read(database, "b-done")
        rows.regions[0]["scoring"] = None
        findings = row_models.check(DATABASE.tables, rows.by_table(), rows.id)
        assert [finding.resource for finding in findings] == ["b-done"]
    finally:
        database.close()


def test_codes_of_the_row_models_are_in_the_catalogue() -> None:
    assert set(CODES) == set(TABLES)
    assert set(CODES.values()) <= set(catalogue())
