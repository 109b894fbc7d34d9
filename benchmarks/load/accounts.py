"""Accounts for every submission: what was answered, what is stored, and what the router was asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from beacon.load_codes import CALLS, ENDED, LOST, REPEATED, SAME_KEY, STORED, STUCK
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from benchmarks.load.answers import Answer, Submitted
from benchmarks.load.router import CountingLog
from gate.contract.document import Contract
from gate.core.findings import Finding

MOST_NAMED = 5
"""Jobs that a finding names."""
WORKFLOWS = {"submitJob": STANDARD, "submitCrossRegionJob": CROSS_REGION}
_JOBS = "SELECT jobspec_id, workflow, status FROM jobs WHERE starts_with(jobspec_id, %s)"
_EXECUTIONS = """
SELECT j.jobspec_id, e.region, e.model_id, e.question_id, e.status, e.retry_count, e.started_at IS NOT NULL,
    e.output_data ->> 'error_code'
FROM executions e JOIN jobs j ON j.id = e.job_id WHERE starts_with(j.jobspec_id, %s)
"""
NOT_LOGGED = frozenset({"ROUTER_HTTP_404", "ROUTER_NO_PROVIDER", "ROUTER_NETWORK"})
"""Failures without a call that the stand-in counts, or whose call may not have arrived."""


@dataclass(frozen=True)
class Books:
    """Everything that submissions are accounted for with.

    Attributes:
        submitted: by the id of the job.
        cancelled: the jobs for which a cancellation was sent.
        log: the router's.
        texts: prompts by question.
        killed: whether a process of the runner was killed, so that calls may be counted that were not sent.
        failing: whether calls of the router failed by a fault.

    """

    submitted: Mapping[str, Submitted]
    cancelled: frozenset[str]
    log: CountingLog
    texts: Mapping[str, str]
    killed: bool
    failing: bool


def named(code: str, where: str, expected: str, got: str, jobs: Sequence[str]) -> Iterator[Finding]:
    """One finding about some jobs, of which it names the first."""
    if jobs:
        first = ", ".join(jobs[:MOST_NAMED])
        more = f" and {len(jobs) - MOST_NAMED} more" if len(jobs) > MOST_NAMED else ""
        text = f"{len(jobs)} jobs {got}: {first}{more}"
        yield Finding(code, where, expected, text, jobs[0], shares=tuple(jobs[1:MOST_NAMED]))


def of_jobs(connection: psycopg.Connection[tuple[object, ...]], prefix: str, books: Books) -> Iterator[Finding]:
    """Findings on the jobs that are stored, those that are not, and how they ended."""
    stored = {str(job): (str(flow), str(status)) for job, flow, status in connection.execute(_JOBS, (prefix,))}
    submitted = books.submitted
    lost = [job for job, each in submitted.items() if each.accepted and job not in stored]
    yield from named(LOST, "jobs", "a row of each job that was answered with 202", "without a row", lost)
    other = [job for job, each in submitted.items() if job in stored and stored[job][0] != WORKFLOWS[each.operation]]
    yield from named(LOST, "jobs.workflow", "the workflow of the endpoint", "of the other workflow", other)
    refused = [job for job, each in submitted.items() if not (each.accepted or each.unknown) and job in stored]
    yield from named(STORED, "jobs", "no row of a job that was refused", "refused and stored", refused)
    stuck = [job for job, (_, status) in stored.items() if status not in TERMINAL]
    yield from named(STUCK, "jobs.status", "a terminal status", "that have not ended", stuck)
    alone = [job for job, (_, status) in stored.items() if status == "cancelled" and job not in books.cancelled]
    yield from named(ENDED, "jobs.status", "a status by its executions", "cancelled by nobody", alone)


def of_calls(connection: psycopg.Connection[tuple[object, ...]], prefix: str, books: Books) -> Iterator[Finding]:
    """Findings on executions whose calls do not agree with them."""
    counts, more, fewer = books.log.counts, dict[str, int](), dict[str, int]()
    known, failed = set[tuple[str, str, str, str]](), Counter[str]()
    texts = books.texts
    for row in connection.execute(_EXECUTIONS, (prefix,)):
        job, region, model, question, status, retries, started, code = row
        key = (str(job), str(region), str(model), texts.get(str(question), str(question)))
        known.add(key)
        expected = int(str(retries)) + 1 if started and code not in NOT_LOGGED else 0
        slack = int(str(retries)) if books.killed else 0
        # A cancellation may come between a claim and its call, which is then not made.
        slack += status == "cancelled"
        unseen = expected or (int(str(retries)) + 1 if started else 0)
        if counts[key] > unseen:
            more[key[0]] = counts[key]
        elif counts[key] < max(expected - slack, int(status == "completed")):
            fewer[key[0]] = counts[key]
        if status in {"failed", "timeout"} and not books.failing and not str(code).startswith("ROUTER_HTTP_"):
            failed[key[0]] += 1
    expected_text = "a call for each execution, and one for each retry that it counts"
    yield from named(CALLS, "router calls", expected_text, "with more calls than that", sorted(more))
    yield from named(CALLS, "executions", expected_text, "with fewer calls than that", sorted(fewer))
    strange = sorted({key[0] for key in counts.keys() - known if key[0] in books.submitted})
    yield from named(CALLS, "executions", "an execution for each call", "with calls of no execution", strange)
    yield from named(ENDED, "executions.status", "completed", "failed though no call failed", sorted(failed))
    twice = sorted({str(call.job) for call in books.log.twice})
    yield from named(SAME_KEY, "router calls: idempotency-key", "another key", "with a key twice", twice)


def of_repetitions(submitted: Mapping[str, Submitted]) -> Iterator[Finding]:
    """Findings on submissions that were sent again with their key."""
    wrong: dict[str, list[str]] = defaultdict(list)
    for job, each in submitted.items():
        accepted = False
        for answer in sorted(each.answers, key=lambda answer: answer.at):
            if accepted and answer.keyed and not _replayed(answer, job):
                wrong[f"{answer.status} {answer.error_code}".strip()].append(job)
            accepted = accepted or answer.status in {200, 202}
    for answered, jobs in wrong.items():
        where = f"a repeated submission answered {answered}"
        yield from named(REPEATED, where, "200, the same id and idempotent: true", f"answered {answered}", jobs)


def _replayed(answer: Answer, job: str) -> bool:
    """Return whether a repeated submission was answered as promised, or not at all."""
    if answer.status in {0, 429, 503}:
        return True
    return answer.status == 200 and answer.body.get("idempotent") is True and answer.body.get("id") == job


def of_errors(answers: Sequence[Answer], contract: Contract) -> Iterator[Finding]:
    """Findings on refusals that the contract does not have, and on answers of the sample."""
    for answer in answers:
        exchange = answer.exchange
        if exchange is not None and len(exchange.body) < 4000:  # else it was clipped
            yield from contract.check(exchange)
