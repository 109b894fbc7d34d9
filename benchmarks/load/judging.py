"""Judges what a load run left: accounts, invariants over all rows, the oracles on a sample, and thresholds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import psycopg

from beacon import rows, views
from beacon.api import JOBS, QUESTIONS
from beacon.load_codes import UNRECOVERED
from beacon.pack import pack
from benchmarks.load import accounts, sample
from benchmarks.load.accounts import Books
from benchmarks.load.answers import Answer, submissions
from benchmarks.load.stage import Stage
from gate.core.client import Client, Unreachable
from gate.core.database import Database
from gate.core.evidence import Evidence
from gate.core.findings import Finding, distinct
from gate.oracles import invariants
from gate.oracles.invariants import Invariant
from gate.verdict.events import FindingReported
from gate.verdict.groups import Group, grouped

MOST_HISTORIES = 3
"""Jobs of a group of findings whose history is reported."""
WORK_MEMORY, AT_ONCE = "96MB", 2
"""Memory of a query over all rows before it uses the disk, and sessions of Postgres that look at them."""
TRIES = 3
"""Requests after which a runner that answers none is not asked any more."""


@dataclass
class Judgement:
    """The findings of a run, and how long each part of the judging took, in seconds."""

    findings: list[Finding] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    jobs: int = 0
    sampled: int = 0

    def take(self, part: str, findings: Callable[[], Iterable[Finding]]) -> None:
        """Add the findings of one part, one for each cause."""
        started = time.perf_counter()
        self.findings += distinct(findings())
        self.seconds[part] = round(time.perf_counter() - started, 2)

    @property
    def groups(self) -> list[Group]:
        """The findings by their causes."""
        return grouped(
            FindingReported(finding, Evidence(f"{finding.code} {finding.where}")) for finding in distinct(self.findings)
        )


def judge(
    stage: Stage, answers: Sequence[Answer], prefix: str, *, killed: bool, failing: bool, say: Callable[[str], None]
) -> Judgement:
    """Judge the rows, calls and answers of a run whose queue has drained.

    Args:
        stage: the runner is up.
        answers: to the clients.
        prefix: of the ids of the run's jobs.
        killed: a process of the runner was killed or stopped.
        failing: calls of the router failed by a fault.
        say: prints what is done now.

    """
    result = Judgement()
    with closing(Client(stage.system.base_url, lambda _: None)) as client:
        texts = views.texts_of(client.get(QUESTIONS).json)
    cancelled = frozenset(answer.job for answer in answers if answer.operation == "cancelJob")
    books = Books(submissions(answers), cancelled, stage.router.log, texts, killed, failing)
    result.jobs = sum(each.accepted for each in books.submitted.values())
    with psycopg.connect(stage.database_url, autocommit=True, options="-c timezone=UTC") as connection:
        say(f"accounting for {len(books.submitted)} submissions")
        result.take("jobs", lambda: accounts.of_jobs(connection, prefix, books))
        result.take("calls", lambda: accounts.of_calls(connection, prefix, books))
    result.take("repetitions", lambda: accounts.of_repetitions(books.submitted))
    result.take("errors", lambda: accounts.of_errors(answers, pack().contract))
    say("evaluating the invariants on all rows")
    result.take("invariants", lambda: of_rows(stage.database_url))
    if refused := unusable(stage):
        result.findings.append(Finding(UNRECOVERED, "the runner after the load", "a listing of jobs", refused))
        return result
    jobs = sample.sampled(answers)
    result.sampled = len(jobs)
    say(f"asking the oracles about {len(jobs)} jobs")
    result.take("oracles", lambda: sample.judged(jobs, stage, interrupted=killed))
    return result


def unusable(stage: Stage) -> str:
    """The answer to a listing where there is none after some tries; empty where the runner can be asked."""
    seen = ""
    with closing(Client(stage.system.base_url, lambda _: None)) as client:
        for _ in range(TRIES):
            try:
                answer = client.get(JOBS, limit=1)
            except Unreachable as error:
                seen = str(error)
            else:
                if answer.status == 200:
                    return ""
                seen = f"{answer.status} {answer.error_code}"
    return seen


def of_rows(database_url: str) -> Iterator[Finding]:
    """Findings of the invariants on every row of a database at rest, some rules beside others."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ANALYZE")  # the planner has to know the tables

    def broken(rules: Sequence[Invariant]) -> list[Finding]:
        with closing(Database(database_url)) as database:
            database.connection.execute(f"SET work_mem = '{WORK_MEMORY}'")
            return invariants.check(database.connection, rules, None)

    rules = pack().database.invariants
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for findings in pool.map(broken, [rules[first::AT_ONCE] for first in range(AT_ONCE)]):
            yield from findings


def history(stage: Stage, answers: Sequence[Answer], job: str, began: float) -> list[str]:
    """Everything that is known of a job, in the order of time, in lines."""
    events = [
        (answer.at, f"{answer.operation} answered {answer.status} in {answer.milliseconds:.0f} ms {answer.error_code}")
        for answer in answers
        if answer.job == job
    ]
    for call in stage.router.log.read(job):
        key = call.headers.get("idempotency-key", "")
        events.append((call.at_utc.timestamp(), f"router call {call.region} {call.model} {key}: {call.outcome}"))
    with closing(Database(stage.database_url)) as database:
        stored = rows.read(database, job)
    for table, some in stored.by_table().items():
        for row in some:
            status, place = (
                row.get("status", ""),
                " ".join(str(row[name]) for name in ("region", "model_id") if name in row),
            )
            for moment in ("created_at", "started_at", "last_retry_at", "completed_at"):
                if row.get(moment) is not None:
                    text = f"{table} {place}: {moment} (now {status}, {row.get('retry_count', 0)} retries)"
                    events.append((row[moment].timestamp(), text))
    lines = [f"{at - began:8.3f} s  {' '.join(text.split())}" for at, text in sorted(events)]
    return lines + [f"           {line}" for line in stage.system.log() if f'"{job}"' in line][-20:]
