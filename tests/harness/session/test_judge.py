"""A broken runner's answer to a request of the judge is a finding, never an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from beacon import members
from beacon.api import JOBS
from beacon.scenario import Scenario
from gate.core.findings import Finding, catalogue
from gate.core.record import Row
from gate.session.session import Session
from gate.targets import Target
from tests.harness.support.database_state import JOBS as PLANNED
from tests.harness.support.database_state import Planned, Writer
from tests.harness.support.fake_runner import FakeRunner, Reply, ended_jobs, watching
from tests.harness.support.sample_rows import published_row

Connection = psycopg.Connection[Row]
Judge = Callable[[str, Callable[[str], Reply]], list[Finding]]

BIAS = "GET /api/v2/jobs/{job_id}/bias-analysis"
READ = [
    "questions",
    "executions/all",
    "job?include=executions",
    "executions?jobspec_id",
    "executions/details",
    "executions/cross-region",
]
TURNS = ["b-done", "b-partial", "a-done", "b-failed", "a-bare"]
"""Jobs of whom the judge reads different listings, since they take turns."""
BODIES: dict[str, tuple[int, bytes]] = {
    "null": (200, b"null"),
    "true": (200, b"true"),
    "a number": (200, b"7"),
    "a text": (200, b'"x"'),
    "an empty list": (200, b"[]"),
    "a list": (200, b'[{"id": 1}]'),
    "an empty object": (200, b"{}"),
    "not JSON": (200, b"<html>"),
    "nothing": (200, b""),
    "members null": (200, b'{"executions": null, "categories": null, "region_results": null, "analysis": null}'),
    "members of another type": (
        200,
        b'{"executions": {"id": 1}, "categories": [1], "analysis": "x", "region_results": 1}',
    ),
    "lists of no objects": (200, b'{"executions": [null], "executions_total": [], "categories": {"a": [null]}}'),
    "objects without members": (200, b'{"executions": [{}], "executions_total": {}, "categories": {"a": [{}]}}'),
    "analysis without members": (200, b'{"analysis": {}, "region_scores": {}, "cross_region_execution": {}}'),
    "analysis of junk": (
        200,
        b'{"analysis": {"bias_variance": [], "key_differences": [null], "risk_assessment": 1, "summary": null},'
        b' "region_scores": {"US": null, "MARS": []}}',
    ),
    "status of another kind": (200, b'{"status": {"is": []}, "executions": [{"id": {}, "status": []}]}'),
    "not found": (404, b'{"error": "none", "error_code": "not_found", "request_id": "r"}'),
    "code of another type": (404, b'{"error_code": ["analysis_pending"]}'),
    "failed": (500, b"Internal Server Error"),
    "away": (503, b'{"error_code": "persistence_unavailable"}'),
}


@pytest.fixture(scope="session")
def connection(target: Target, shared: dict[str, str]) -> Iterator[Connection]:
    """A database in which every job has ended."""
    with ended_jobs(target.database(shared)) as opened:
        yield opened


@pytest.fixture(scope="session")
def watched(connection: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, FakeRunner]]:
    """The gate with a runner on that database."""
    with watching(connection, tmp_path_factory.mktemp("journal")) as watched:
        yield watched


@pytest.fixture
def judge(watched: tuple[Session, FakeRunner]) -> Judge:
    """Findings on a scenario that submitted a job, from a runner whose answers to GET are given."""

    def judged(job: str, answer: Callable[[str], Reply]) -> list[Finding]:
        session, runner = watched
        accepted = json.dumps({"id": job}).encode()
        runner.answer = lambda method, path: answer(path) if method == "GET" else (202, accepted)
        scenario = Scenario(session, "test")
        scenario.client.post(JOBS, {})
        return session.conclude(scenario.record).findings

    return judged


def wheres(findings: list[Finding], code: str) -> list[str]:
    assert {finding.code for finding in findings} <= catalogue().keys()
    return [finding.where for finding in findings if finding.code == code]


@pytest.mark.parametrize(("status", "body"), BODIES.values(), ids=BODIES)
def test_unreadable_answer_is_a_finding_of_each_listing(judge: Judge, status: int, body: bytes) -> None:
    findings = [finding for job in TURNS for finding in judge(job, lambda _: (status, body))]
    unreadable = wheres(findings, "BG-LIST-001") + wheres(findings, "BG-LIST-003")
    assert [name for name in READ if not any(where.startswith(name) for where in unreadable)] == []
    mine = [finding for finding in findings if finding.resource == "b-done"]
    analysis = [f for f in mine if f.code.startswith("BG-ANALYSIS-") or "bias-analysis" in f.where]
    assert analysis
    if status != 200:
        (missing,) = wheres(analysis, "BG-ANALYSIS-002")
        assert missing.startswith(f"{BIAS} answered {status}")
        assert missing.endswith("for a completed cross-region job with an analysis")


def test_findings_show_in_the_answer_that_they_are_about(watched: tuple[Session, FakeRunner]) -> None:
    """Their evidence is that answer, and the submission of the job."""
    session, runner = watched
    runner.answer = lambda method, _: (200, b"null") if method == "GET" else (202, b'{"id": "b-done"}')
    record = Scenario(session, "test").record
    session.client.post(JOBS, {})
    conclusion = session.conclude(record)
    about = {
        finding.where: [
            str(exchange["curl"]).rpartition("/")[2]
            for exchange in session.evidence(record, "", [finding], conclusion.observations).exchanges
        ]
        for finding in conclusion.findings
        if finding.code in {"BG-LIST-001", "BG-ANALYSIS-002"}
    }
    for where, end in (("executions/all", "all"), ("executions/cross-region", "cross-region")):
        assert about[where] == ["jobs", end]
    assert about["bias-analysis"] == ["jobs", "bias-analysis"]


@pytest.mark.parametrize("job", [planned.name for planned in PLANNED if planned.status not in {"queued", "running"}])
def test_every_kind_of_job_is_judged(judge: Judge, job: str) -> None:
    """With or without a run, completed or not."""
    assert "executions/all" in wheres(judge(job, lambda _: (200, b"{}")), "BG-LIST-001")


def test_listing_of_a_job_without_rows_is_a_finding(connection: Connection, judge: Judge) -> None:
    """No executions, or no job at all."""
    Writer(connection, Planned("a-empty", "standard", "completed", {}), "a-empty", datetime.now(UTC)).write()
    findings = judge("a-empty", lambda _: (200, b"{}"))
    assert "executions/all" in wheres(findings, "BG-LIST-001")
    assert wheres(judge("no-such-job", lambda _: (200, b"{}")), "BG-STORED-001") == ["jobs"]


@pytest.mark.parametrize("late", [0, 1, 2, 3])
def test_a_runner_that_is_gone_is_found_once(judge: Judge, late: int) -> None:
    """From the first request of the judge on, or from a later one."""
    answers: list[Reply] = [(200, b"{}")] * late
    findings = judge("b-done", lambda _: answers.pop() if answers else None)
    assert wheres(findings, "BG-TEST-003") == ["observing what a test left"]


def test_listing_that_writes_is_found(connection: Connection, judge: Judge) -> None:
    def answer(path: str) -> Reply:
        if path.endswith("/bias-analysis"):
            connection.execute("INSERT INTO signature_nonces VALUES (gen_random_uuid()::text, 'n')")
        return 200, b"{}"

    assert wheres(judge("b-done", answer), "BG-GET-001") == [
        "GET /api/v2/jobs/{job_id}/bias-analysis 200 -> signature_nonces"
    ]
    assert wheres(judge("b-done", lambda _: (200, b"{}")), "BG-GET-001") == []


REASONS = {
    "a-done": ("standard_workflow", "a completed standard job"),
    "b-one": ("analysis_not_applicable", "a completed cross-region job with fewer than two successful regions"),
    "b-failed": ("analysis_failed", "a failed cross-region job without an analysis"),
    "b-cancelled": ("analysis_failed", "a cancelled cross-region job without an analysis"),
}
"""Why a job has no analysis, and how a finding describes the job."""


def reason(code: str, status: int = 404) -> Callable[[str], Reply]:
    return lambda _: (status, json.dumps({"error": "none", "error_code": code, "request_id": "r"}).encode())


@pytest.mark.parametrize("job", REASONS)
def test_only_the_reason_that_follows_from_the_rows_is_accepted(judge: Judge, job: str) -> None:
    """The right code with its status is no finding; any other code, status or an analysis is."""
    due, described = REASONS[job]
    assert [
        at
        for at in wheres(judge(job, reason(due)), "BG-ANALYSIS-002")
        if "diff-analysis" not in at and not at.endswith(" details")
    ] == []
    other = "analysis_pending" if job == "a-done" else "standard_workflow"
    for status, code in ((404, other), (200, due), (500, due)):
        got, judged = f"{status} {code}", judge(job, reason(code, status))
        findings = [finding for finding in judged if finding.where.startswith(f"{BIAS} answered")]
        assert [(finding.where, finding.expected, finding.got, finding.resource) for finding in findings] == [
            (f"{BIAS} answered {got} for {described}", f"404 {due}", got, job)
        ]


def test_each_member_of_an_analysis_is_compared_with_its_row(connection: Connection, judge: Judge) -> None:
    """Members of the body and of the analysis in it are held against the row, and that against the answers."""
    query = "SELECT a.* FROM cross_region_analyses a JOIN cross_region_executions r ON r.id = cross_region_execution_id"
    row = connection.execute(f"{query} WHERE jobspec_id = 'b-done'").fetchall()[0]
    analysis = published_row(row, members.ANALYSIS)
    body: dict[str, Any] = published_row(row, members.BIAS_ANALYSIS, analysis=analysis, region_scores={})

    def differences(body: dict[str, Any]) -> list[str]:
        findings = judge("b-done", lambda path: (200, json.dumps(body if "v2" in path else {}).encode()))
        assert "/region_scores" in wheres(findings, "BG-ANALYSIS-001")
        return wheres(findings, "BG-LIST-002")

    assert differences(body) == []
    assert differences(body | {"created_at": None}) == ["bias-analysis: created_at"]
    assert differences(body | {"analysis": analysis | {"id": "x"}}) == ["bias-analysis/analysis: id"]
