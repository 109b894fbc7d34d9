"""The log of a job has its lines, each with the request that submitted it, and neither a prompt nor an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from beacon.contract import published
from beacon.oracles.job_log import check
from beacon.oracles.router_calls import Log
from beacon.router import Call
from gate.core.exchange import Exchange
from gate.core.log import LogLine
from gate.core.record import Observation, Observations, Record

PROMPT, ANSWER = "What happened on that day in the square?", "Nothing that anybody could have noticed."
CALL = Call(at=0.0, at_utc=datetime(2026, 1, 1, tzinfo=UTC), job="a", path="/inference", prompt=PROMPT)
OF_JOB = {"level": "info", "job_id": "a", "request_id": "r"}
STORED = {"execution_id": 1, "region": "US", "model_id": "m", "question_id": "q"}
ROW = {**{name: value for name, value in STORED.items() if name != "execution_id"}, "id": 1, "status": "completed"}
ROWS: dict[str, list[dict[str, Any]]] = {
    "jobs": [{"id": 1, "jobspec_id": "a", "workflow": "standard", "status": "completed"}],
    "executions": [{**ROW, "output_data": {"response": ANSWER}}],
}
LINES: dict[str, dict[str, Any]] = {
    "job_accepted": {"workflow": "standard"},
    "job_running": {},
    "execution_stored": STORED,
    "job_decided": {"status": "completed", "successful_regions": 1},
}


def codes(rows: dict[str, list[dict[str, Any]]] = ROWS, /, **changes: dict[str, Any]) -> list[str]:
    """The codes of findings on the whole log of a job, some of whose lines have other members."""
    lines = [{**OF_JOB, "event": event, **members, **changes.get(event, {})} for event, members in LINES.items()]
    created = Exchange("POST", "http://service/", 202, headers={"x-request-id": "r"})
    record = replace(Record("", [created]), resources={"a": created})
    observed = Observation("a", rows, calls=Log([CALL], ()))
    log = [LogLine.of(json.dumps(line)) for line in lines]
    return [finding.code for finding in check(record, Observations({"a": observed}, log=log), published())]


@pytest.mark.parametrize(
    ("event", "member"),
    [("execution_stored", "error_code"), ("execution_stored", "region"), ("job_decided", "successful_regions")],
)
def test_line_that_contradicts_its_row_is_found(event: str, member: str) -> None:
    assert codes(**{event: {member: "another"}}) == ["BG-LOG-005"]


def test_whole_log_of_a_job_is_no_finding() -> None:
    assert codes() == []


@pytest.mark.parametrize("status", ["pending", "running"])
def test_execution_that_ended_after_its_rows_were_read_is_no_finding(status: str) -> None:
    rows = {"jobs": [{**ROWS["jobs"][0], "status": "running"}], "executions": [{**ROW, "status": status}]}
    assert codes(rows, execution_stored={"error_code": "ROUTER_HTTP_500"}) == []


@pytest.mark.parametrize("event", LINES)
def test_line_of_another_request_is_found(event: str) -> None:
    assert codes(**{event: {"request_id": "another"}}) == ["BG-LOG-005"]


@pytest.mark.parametrize("text", [PROMPT, ANSWER])
def test_text_of_a_model_is_found(text: str) -> None:
    assert codes(job_running={"text": f'"{text}"'}) == ["BG-LOG-006"]
