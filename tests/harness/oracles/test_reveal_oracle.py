"""An error that passes on the words of the database or of a library is found; the service's own words are not."""

from __future__ import annotations

import json

import pytest

from beacon.contract import published
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Observations, Record
from gate.oracles import reveal

ORACLE = reveal.oracle("x-beacon-reveals-nothing")


def judged(text: str, status: int = 503) -> list[Finding]:
    body = json.dumps({"error": text}).encode()
    exchange = Exchange("GET", "http://service/api/v1/jobs", status, body=body)
    return list(ORACLE.check(Record("", [exchange]), Observations(), published()))


@pytest.mark.parametrize(
    "words",
    [
        "couldn't get a connection after 2.00 sec",
        "server closed the connection unexpectedly",
        "terminating connection due to administrator command",
        "consuming input failed: EOF detected",
        "the connection is closed",
        'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        'FATAL: password authentication failed for user "runner"',
        "FATAL: sorry, too many clients already: too many connections for role",
        "canceling statement due to statement timeout",
        'duplicate key value violates unique constraint "jobs_pkey"',
        "OperationalError",
    ],
)
def test_words_of_the_database_are_found_in_an_error(words: str) -> None:
    assert [finding.code for finding in judged(f"Try again soon: {words}")] == ["BG-REVEAL-002"]
    assert not judged(words, status=200)


@pytest.mark.parametrize(
    "words",
    [
        "The database does not answer; try again soon.",
        "Too many requests; try again in 3 seconds.",
        "The connection to the router timed out.",
    ],
)
def test_own_words_are_no_finding(words: str) -> None:
    assert not judged(words)
