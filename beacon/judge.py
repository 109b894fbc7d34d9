"""Holds everything that a scenario did, and everything that it left, against every oracle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from zlib import crc32

from beacon.analysis.expected_answer import answer_for
from beacon.analysis.recomputation import Definition, Output, compare, recompute
from beacon.api import EXECUTIONS
from beacon.api_view import collect
from beacon.oracles import idempotency, lifecycle, listings, router_calls, shown, signatures, stored
from beacon.router import Call, router_of
from gate.contract.document import Contract
from gate.core.client import Unreachable
from gate.core.database import Row, Rows
from gate.core.findings import Finding
from gate.core.texts import clip
from gate.oracles import invariants
from gate.oracles import row_models as rows
from gate.verdict.events import InvariantsChecked

if TYPE_CHECKING:
    from beacon.scenario import Job, Scenario
    from gate.session.session import Session

TERMINAL = frozenset({"completed", "partial", "failed", "cancelled"})
CROSS = "cross-region"
MOST = 200
"""Entries of the longest page that a runner gives."""


def judge(scenario: Scenario) -> list[Finding]:
    """Every finding on a scenario; those with the same cause once."""
    session = scenario.session
    found = list(scenario.findings)
    if session.database is not None:
        # The log is read before the judge's own requests, and the rows once for all oracles.
        state = {job.id: job.rows() for job in scenario.jobs.values()}
        if state:
            found += invariants.check(session.database.connection, list(state))
            session.journal.write(InvariantsChecked([rule.code for rule in invariants.load()]))
        for job in scenario.jobs.values():
            found += _job(scenario, job, state[job.id])
    else:
        for job in list(scenario.jobs.values()):
            found += _unseen(scenario, job)
    for oracle in (lifecycle, signatures, idempotency):
        found += oracle.check(scenario.exchanges)
    found += [
        replace(finding, request=exchange.request_id)
        for exchange in scenario.exchanges
        for finding in (*session.contract.check(exchange), *session.contract.check_request(exchange))
    ]
    return list({finding.cause: finding for finding in reversed(found)}.values())


def _job(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    yield from rows.check_all(left)
    for exchange in scenario.exchanges:
        if exchange.job == job.id:
            yield from stored.check(exchange, left)
    if left.job is None or left.job["status"] not in TERMINAL:
        return
    if job.called:
        yield from _calls(scenario, job, left)
    before = scenario.session.state()
    yield from _shown(scenario, job, left)
    yield from scenario.session.unchanged_since(before, "BG-GET-001", "GET")


def _unseen(scenario: Scenario, job: Job) -> Iterator[Finding]:
    """What can be judged of a job by what the API shows of it, where its rows are not seen."""
    known = len(scenario.exchanges)
    try:
        seen = collect(scenario, job)
    except Unreachable as error:
        yield _gone(error, job)
        return
    yield from seen.findings
    left = seen.rows
    yield from shown.check(left, cross_region=seen.workflow == CROSS)
    for exchange in scenario.exchanges[:known]:
        if exchange.job == job.id:
            yield from stored.check(exchange, left)
    if left.job is None or left.job["status"] not in TERMINAL or not all("id" in row for row in left.executions):
        return
    if job.called:
        yield from _calls(scenario, job, left)
    if seen.whole:
        yield from _shown(scenario, job, left)


def _calls(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    router = router_of(scenario.session.system)
    if router is None:
        return
    yield from router_calls.given_up(left, router.listed(job.id))
    calls: list[Call] = router.calls(job.id)
    if not calls and router.calls():
        traced = any(call.job is not None for call in router.calls())
        if not traced:  # a runner that sends no trace ids: its calls cannot be told apart by job
            return
    try:
        texts = questions(scenario.session)
    except Unreachable as error:
        yield _gone(error, job)
        return
    if not texts:
        yield Finding("BG-LIST-001", where="questions", expected="the text of each question", got="none", job=job.id)
        return
    yield from router_calls.check(left, calls, texts, request(scenario.session.contract), killed=scenario.killed)


def _shown(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    """What each endpoint shows of the job, against its rows; one finding where nothing answers any more."""
    try:
        for finding in chain(_listed(scenario, job, left), _analysis(scenario, job, left)):
            # Each answer is judged before the next is asked for, so the last one is what it shows in.
            yield replace(finding, request=scenario.exchanges[-1].request_id)
    except Unreachable as error:
        yield _gone(error, job)


def _gone(error: Unreachable, job: Job) -> Finding:
    return Finding(
        "BG-TEST-003", where="reading what a job left", expected="an answer", got=clip(str(error)), job=job.id
    )


def _listed(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    get, client = scenario.client.get, scenario.client
    if scenario.session.database is not None:
        listed = listings.joined([client.executions(job.id).json])
        yield from listings.executions("executions/all", listed, left)
    # The other listings show the same rows again. Asking for all of them would cost as much as the scenario itself, so
    # jobs take turns; which turn a job has follows from its id.
    others = (_pages, _filtered, _details)
    yield from others[crc32(job.id.encode()) % len(others)](scenario, job, left)
    if left.run is not None and scenario.session.database is not None:
        told = get(f"{EXECUTIONS}/{left.run['id']}/cross-region").json
        yield from listings.run("executions/cross-region", told, left)


def _pages(_: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    number = len(left.executions)
    size = min(max(1, (number + 1) // 2), MOST)
    offsets = range(0, max(1, number), size)
    pages = [job.view(include="executions", exec_limit=size, exec_offset=offset).json for offset in offsets]
    yield from listings.pages("job?include=executions", pages, left)


def _filtered(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    offsets = range(0, max(1, len(left.executions)), MOST)
    newest = listings.joined(
        scenario.client.get(EXECUTIONS, jobspec_id=job.id, limit=MOST, offset=at).json for at in offsets
    )
    oldest = newest[::-1] if isinstance(newest, list) else newest
    yield from listings.executions("executions?jobspec_id", oldest, left)


def _details(scenario: Scenario, _: Job, left: Rows) -> Iterator[Finding]:
    for row in {row["status"]: row for row in left.executions}.values():
        details = [scenario.client.get(f"{EXECUTIONS}/{row['id']}/details").json]
        members = listings.DETAILS if scenario.session.database else listings.EXECUTION
        yield from listings.executions("executions/details", details, Rows(left.job, [row]), members)


def _analysis(scenario: Scenario, job: Job, left: Rows) -> Iterator[Finding]:
    answer = job.analysis()
    # A reason comes with 404; with any other status it is not the one that is published.
    got = answer.error_code if answer.status == 404 and answer.error_code else str(answer.status)
    expected = answer_for(left)
    if got != expected:
        # What should be told is part of the place: each reason that is not told is a fault of its own.
        where = f"bias-analysis: {expected}"
        yield Finding("BG-ANALYSIS-002", where=where, expected=expected, got=got, job=job.id)
        return
    if answer.status != 200:
        return
    body: dict[str, Any] = answer.json if isinstance(answer.json, dict) else {}
    analysis, scores = body.get("analysis"), body.get("region_scores")
    if not isinstance(analysis, dict) or not isinstance(scores, dict):
        got = clip(repr(answer.json))
        yield Finding(
            "BG-LIST-001", where="bias-analysis", expected="an analysis with region scores", got=got, job=job.id
        )
        return
    completed = [row for row in left.executions if row["status"] == "completed"]
    outputs = [output for row in completed if (output := _output(row)) is not None]
    if len(outputs) == len(completed):  # of rows that lack their text the row's own contract tells
        computed = recompute(outputs, len(left.executions), definition(scenario.session.contract))
        for mismatch in compare(computed, analysis, scores):
            place = "/".join("*" if part.isdecimal() else part for part in mismatch.pointer.split("/"))
            yield Finding(
                "BG-ANALYSIS-001", where=place, expected=str(mismatch.expected), got=str(mismatch.got), job=job.id
            )
    if left.analysis is not None:
        yield from listings.one("bias-analysis", body, left.analysis, listings.BIAS_ANALYSIS, job.id)
        yield from listings.one("bias-analysis/analysis", analysis, left.analysis, listings.ANALYSIS, job.id)


def _output(row: Row) -> Output | None:
    text = row["output_data"].get("response") if isinstance(row["output_data"], dict) else None
    if not isinstance(text, str) or row["question_id"] is None:
        return None
    return Output(row["region"], row["model_id"], row["question_id"], text)


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
    return router_calls.texts_of(session.client.get("/api/v1/questions").json)
