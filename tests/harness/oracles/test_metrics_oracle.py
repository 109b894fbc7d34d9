"""The metrics oracle compares each scrape with the log up to it, and from the last start of the service on."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.log import LogLine
from gate.core.record import Observations, Record
from gate.oracles import metrics

EXTENSION = "x-metrics"
RULES = {
    "path": "/metrics",
    "log": {"start": "serving", "work": "working"},
    "methods": ["GET", "POST", "other"],
    "families": {
        "requests_total": {"type": "counter", "counts": "requests", "labels": {"method": "methods"}},
        "jobs_total": {"type": "counter", "counts": "job", "labels": {}},
    },
}
CONTRACT = Contract({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, EXTENSION: RULES})


def log(*events: tuple[str, str]) -> list[LogLine]:
    return [
        LogLine.of(json.dumps({"event": event, "request_id": request, "method": "GET"})) for event, request in events
    ]


def scrape(request: str, requests: int, jobs: int = 0) -> Exchange:
    text = f'# HELP requests_total r\n# TYPE requests_total counter\nrequests_total{{method="GET"}} {requests}\n'
    text += f"# HELP jobs_total j\n# TYPE jobs_total counter\njobs_total {jobs}\n"
    return Exchange("GET", "http://service/metrics", 200, body=text.encode(), headers={"x-request-id": request})


def differences(scrapes: Iterable[Exchange], lines: list[LogLine]) -> list[tuple[str, str]]:
    oracle = metrics.oracle(EXTENSION)
    record = Record("", exchanges=list(scrapes))
    findings = oracle.check(record, Observations(log=lines), CONTRACT)
    return [(finding.request, finding.got) for finding in findings if finding.code == metrics.COUNT]


WORK = [
    ("serving", ""),
    ("working", ""),
    ("request", "a"),
    ("job", ""),
    ("request", "first"),
    ("request", "b"),
    ("request", "second"),
]


def test_each_scrape_is_compared_with_the_log_before_it() -> None:
    assert not differences([scrape("first", 1, 1), scrape("second", 3, 1)], log(*WORK))
    assert differences([scrape("first", 2, 1), scrape("second", 3, 1)], log(*WORK)) == [("first", "2")]
    assert differences([scrape("first", 1, 1), scrape("second", 3, 2)], log(*WORK)) == [("second", "2")]


def test_counting_begins_again_with_each_start() -> None:
    again = log(*WORK, ("serving", ""), ("working", ""), ("request", "c"), ("request", "third"))
    assert not differences([scrape("third", 1)], again)
    assert differences([scrape("third", 4, 1)], again) == [("third", "4"), ("third", "1")]


@pytest.mark.parametrize("lines", [log(("request", "first")), log(*WORK, ("request", "first")), []])
def test_scrape_without_one_place_in_the_log_is_not_counted(lines: list[LogLine]) -> None:
    assert not differences([scrape("first", 9, 9)], lines)


def test_work_of_other_processes_is_counted_by_none() -> None:
    lines = log(("serving", ""), ("working", ""), ("working", ""), ("job", ""), ("request", "a"), ("request", "x"))
    assert not differences([scrape("x", 1, 7)], lines)
    assert differences([scrape("x", 5, 7)], lines) == [("x", "5")]


def test_line_whose_id_is_no_text_belongs_to_no_scrape() -> None:
    odd = LogLine.of('{"event": ["request"], "request_id": {"a": []}}')
    assert differences([scrape("second", 4, 1)], [odd, *log(*WORK)]) == [("second", "4")]
