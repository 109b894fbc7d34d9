"""The recording of the consumer contract: what is read is said, and what is not said is noticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gate.contract import Contract
from gate.exchange import Exchange
from gate.portal.pact import A_TIME, NotUniform, Recording, difference, unknown
from gate.portal.visit import Call

CONTRACT = Contract.published()
JOB = {"id": "gate-1", "status": "queued", "created_at": "2026-01-02T03:04:05Z", "workflow": "standard"}
PAGE = {"jobs": [JOB, {**JOB, "id": "gate-10"}], "total": 2}
READS = {"$.jobs", "$.jobs[*]", "$.jobs[*].id", "$.jobs[*].created_at", "$.total", "header Content-Type"}


def call(body: Any, reads: set[str], path: str = "/api/v1/jobs?limit=20", status: int = 200, **sent: Any) -> Call:
    return Call(
        Exchange(
            method="POST" if sent else "GET",
            url=f"http://127.0.0.1{path}",
            status=status,
            request_body=json.dumps(sent).encode() if sent else b"",
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode(),
        ),
        reads,
    )


def recorded(*calls: Call) -> dict[str, Any]:
    recording = Recording(CONTRACT)
    recording.name("gate-1", "portal-a")
    recording.name("gate-10", "portal-b")
    recording.add(calls, "a state", {})
    found: dict[str, Any] = json.loads(recording.text())
    return found


def test_recording_has_what_was_read_and_no_more() -> None:
    """Unread members are not promised to anybody, and values that differ from run to run are examples."""
    (one,) = recorded(call(PAGE, READS))["interactions"]

    assert one["response"]["body"]["content"] == {"jobs": [{"id": "portal-a", "created_at": A_TIME}], "total": 1}
    assert one["request"] == {"method": "GET", "path": "/api/v1/jobs", "query": {"limit": ["20"]}}
    assert set(one["response"]["matchingRules"]["body"]) == {path for path in READS if path.startswith("$")}


def test_same_portal_gives_the_same_bytes() -> None:
    """Other ids, times and numbers change nothing."""
    other = {"jobs": [{**JOB, "created_at": "2027-01-02T03:04:05Z"}], "total": 7}
    assert recorded(call(PAGE, READS)) == recorded(call(other, READS))


@pytest.mark.parametrize(
    ("body", "reads", "said"),
    [
        (PAGE, {"$.pages"}, "which the answer has not"),
        ({"jobs": [JOB, {**JOB, "status": None}]}, {"$.jobs", "$.jobs[*]", "$.jobs[*].status"}, "differ in form"),
    ],
    ids=["member that is not there", "members of two forms"],
)
def test_what_one_interaction_cannot_say_is_not_recorded(body: Any, reads: set[str], said: str) -> None:
    """A recording that would promise something else than what was seen is refused."""
    with pytest.raises(NotUniform, match=said):
        recorded(call(body, reads))


def test_members_of_a_map_are_read_by_any_name() -> None:
    """An object whose members the portal lists is a map: its keys are data."""
    path = "/api/v2/jobs/gate-1/bias-analysis"
    body = {"region_scores": {"US": {"bias_score": 0.5}, "EU": {"bias_score": 0}}}
    seen = call(body, {"$.region_scores", "$.region_scores.*", "$.region_scores.*.bias_score"}, path)
    contract = recorded(seen)

    (one,) = contract["interactions"]
    assert one["response"]["body"]["content"] == {"region_scores": {"EU": {"bias_score": 1}}}
    assert list(unknown(seen, CONTRACT, contract)) == []


UNKNOWN = {
    "another call": (call({}, set(), "/api/v1/questions"), "calls listQuestions and reads its 200"),
    "another member": (call(PAGE, {"$.jobs[*].workflow"}), "reads $.jobs[*].workflow of listJobs 200"),
    "another parameter": (call(PAGE, READS, "/api/v1/jobs?page=2"), "sends the parameter page to listJobs"),
    "another details": (call({}, {"$.details.x"}, status=400), "calls listJobs and reads its 400"),
}


@pytest.mark.parametrize(("seen", "said"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_the_contract_does_not_say_is_noticed(seen: Call, said: str) -> None:
    """Whatever a test of the portal was about, a call or a read beyond the contract fails it."""
    assert list(unknown(seen, CONTRACT, recorded(call(PAGE, READS)))) == [said]


def test_what_every_error_has_may_be_read_of_any() -> None:
    """The portal shows each error by the members that all of them have."""
    seen = call({}, {"$.error", "$.error_code"}, status=503)
    assert list(unknown(seen, CONTRACT, recorded(call(PAGE, READS)))) == []


def test_difference_names_interactions_and_lines() -> None:
    """A contract that is out of date says in its first line what the portal does otherwise, then where."""
    questions = call({}, set(), "/api/v1/questions")
    before, now = (
        json.dumps(recorded(*calls), indent=2)
        for calls in ((call(PAGE, READS), questions), (call(PAGE, READS - {"$.total"}), call({}, set(), status=400)))
    )
    first, *lines = difference(before, now).splitlines()
    assert first == (
        "no longer: GET /api/v1/questions 200 (listQuestions); "
        "new: GET /api/v1/jobs 400 (listJobs: a state); "
        "changed: GET /api/v1/jobs 200 (listJobs: a state)"
    )
    assert len(lines) <= 60
    assert any(line.startswith("-") and '"total"' in line for line in lines)
    assert difference(before, before) == ""
