"""Holds everything that a scenario did, and everything that it left, against every oracle."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from gate.client import EXECUTIONS
from gate.contract import Contract
from gate.database import Rows
from gate.findings import Finding
from gate.oracles import invariants, lifecycle, listings, router_calls, rows, stored
from gate.oracles.analysis import Definition, Output, compare, recompute
from gate.oracles.expected_analysis import answer_for
from gate.router import Call

if TYPE_CHECKING:
    from gate.scenario import Job, Scenario
    from gate.session import Session

TERMINAL = frozenset({"completed", "partial", "failed", "cancelled"})


def judge(scenario: Scenario) -> list[Finding]:
    """Every finding on a scenario; those with the same cause once."""
    session = scenario.session
    found = list(scenario.findings)
    if session.database is not None:
        # The log is read before the judge's own requests, and the rows once for all oracles.
        state = {job.id: job.rows() for job in scenario.jobs.values()}
        if state:
            found += invariants.check(session.database.connection, list(state))
            session.journal.add("invariants", codes=[rule.code for rule in invariants.load()])
        for job in scenario.jobs.values():
            found += _job(scenario, job, state[job.id])
    found += lifecycle.check(scenario.exchanges)
    found += [finding for exchange in scenario.exchanges for finding in session.contract.check(exchange)]
    return list({finding.cause: finding for finding in reversed(found)}.values())


def _job(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    yield from rows.check_all(left)
    for exchange in scenario.exchanges:
        if exchange.status == 202 and isinstance(exchange.json, dict) and exchange.json.get("id") == job.id:
            yield from stored.check(exchange, left)
    if left.job is None or left.job["status"] not in TERMINAL:
        return
    yield from _calls(scenario, job, left)
    before = scenario.session.state()
    yield from _shown(scenario, job, left)
    yield from scenario.session.unchanged_since(before, "BG-GET-001", "GET")


def _calls(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    router = scenario.session.system.router
    if router is None:
        return
    calls: list[Call] = router.calls(job.id)
    if not calls and router.calls():
        traced = any(call.job is not None for call in router.calls())
        if not traced:  # a runner that sends no trace ids: its calls cannot be told apart by job
            return
    yield from router_calls.check(left, calls, questions(scenario.session), request(scenario.session.contract))


def _shown(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    """What each endpoint shows of the job, against its rows."""
    get = scenario.client.get
    yield from listings.executions("executions/all", job.executions(), left)
    size = max(1, len(left.executions) // 2)
    offsets = range(0, len(left.executions) + 1, size)
    pages = [job.view(include="executions", exec_limit=size, exec_offset=offset).json for offset in offsets]
    yield from listings.pages("job?include=executions", pages, left)
    newest = get(EXECUTIONS, jobspec_id=job.id, limit=200).json["executions"]
    yield from listings.executions("executions?jobspec_id", list(reversed(newest)), left)
    row = left.executions[0]
    details = get(f"{EXECUTIONS}/{row['id']}/details").json
    yield from listings.one("executions/details", details, row, listings.DETAILS, job.id)
    if left.run is not None:
        yield from listings.run(
            "executions/cross-region", get(f"{EXECUTIONS}/{left.run['id']}/cross-region").json, left
        )
    yield from _analysis(scenario, job, left)


def _analysis(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    answer = job.analysis()
    expected, got = answer_for(left), answer.error_code or str(answer.status)
    if got != expected:
        yield Finding("BG-ANALYSIS-002", where="bias-analysis", expected=expected, got=got, job=job.id)
        return
    if answer.status != 200:
        return
    outputs = [
        Output(row["region"], row["model_id"], row["question_id"], row["output_data"]["response"])
        for row in left.executions
        if row["status"] == "completed"
    ]
    computed = recompute(outputs, len(left.executions), definition(scenario.session.contract))
    body: dict[str, Any] = answer.json
    for mismatch in compare(computed, body["analysis"], body["region_scores"]):
        place = "/".join("*" if part.isdecimal() else part for part in mismatch.pointer.split("/"))
        yield Finding(
            "BG-ANALYSIS-001", where=place, expected=str(mismatch.expected), got=str(mismatch.got), job=job.id
        )
    if left.analysis is not None:
        yield from listings.one("bias-analysis", body["analysis"], left.analysis, listings.ANALYSIS, job.id)


@cache
def definition(contract: Contract) -> Definition:
    """The published definition of the analysis."""
    return Definition.from_contract(contract.document)


@cache
def request(contract: Contract) -> dict[str, Any]:
    """The published constants of an inference request."""
    return dict(contract.document["x-beacon-router"]["request"])


@cache
def questions(session: Session) -> dict[str, str]:
    """The text of each question, as the runner under test publishes it."""
    categories = session.client.get("/api/v1/questions").json["categories"]
    return {entry["question_id"]: entry["question"] for entries in categories.values() for entry in entries}
