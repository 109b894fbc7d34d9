"""The evidence of a failure is the few exchanges that show it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from gate.core.evidence import MOST_EXCHANGES, relevant
from gate.core.exchange import Exchange
from gate.core.record import Record

CREATED = "one"
SUBMITTED = Exchange(
    "POST", "http://h/made", 202, {"x-request-id": "r-made"}, body=json.dumps({"id": CREATED}).encode()
)
OTHER = Exchange("POST", "http://h/other", 202, {"x-request-id": "r-other"}, body=json.dumps({"id": "two"}).encode())
READ = [Exchange("GET", f"http://h/{number}", 200, {"x-request-id": f"r{number}"}) for number in range(20)]


def paths(sent: Sequence[Exchange], requests: Collection[str] = (), resources: Collection[str] = ()) -> list[str]:
    record = Record("test", list(sent), {CREATED: SUBMITTED, "two": OTHER})
    return [exchange.path.lstrip("/") for exchange in relevant(record, requests, resources)]


def test_evidence_is_the_request_of_the_finding_and_the_submission_of_its_job() -> None:
    """Nothing else: not what came before, after or between."""
    sent = [OTHER, SUBMITTED, *READ]
    assert paths(sent, {"r7"}, {CREATED}) == ["made", "7"]
    assert paths(sent, {"r7"}) == ["7"]


def test_latest_exchanges_are_the_evidence_where_no_request_is_known() -> None:
    """With the submission of a job that is named."""
    sent = [OTHER, SUBMITTED, *READ]
    latest = [str(number) for number in range(20)]
    assert paths(sent) == latest[-MOST_EXCHANGES:]
    assert paths(sent, (), {CREATED}) == ["made", *latest[1 - MOST_EXCHANGES :]]


def test_evidence_is_limited_to_what_a_person_reads() -> None:
    """The exchanges that show the failure take precedence over those that created its jobs."""
    sent = [*[SUBMITTED] * 9, *READ]
    assert paths(sent, {f"r{number}" for number in range(9)}, {CREATED}) == list("012345")
    assert paths(sent, {"r3"}, {CREATED}) == ["made"] * (MOST_EXCHANGES - 1) + ["3"]
    assert paths([]) == []
