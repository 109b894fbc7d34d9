"""The oracles of the suite on a sample of the jobs of a load run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from beacon.pack import pack
from benchmarks.load.answers import Answer
from benchmarks.load.stage import Stage
from gate.core.client import Client
from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.log import Log
from gate.core.record import Record
from gate.oracles.registry import Need, available, offered
from gate.session.judge import judge
from gate.session.observe import Observer

TOGETHER = 50
"""Jobs of one record."""


@dataclass(frozen=True)
class Sampled:
    """A job of the sample with the exchanges that submitted and cancelled it."""

    id: str
    exchanges: Sequence[Exchange]


def sampled(answers: Sequence[Answer]) -> list[Sampled]:
    """The accepted jobs of the sample, in the order of their submission."""
    since = time.time() - time.perf_counter()
    by_job: dict[str, list[Exchange]] = {}
    for answer in answers:
        exchange = answer.exchange
        if exchange is not None and answer.job and answer.details and "sent" in answer.details:
            by_job.setdefault(answer.job, []).append(replace(exchange, began=exchange.began - since))
    accepted = {answer.job for answer in answers if answer.submission and answer.status == 202}
    return [Sampled(job, exchanges) for job, exchanges in by_job.items() if job in accepted]


def judged(jobs: Sequence[Sampled], stage: Stage, *, interrupted: bool) -> Iterator[Finding]:
    """The findings of every oracle on the jobs; GateError where one cannot judge."""
    with closing(Database(stage.database_url)) as database:
        for some in (jobs[place : place + TOGETHER] for place in range(0, len(jobs), TOGETHER)):
            record = Record("load", alone=True, interrupted=interrupted, others=True)
            with closing(Client(stage.system.base_url, record.note)) as client:
                yield from _judged(some, record, client, database, stage)


def _judged(
    jobs: Sequence[Sampled], record: Record, client: Client, database: Database, stage: Stage
) -> Iterator[Finding]:
    created: Mapping[str, Sequence[Exchange]] = {job.id: job.exchanges for job in jobs}
    for job, exchanges in created.items():
        for exchange in exchanges:
            record.note(exchange, created=job if pack().created(exchange) == job else "")
    observer = Observer(
        pack=pack(),
        promised=pack().database,
        absent=frozenset(),
        client=client,
        database=database,
        scratch=None,
        watch=None,
        stand_ins=stage.system.stand_ins,
        log=Log(list),
        inside={},
    )
    oracles = available(pack().oracles, offered(own=True, rows=True) - {Need.LOG, Need.IDLE})
    yield from judge(record, observer.observe(record), pack().contract, oracles)
