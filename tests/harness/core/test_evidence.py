"""Of all that a test sent, its evidence shows the few exchanges that tell of the failure."""

from __future__ import annotations

import json

from gate.core.evidence import MOST_EXCHANGES, telling
from gate.core.exchange import Exchange

MADE = "one"
SUBMITTED = Exchange("POST", "http://h/made", 202, {"x-request-id": "r-made"}, body=json.dumps({"id": MADE}).encode())
OTHER = Exchange("POST", "http://h/other", 202, {"x-request-id": "r-other"}, body=json.dumps({"id": "two"}).encode())
READ = [Exchange("GET", f"http://h/{number}", 200, {"x-request-id": f"r{number}"}) for number in range(20)]


def paths(exchanges: list[Exchange]) -> list[str]:
    return [exchange.path.lstrip("/") for exchange in exchanges]


def test_request_that_a_finding_shows_in_and_the_submission_of_its_job() -> None:
    """Nothing else: not what came before, after or between."""
    sent = [OTHER, SUBMITTED, *READ]
    assert paths(telling(sent, {"r7"}, {MADE})) == ["made", "7"]
    assert paths(telling(sent, {"r7"})) == ["7"]


def test_latest_ones_where_nobody_knows_which() -> None:
    """With the submission of a job that is named."""
    sent = [OTHER, SUBMITTED, *READ]
    latest = [str(number) for number in range(20)]
    assert paths(telling(sent)) == latest[-MOST_EXCHANGES:]
    assert paths(telling(sent, (), {MADE})) == ["made", *latest[1 - MOST_EXCHANGES :]]


def test_no_more_than_a_person_reads() -> None:
    """What the failure shows in goes before how its jobs came about."""
    sent = [*[SUBMITTED] * 9, *READ]
    assert paths(telling(sent, {f"r{number}" for number in range(9)}, {MADE})) == list("012345")
    assert paths(telling(sent, {"r3"}, {MADE})) == ["made"] * (MOST_EXCHANGES - 1) + ["3"]
    assert telling([]) == []
