"""The oracle for pages: sizes, defaults, filters and order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beacon.oracles.pages import ORACLE
from beacon.pack import pack
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record

JOBS = [{"id": f"j{number}", "created_at": f"2026-01-01T00:00:0{number}Z"} for number in (3, 2, 1)]


def codes(path: str, **body: Any) -> list[tuple[str, str]]:
    exchange = Exchange("GET", f"http://service/api/v1/{path}", 200, body=json.dumps(body).encode())
    findings = ORACLE.check(Record("", [exchange]), Observations(), pack().contract)
    return [(finding.code, finding.where.rpartition(": ")[2]) for finding in findings]


SOUND: dict[str, tuple[str, dict[str, Any]]] = {
    "whole": ("jobs", {"jobs": JOBS, "total": 3, "limit": 50, "offset": 0}),
    "full page": ("jobs?limit=3&offset=4", {"jobs": JOBS, "total": 9, "limit": 3, "offset": 4}),
    "last page": ("jobs?limit=5&offset=4", {"jobs": JOBS, "total": 7, "limit": 5, "offset": 4}),
    "beyond the end": ("jobs?offset=9", {"jobs": [], "total": 3, "limit": 50, "offset": 9}),
    "with the job": ("jobs/a?include=executions", {"executions": [{"id": 1}, {"id": 2}], "executions_total": 2}),
    "without executions": ("jobs/a", {"job": {}}),
    "all of one status": (
        "executions/cross-region?status=failed",
        {"cross_region_executions": [{"status": "failed", "created_at": "1"}], "total": 1, "limit": 50, "offset": 0},
    ),
}


@pytest.mark.parametrize(("path", "body"), SOUND.values(), ids=SOUND)
def test_page_that_was_asked_for_is_no_finding(path: str, body: dict[str, Any]) -> None:
    assert codes(path, **body) == []


BROKEN: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {
    "other default": ("jobs", {"jobs": JOBS, "total": 3, "limit": 20, "offset": 0}, ("BG-PAGE-001", "limit")),
    "other offset": ("jobs?offset=1", {"jobs": JOBS, "total": 4, "limit": 50, "offset": 0}, ("BG-PAGE-001", "offset")),
    "too long": ("jobs?limit=2", {"jobs": JOBS, "total": 3, "limit": 2, "offset": 0}, ("BG-PAGE-001", "jobs")),
    "too short": ("jobs", {"jobs": JOBS, "total": 9, "limit": 50, "offset": 0}, ("BG-PAGE-001", "jobs")),
    "total of the page": (
        "jobs?offset=2",
        {"jobs": JOBS, "total": 3, "limit": 50, "offset": 2},
        ("BG-PAGE-001", "jobs"),
    ),
    "another job's": (
        "executions?jobspec_id=a_b",
        {"executions": [{"id": 1, "job_id": "a-b"}], "total": 1, "limit": 50, "offset": 0},
        ("BG-PAGE-002", "job_id"),
    ),
    "oldest first": ("jobs", {"jobs": JOBS[::-1], "total": 3, "limit": 50, "offset": 0}, ("BG-PAGE-003", "jobs")),
}


@pytest.mark.parametrize(("path", "body", "expected"), BROKEN.values(), ids=BROKEN)
def test_other_page_is_a_finding(path: str, body: dict[str, Any], expected: tuple[str, str]) -> None:
    assert codes(path, **body) == [expected]
