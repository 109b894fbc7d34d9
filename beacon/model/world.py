"""The state that the exchanges of a record establish: jobs, keys, nonces, runs, executions, and how jobs ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from beacon.api import CROSS_REGION_JOBS, JOBS, created
from beacon.model.submissions import Submission, read
from beacon.rows import JobRows
from beacon.states import CROSS_REGION, TERMINAL
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record

SUBMISSIONS = frozenset({JOBS, CROSS_REGION_JOBS})
ANALYSIS = "/bias-analysis"
DISABLED, FAILED, NOT_APPLICABLE = "404 analysis_disabled", "404 analysis_failed", "404 analysis_not_applicable"
FINAL = frozenset({"200", DISABLED, FAILED, NOT_APPLICABLE})
"""Answers to the request of an analysis that stay; a backfill ends that of a standard job."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a submission created; ``number`` is the place of the exchange in its record, -1 before it."""

    id: str
    asked: Submission
    exchange: Exchange
    number: int = -1

    @property
    def run(self) -> str:
        """Id of its cross-region execution; empty in workflow A."""
        answer = self.exchange.json
        return str(answer.get("cross_region_execution_id", "")) if isinstance(answer, Mapping) else ""


@dataclass(slots=True)
class World:
    """The known state, from the whole record where something happens once, else from earlier answers."""

    record: Record
    observations: Observations
    contract: Contract
    jobs: dict[str, Job] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)  # job by the id of its run
    appeared: dict[str, float] = field(default_factory=dict)  # when a resource was first shown, by its kind and id
    ended: dict[str, tuple[str, float]] = field(default_factory=dict)  # terminal status, and when it was shown
    analyses: dict[str, tuple[str, float]] = field(default_factory=dict)  # final answer to the request of an analysis
    totals: dict[str, int] = field(default_factory=dict)  # entries of each listing that were there before the test

    def __post_init__(self) -> None:
        for number, exchange in enumerate(self.record.exchanges):
            if exchange.method == "POST" and exchange.path in SUBMISSIONS and (job := created(exchange)):
                self._note(job, exchange, number)

    def _note(self, name: str, exchange: Exchange, number: int = -1) -> Job | None:
        asked = read(exchange, self.contract)
        if not isinstance(asked, Submission):
            return None
        job = Job(name, asked, exchange, number)
        self.jobs.setdefault(name, job)
        if job.run:
            self.runs[job.run] = name
        return job

    def job(self, name: str) -> Job | None:
        """The job that this run created under an id, in this test or an earlier one."""
        before = self.record.before.get(name)
        return self.jobs.get(name) or (self._note(name, before) if before else None)

    def rows(self, name: str) -> JobRows | None:
        """The rows of a job when the test was over; None where they were not read."""
        observation = self.observations.resources.get(name)
        return JobRows.of(observation.rows) if observation else None

    def exists(self, job: str, at: Exchange) -> bool | None:
        """Return whether a job existed when a request began; None where that is not known."""
        known = self.job(job)
        if known and (known.number < 0 or known.exchange.ended <= at.began):
            return True
        if self.appeared.get(f"job {job}", at.ended + 1) <= at.began:
            return True
        if known:
            return None if known.exchange.began < at.ended else False
        return False if self._alone(job) else None

    def _alone(self, job: str) -> bool:
        """Return whether a job that no exchange created cannot exist."""
        return self.record.alone and not self.record.interrupted and job not in self.record.resources

    def run_of(self, run: str) -> str | None:
        """The job of a cross-region execution; None where it is not known."""
        if run not in self.runs:
            for name, exchange in self.record.before.items():
                if run.encode() in exchange.body:
                    self.job(name)
        return self.runs.get(run)

    def status(self, job: str, at: Exchange) -> str:
        """The terminal status in which a job was shown before a request began; empty where it was in none."""
        status, when = self.ended.get(job, ("", 0.0))
        return status if when <= at.began else ""

    def learn(self, exchange: Exchange) -> None:
        """Note what an answer shows of existence and ends."""
        body = exchange.json
        got = f"{exchange.status} {exchange.error_code}".strip()
        if exchange.method == "GET" and exchange.path.endswith(ANALYSIS) and got in FINAL:
            self.analyses.setdefault(unquote(exchange.path.split("/")[4]), (got, exchange.ended))
        if exchange.status != 200 or not isinstance(body, dict):
            return
        for kind, name, status in resources_in(exchange.path, body):
            if kind == "job" and self.exists(name, exchange) is False:
                continue  # a finding, and not the cause of others
            self.appeared.setdefault(f"{kind} {name}", exchange.ended)
            if kind == "job" and status in TERMINAL:
                self.ended.setdefault(name, (status, exchange.ended))


def resources_in(path: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The jobs, executions and runs that a body shows, each as kind, id and status; the status may be empty."""
    head, _, below = path.partition(f"{JOBS}/")
    if not head and below:
        job, _, view = below.partition("/")
        status = body.get("new_status" if view == "cancel" else "status")
        yield "job", unquote(job), status if isinstance(status, str) else ""
    run = body.get("cross_region_execution")
    for kind, entries in (
        ("job", body.get("jobs")),
        ("execution", body.get("executions")),
        ("execution", [body] if path.endswith("/details") else []),
        ("run", body.get("cross_region_executions")),
        ("run", [run] if isinstance(run, Mapping) else []),
    ):
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping) and entry.get("id") is not None:
                yield kind, str(entry["id"]), str(entry.get("status"))


def workflow_b(job: Job | None) -> bool:
    """Return whether a job is one of workflow B."""
    return job is not None and job.asked.workflow == CROSS_REGION
