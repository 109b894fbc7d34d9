"""The matrix of faults: each cause at each moment of a job of each workflow, and what must hold afterwards."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

import psycopg

from beacon import jobs, rows, views
from beacon.api import QUESTIONS, Api
from beacon.checkout import ROOT
from beacon.load_codes import ENDED, HANGS, LOST, STORED, STUCK, UNRECOVERED
from beacon.router import Hang
from beacon.rows import JobRows
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from benchmarks.load import accounts, sample
from benchmarks.load.accounts import Books
from benchmarks.load.answers import Submitted
from benchmarks.load.faults import CAUSES, Cause
from benchmarks.load.plan import Upstream
from benchmarks.load.sample import Sampled
from benchmarks.load.stage import Stage, stage
from gate.core.client import Client, Unreachable
from gate.core.database import Database
from gate.core.documents import load_toml
from gate.core.exchange import Exchange
from gate.core.findings import Finding, distinct
from gate.core.waiting import NotReached, wait
from gate.targets.service import Service

ANSWER_SECONDS = 6.5
AT_ONCE = 4
"""Jobs that are submitted while a fault comes."""
LOOK_SECONDS = 0.02
REGIONS = ("US", "EU")


@dataclass(frozen=True)
class Rule:
    """The answers, the ends of jobs and the seconds that a cause allows; see contracts/faults.toml."""

    answers: Sequence[int]
    statuses: Sequence[str]
    resume: float


@dataclass(frozen=True)
class Rules:
    """The content of contracts/faults.toml."""

    moments: Mapping[str, str]
    causes: Mapping[str, Rule]


@cache
def rules() -> Rules:
    """The rules of the checkout; raises DocumentError."""
    return load_toml(ROOT / "contracts" / "faults.toml", Rules, "moments, and answers, statuses and resume of causes")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cause at a moment of a workflow."""

    cause: str
    moment: str
    workflow: str

    def __str__(self) -> str:
        return f"{self.cause} {self.moment} {self.workflow}"


def cells() -> list[Cell]:
    """Every cell, in order."""
    known = rules()
    return [Cell(*each) for each in itertools.product(known.causes, known.moments, (STANDARD, CROSS_REGION))]


@dataclass
class Result:
    """The findings of a cell, and the seconds from the end of its fault to that of the last job."""

    cell: Cell
    findings: list[Finding] = field(default_factory=list)
    resumed: float = 0.0


@contextmanager
def theatre(build: Service) -> Iterator[Stage]:
    """Yield a runner of two processes behind relays, whose router answers at once."""
    with stage(build, Upstream(0, ()), lambda _: True, relayed=True) as running:
        running.beside("other")
        yield running


class Trial:
    """One cell on a stage.

    Args:
        running: the runner, which earlier cells left as it was.
        cell: the cause, the moment and the workflow.
        prefix: of the ids of its jobs.
        chance: chooses what is done a little earlier or later.

    """

    def __init__(self, running: Stage, cell: Cell, prefix: str, chance: Random) -> None:
        self._stage = running
        self._cell = cell
        self._cause: Cause = CAUSES[cell.cause]
        self._rule = rules().causes[cell.cause]
        self._prefix = f"{prefix}x"  # an end, so that no prefix is that of another cell
        self._chance = chance
        self._specs: dict[str, jobs.Spec] = {}
        self._exchanges: dict[str, list[Exchange]] = {}
        self._cancelled: set[str] = set()
        self._result = Result(cell)
        self._ended = 0.0

    def run(self) -> Result:
        """Do what the moment says, and judge what is left."""
        moments: Mapping[str, Callable[[], None]] = {
            "before": self._before,
            "submitting": self._submitting,
            "calling": self._calling,
            "between": self._between,
            "finishing": self._finishing,
            "cancelling": self._cancelling,
            "ended": self._after,
        }
        try:
            moments[self._cell.moment]()
            self._settle()
            self._judge()
        except NotReached as error:
            self._find(UNRECOVERED, str(self._cell), "the state before the fault", str(error).splitlines()[0])
        finally:
            self._stage.router.behave()
        self._result.findings = distinct(self._result.findings)
        return self._result

    def _find(self, code: str, where: str, expected: str, got: str, job: str = "") -> None:
        self._result.findings.append(Finding(code, where, expected, got, job))

    @contextmanager
    def _fault(self) -> Iterator[None]:
        """The fault lasts as long as the block, and at least as long as its cause says."""
        over = time.monotonic() + self._cause.seconds
        self._cause.begin(self._stage)
        try:
            yield
            time.sleep(max(0.0, over - time.monotonic()))  # for its time a fault lasts; nothing is waited for
        finally:
            self._cause.end(self._stage)
            self._ended = time.time()

    def _new(self) -> str:
        job = f"{self._prefix}-{len(self._specs)}"
        self._specs[job] = jobs.spec(job, regions=REGIONS)
        return job

    def _submit(self, job: str) -> int:
        """Submit a job under its key; the status, 0 without an answer."""
        spec, started = self._specs[job], time.monotonic()
        kept = self._exchanges.setdefault(job, [])
        with closing(Client(self._stage.system.base_url, kept.append, timeout=3 * ANSWER_SECONDS)) as client:
            try:
                if self._cell.workflow == STANDARD:
                    status = Api(client).submit(spec, idempotency_key=job).status
                else:
                    status = Api(client).submit_cross_region(jobs.wrap(spec), idempotency_key=job).status
            except Unreachable:
                status = 0
        seconds = time.monotonic() - started
        if seconds > ANSWER_SECONDS and not self._cause.away:
            self._find(HANGS, f"a submission during {self._cause.id}", "an answer within 5 s", f"{seconds:.1f} s", job)
        return status

    def _allowed(self, status: int, job: str) -> None:
        if status not in self._rule.answers:
            expected = " or ".join(map(str, self._rule.answers))
            self._find(
                STORED if status < 500 else HANGS, f"a submission during {self._cause.id}", expected, str(status), job
            )

    def _accepted(self, job: str) -> None:
        """Submit a job again under its key, until it is accepted."""
        wait(
            f"{job} accepted",
            lambda: self._submit(job),
            until=lambda status: status in {200, 202},
            never=lambda status: status not in {0, 200, 202, 429, 503},
            kind="ready",
        )

    def _before(self) -> None:
        job = self._new()
        with self._fault():
            self._allowed(self._submit(job), job)
        self._accepted(job)

    def _submitting(self) -> None:
        names = [self._new() for _ in range(AT_ONCE)]
        threads = [threading.Thread(target=self._submit, args=(job,)) for job in names]
        for thread in threads[: AT_ONCE // 2]:
            thread.start()
        time.sleep(self._chance.random() * LOOK_SECONDS)  # the moment is chance, and no condition
        with self._fault():
            for thread in threads[AT_ONCE // 2 :]:
                thread.start()
        for thread in threads:
            thread.join()
        for job in names:
            self._accepted(job)

    def _hanging(self, region: str | None) -> str:
        job = self._new()
        self._stage.router.on(Hang(), job=job, region=region)
        self._accepted(job)
        self._stage.router.wait_for_calls(1, job=job, region=region)
        return job

    def _calling(self) -> None:
        job = self._hanging(None)
        with self._fault():
            if self._chance.random() < 0.5:
                self._stage.router.release(job)
        self._stage.router.release(job)

    def _between(self) -> None:
        job = self._hanging(REGIONS[1])
        wait(
            "an answer",
            lambda: self._rows(job).executions,
            until=lambda all_: any(e["status"] == "completed" for e in all_),
        )
        with self._fault():
            pass
        self._stage.router.release(job)

    def _finishing(self) -> None:
        job = self._hanging(REGIONS[1])
        release = threading.Timer(self._chance.random() * LOOK_SECONDS, self._stage.router.release, (job,))
        release.start()
        time.sleep(self._chance.random() * LOOK_SECONDS)  # the moment is chance, and no condition
        with self._fault():
            release.join()

    def _cancelling(self) -> None:
        job, router = self._hanging(None), self._stage.router
        with self._fault():
            pass
        self._ready()
        with closing(Client(self._stage.system.base_url, self._exchanges[job].append)) as client:
            wait("the cancellation", lambda: Api(client).cancel(job).status, until=lambda status: status == 200)
        self._cancelled.add(job)
        wait("the end of the calls under way", lambda: router.waiting(job), until=lambda number: not number)

    def _after(self) -> None:
        job = self._new()
        self._accepted(job)
        self._terminal(job)
        before = self._rows(job)
        with self._fault():
            pass
        self._ready()
        if self._rows(job) != before:
            self._find(ENDED, f"rows of an ended job during {self._cause.id}", "the same rows", "other rows", job)

    def _rows(self, job: str) -> JobRows:
        with closing(Database(self._stage.database_url)) as database:
            return rows.read(database, job)

    def _terminal(self, job: str) -> None:
        wait(
            f"{job} terminal",
            lambda: (self._rows(job).job or {}).get("status"),
            until=lambda status: status in TERMINAL,
            kind="resume",
        )

    def _ready(self) -> None:
        def probe() -> int:
            with closing(Client(self._stage.system.base_url, lambda _: None)) as client:
                try:
                    return client.get("/health/ready").status
                except Unreachable:
                    return 0

        wait("readiness", probe, until=lambda status: status == 200, kind="ready")

    def _settle(self) -> None:
        """Wait until everything has ended, and compare that with what the cause allows."""
        self._ready()
        for job in self._specs:
            self._terminal(job)
        ends = [row["updated_at"].timestamp() for job in self._specs if (row := self._rows(job).job)]
        self._result.resumed = resumed = max(0.0, max(ends, default=0.0) - self._ended)
        if resumed > self._rule.resume:
            expected = f"ended {self._rule.resume:g} s after the fault {self._cause.id}"
            self._find(STUCK, f"jobs {self._cell.moment}", expected, f"{resumed:.1f} s")
        for job in self._specs:
            status = str((self._rows(job).job or {}).get("status"))
            # Where the router answers otherwise meanwhile, the job may have ended before it is cancelled.
            allowed = self._rule.statuses if self._cause.id.startswith("router") else ()
            statuses = ["cancelled", *allowed] if job in self._cancelled else self._rule.statuses
            if status not in statuses:
                expected = " or ".join(statuses)
                self._find(ENDED, f"jobs.status after {self._cause.id}", expected, status, job)

    def _judge(self) -> None:
        """Ask the accounts and every oracle about the jobs of the cell."""
        findings = self._result.findings
        with closing(Client(self._stage.system.base_url, lambda _: None)) as client:
            texts = views.texts_of(client.get(QUESTIONS).json)
        cause = self._cause
        log, nobody = self._stage.router.log, dict[str, Submitted]()
        books = Books(nobody, frozenset(), log, texts, cause.killed, cause.router)
        with psycopg.connect(self._stage.database_url, autocommit=True) as connection:
            connection_: Any = connection
            findings += accounts.of_calls(connection_, self._prefix, books)
        lost = [job for job in self._specs if self._rows(job).job is None]
        findings += accounts.named(LOST, "jobs", "a row of each accepted job", "without a row", lost)
        given = [Sampled(job, exchanges) for job, exchanges in self._exchanges.items()]
        findings += sample.judged(given, self._stage, interrupted=cause.killed or cause.router)
