"""The statuses that were seen of a job or an execution follow each other as the contract says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from beacon.contract import published
from beacon.oracles.lifecycle import illegal_changes as check
from beacon.states import EXECUTION, JOB
from gate.core.exchange import Exchange

SCHEMAS = published().document["components"]["schemas"]
# How far along the life-cycle each status is: it only ever goes on, and where it has ended it stays.
RANKS = {
    "job": {"queued": 0, "running": 1, "completed": 2, "partial": 2, "failed": 2, "cancelled": 2},
    "execution": {"pending": 0, "running": 1, "completed": 2, "failed": 2, "timeout": 2, "cancelled": 2},
}
STEPS = [(kind, before, after) for kind, ranks in RANKS.items() for before in ranks for after in ranks]


def get(path: str, body: Any, status: int = 200, method: str = "GET") -> Exchange:
    return Exchange(method, f"http://h{path}", status, body=json.dumps(body).encode())


def execution(status: Any, number: Any = 7) -> dict[str, Any]:
    return {"id": number, "job_id": "a", "status": status}


# Each place where a status can be read.
READINGS: dict[str, dict[str, Callable[[Any], Exchange]]] = {
    "job": {
        "view": lambda status: get("/api/v1/jobs/a", {"job": {}, "status": status}),
        "view with executions": lambda status: get("/api/v1/jobs/a?include=executions", {"status": status}),
        "list": lambda status: get("/api/v1/jobs?limit=9", {"jobs": [{"id": "a", "status": status}]}),
    },
    "execution": {
        "view of the job": lambda status: get(
            "/api/v1/jobs/a?include=executions", {"status": "running", "executions": [execution(status)]}
        ),
        "list of the job": lambda status: get("/api/v1/jobs/a/executions/all", {"executions": [execution(status)]}),
        "list": lambda status: get("/api/v1/executions?jobspec_id=a", {"executions": [execution(status)]}),
        "region": lambda status: get("/api/v1/executions/u/regions/US", {"executions": [execution(status)]}),
        "details": lambda status: get("/api/v1/executions/7/details", execution(status)),
    },
}
PLACES = [(kind, place) for kind, places in READINGS.items() for place in places]


def causes(exchanges: Sequence[Exchange]) -> list[tuple[str, str]]:
    findings = check(exchanges)
    assert {finding.resource for finding in findings} <= {"a"}
    return [(finding.code, finding.where) for finding in findings]


def test_statuses_are_those_of_the_contract() -> None:
    """The machines, this test and the published contract know the same statuses."""
    assert list(JOB) == list(RANKS["job"]) == SCHEMAS["JobStatus"]["enum"]
    assert list(EXECUTION) == list(RANKS["execution"]) == SCHEMAS["ExecutionStatus"]["enum"]


@pytest.mark.parametrize(("kind", "before", "after"), STEPS)
def test_status_may_stay_or_go_on_and_every_other_step_is_found(kind: str, before: str, after: str) -> None:
    ranks = RANKS[kind]
    legal = before == after or ranks[before] < ranks[after]
    expected = [] if legal else [("BG-LIFE-002", f"status of {kind}")]
    for first in READINGS[kind].values():
        for second in READINGS[kind].values():
            assert causes([first(before), second(after)]) == expected


def test_each_reading_is_held_against_the_one_before() -> None:
    """A step back is found whatever came first, and once."""
    for kind, readings in READINGS.items():
        begin, *_ = RANKS[kind]
        steps = (begin, "completed", "running", "running", "completed", begin)
        assert (
            causes([read(status) for status in steps for read in readings.values()])
            == [("BG-LIFE-002", f"status of {kind}")] * 2
        )


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_readings_that_overlap_are_in_no_order(kind: str, place: str) -> None:
    """The answer that came second may be of the look that was first; a reading after both is held against both."""
    read = READINGS[kind][place]
    stepped = [("BG-LIFE-002", f"status of {kind}")]

    def at(status: str, began: float, ended: float) -> Exchange:
        return replace(read(status), began=began, elapsed=ended - began)

    done, overlapping = at("completed", 1.0, 2.0), at("running", 0.5, 3.0)
    assert causes([done, overlapping]) == []
    assert causes([done, overlapping, at("completed", 3.0, 4.0)]) == []
    assert causes([done, overlapping, at("running", 2.5, 4.0)]) == stepped
    assert causes([done, at("running", 2.0, 3.0)]) == stepped


UNKNOWN: list[Any] = ["processing", "created", "COMPLETED", "", None, 1, True, [], {}]


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_status_outside_the_life_cycle_is_found_once(kind: str, place: str) -> None:
    read = READINGS[kind][place]
    begin, *_, end = RANKS[kind]
    unknown = ("BG-LIFE-001", f"status of {kind}")
    for status in UNKNOWN:
        assert causes([read(status)]) == [unknown]
        assert causes([read(begin), read(status), read("running")]) == [unknown]
        assert causes([read(end), read(status), read("running")]) == [unknown, ("BG-LIFE-002", f"status of {kind}")]


def test_jobs_are_never_pending_and_executions_never_queued() -> None:
    job, listed = READINGS["job"]["view"], READINGS["execution"]["list"]
    assert causes([job("pending"), job("timeout")]) == [("BG-LIFE-001", "status of job")] * 2
    assert causes([listed("queued"), listed("partial")]) == [("BG-LIFE-001", "status of execution")] * 2


def test_each_job_and_execution_has_its_own_history() -> None:
    """Others may be elsewhere in their lives; one id in a URL and in a body is the same job."""
    done = get("/api/v1/jobs/a", {"status": "completed", "executions": [execution("completed", 1)]})
    begun = get("/api/v1/jobs/b", {"status": "queued", "executions": [execution("pending", 2)]})
    assert causes([done, begun, done, begun]) == []
    quoted = get("/api/v1/jobs/%61", {"status": "running"})
    assert causes([done, quoted]) == [("BG-LIFE-002", "status of job")]


IGNORED = {
    "an error": get("/api/v1/jobs/a", {"status": "nonsense"}, status=404),
    "a submission": get("/api/v1/jobs", {"id": "a", "status": "enqueued"}, status=202, method="POST"),
    "a replay": get("/api/v1/jobs", {"id": "a", "status": "enqueued"}, method="POST"),
    "the service": get("/health", {"status": "degraded"}),
    "a run": get("/api/v1/executions/u/cross-region", {"cross_region_execution": {"status": "running"}}),
}


@pytest.mark.parametrize("exchange", IGNORED.values(), ids=IGNORED)
def test_status_members_outside_a_job_are_not_compared(exchange: Exchange) -> None:
    assert causes([READINGS["job"]["view"]("completed"), exchange]) == []


JUNK: list[Any] = [None, True, 0, "x", [], {}, [None], [[]], [{}], [{"id": None, "status": 1}], {"a": 1}]


@pytest.mark.parametrize("path", ["jobs", "jobs/a", "jobs/a/executions/all", "executions", "executions/7/details"])
def test_unreadable_bodies_hide_no_other_finding(path: str) -> None:
    """Bodies without readable statuses are left to the contract check; they hide nothing around them."""
    at = f"/api/v1/{path}"
    bodies = [body for junk in JUNK for body in (junk, {"executions": junk}, {"jobs": junk})]
    exchanges = [READINGS["job"]["view"]("completed"), *[get(at, body) for body in bodies]]
    assert causes([*exchanges, READINGS["job"]["view"]("queued")]) == [("BG-LIFE-002", "status of job")]
    assert check([Exchange("GET", f"http://h{at}", 200, body=b"<html>")]) == []
