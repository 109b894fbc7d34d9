"""Verdicts on made-up runs."""

from __future__ import annotations

from datetime import date
from typing import Any

from beacon.pack import pack
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.verdict.decide import Run, decide
from gate.verdict.events import Event, ExchangeRecorded, FindingReported, Outcome
from gate.verdict.profile import Deviation, Profile
from gate.verdict.tally import tally
from gate.verdict.verdict import Verdict

EXCHANGE = ExchangeRecorded("getJob", 200)
PASSED = Outcome("t::a", "passed", ["criterion.execute"])
_EXCHANGES = [{"curl": "curl http://h", "status": "500", "body": "boom"}]


def reported(
    where: str = "GET /x", *, test: str = "t::a", code: str = "BG-HTTP-001", got: str = "500"
) -> FindingReported:
    """A finding of a test."""
    finding = Finding(code, where, "200", got, request=where)
    return FindingReported(finding, Evidence(test, "it broke", _EXCHANGES))


def accepting(code: str) -> Profile:
    """A profile that accepts every finding of a code."""
    deviation = Deviation(
        id="known",
        title="known already",
        findings=[f"{code} .*"],
        covered_by=["getJob"],
        owner="somebody",
        reason="older than the gate",
        expires=date(2999, 1, 1),
    )
    return Profile(name="mine", deviation=[deviation])


def verdict(*events: Event, **run: Any) -> Verdict:
    """The verdict on a run with these events; the names are those of ``Run``."""
    return decide(tally(events), Run(**run), pack().promises)


def passing(*events: Event, **run: Any) -> Verdict:
    """The verdict on a run with these events beside an exchange and a passed test."""
    return verdict(EXCHANGE, PASSED, *events, **run)
