"""What one test does to a system under test: the jobs that it submits, follows and reads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from beacon import jobs as build
from beacon.api import JOBS, Api
from beacon.judge import TERMINAL, judge
from beacon.router import Router, router_of
from gate.core.client import Unreachable
from gate.core.database import Database, Rows
from gate.core.errors import NotAvailable
from gate.core.evidence import Evidence, gather, telling
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding, must
from gate.core.settings import WITHOUT_ORACLES
from gate.core.texts import clip
from gate.core.waiting import NotReached, wait
from gate.oracles import invariants
from gate.verdict.events import ResourceEnded

if TYPE_CHECKING:
    from gate.session.session import Session

STANDARD, CROSS_REGION = "standard", "cross-region"
LOOK_SECONDS = 1.0
"""How often the rows of a job are looked at that is waited for; most jobs end before the first look."""


class Scenario:
    """What one test does to the system: submits jobs, follows them, reads what they left."""

    def __init__(self, session: Session, test: str) -> None:
        self.session = session
        self.test = test
        self.client = Api(session.client)
        self.exchanges: list[Exchange] = []
        self.findings: list[Finding] = []  # what was found while it went on
        self.jobs: dict[str, Job] = {}
        self.killed = False  # whether the runner was, so that calls may have been cut off

    @property
    def router(self) -> Router:
        """The router stand-in; only where the target has one."""
        router = router_of(self.session.system)
        if router is None:
            raise NotAvailable("this check programs the router, which this target does not let it do")
        return router

    @property
    def database(self) -> Database:
        """The database under test; only where the target shows it."""
        if self.session.database is None:
            raise NotAvailable("this check needs rows, and this target shows no database")
        return self.session.database

    def new_id(self) -> str:
        """A job id that nothing else uses."""
        return self.session.ids()

    def spec(self, **parts: Any) -> build.Spec:
        """A valid JobSpec with a fresh id; ``parts`` as in gate.jobs.spec."""
        return build.spec(self.new_id(), **parts)

    def send(self, spec: build.Spec, workflow: str = CROSS_REGION, **wrapper: Any) -> Exchange:
        """Submits a JobSpec through a workflow, whatever comes of it."""
        if workflow == STANDARD:
            return self.client.submit(spec)
        return self.client.submit_cross_region(build.wrap(spec, **{**self.session.wire.members, **wrapper}))

    def submit(self, spec: build.Spec, workflow: str = CROSS_REGION, **wrapper: Any) -> Job:
        """Submits a JobSpec that has to be accepted."""
        return self.accepted(self.send(spec, workflow, **wrapper))

    def note(self, exchange: Exchange, found: Sequence[Finding]) -> None:
        """Takes an exchange down; a submission that was accepted is a job of this scenario, whoever sent it."""
        self.exchanges.append(exchange)
        self.findings += found
        if exchange.job:
            self.jobs.setdefault(exchange.job, Job(self, exchange.job))
            self.session.jobs.add(exchange.job)

    def accepted(self, exchange: Exchange) -> Job:
        """The job that an exchange created; a finding where a submission that has to be accepted was not."""
        if exchange.status != 202:
            where = f"{exchange.method} {exchange.path} {exchange.status} {exchange.error_code}".rstrip()
            got = clip(exchange.text, 500)
            refused = Finding("BG-REFUSED-002", where=where, expected="202", got=got, request=exchange.request_id)
            raise BrokenPromise([refused])
        return self.jobs[exchange.job]

    def adopt(self, job_id: str) -> Job:
        """A job that was there before, as one of this scenario; its router calls were made elsewhere."""
        return self.jobs.setdefault(job_id, Job(self, job_id, called=False))

    def finished(self, *, workflow: str = CROSS_REGION, wrapper: dict[str, Any] | None = None, **parts: Any) -> Job:
        """A fresh job that ran to its end; ``parts`` as in gate.jobs.spec."""
        return self.submit(self.spec(**parts), workflow, **(wrapper or {})).wait()

    def kill(self) -> None:
        """Ends the runner as a power cut would, and waits until the router stand-in has noticed."""
        self.killed = True
        self.session.system.kill()
        wait(
            "the router noticing that calls were cut off",
            lambda: [call for call in self.router.calls() if call.waiting],
            until=lambda waiting: not waiting,
            show=len,
        )

    def judge(self) -> list[Finding]:
        """Judges everything that the scenario did, and clears what it programmed at the router."""
        try:
            return [] if WITHOUT_ORACLES in os.environ else judge(self)
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Clears what the scenario programmed, and notes how its jobs ended."""
        for stand_in in self.session.system.stand_ins.values():
            stand_in.reset()
        for job in self.jobs.values():
            self._note_states(job)
        self.session.journal.flush()

    def _note_states(self, job: Job) -> None:
        if self.session.database is None:
            shown = [one.json for one in self.exchanges if one.status == 200 and one.path == f"{JOBS}/{job.id}"]
            last = shown[-1].get("status") if shown and isinstance(shown[-1], dict) else None
            self.session.journal.write(ResourceEnded(job.id, {"jobs": [str(last)] if last else []}))
            return
        rows = job.rows()
        states = {
            "jobs": [rows.job["status"]] if rows.job else [],
            "cross_region_executions": [rows.run["status"]] if rows.run else [],
            "executions": sorted({row["status"] for row in rows.executions}),
            "region_results": sorted({row["status"] for row in rows.regions}),
        }
        self.session.journal.write(ResourceEnded(job.id, states))

    def evidence(self, message: str, findings: Sequence[Finding] = ()) -> Evidence:
        """What stands behind a failure; where findings name jobs and requests, what belongs to those."""
        named = {finding.job for finding in findings} & set(self.jobs)
        rows = {job: self.jobs[job].rows() for job in sorted(named or self.jobs)} if self.session.database else {}
        requests = {finding.request for finding in findings if finding.request}
        exchanges = telling(self.exchanges, requests, named)
        return gather(self.test, message, exchanges, rows, self.session.system.log())


class Job:
    """One accepted job; ``called`` tells whether its router calls are in the log of the stand-in."""

    def __init__(self, scenario: Scenario, job_id: str, *, called: bool = True) -> None:
        self._scenario = scenario
        self.id = job_id
        self.called = called

    def view(self, **params: str | int) -> Exchange:
        """GET of the job."""
        return self._scenario.client.job(self.id, **params)

    def wait(self, *statuses: str, kind: str = "terminal") -> Job:
        """Waits until the job has one of ``statuses``, or any terminal one; fails fast when it ended otherwise.

        While it takes long, the rules between rows are looked at, which hold at any moment: a job that breaks one will
        hardly get there, and the rule says why.
        """
        wanted = frozenset(statuses) or TERMINAL
        wait(
            f"{self.id} becoming {' or '.join(sorted(wanted))}",
            self._watched(),
            until=lambda seen: bool(seen.json) and seen.json.get("status") in wanted,
            never=lambda seen: seen.status != 200 or seen.json.get("status") in TERMINAL,
            kind=kind,
            show=lambda seen: f"{seen.status} {(seen.json or {}).get('status')}",
        )
        return self

    def _watched(self) -> Callable[[], Exchange]:
        """A probe that shows the job, and every now and then looks at its rows too."""
        due = time.monotonic() + LOOK_SECONDS

        def probe() -> Exchange:
            nonlocal due
            if time.monotonic() > due and self._scenario.session.database is not None:
                must(invariants.check(self._scenario.session.database.connection, [self.id]))
                due = time.monotonic() + LOOK_SECONDS
            return self.view()

        return probe

    def rows(self) -> Rows:
        """The job's rows, now."""
        return self._scenario.database.rows(self.id)

    def executions(self) -> list[dict[str, Any]]:
        """The job's executions as the API lists them."""
        exchange = self._scenario.client.executions(self.id)
        if exchange.status != 200:
            raise AssertionError(f"no listing: {exchange}")
        listed: list[dict[str, Any]] = exchange.json["executions"]
        return listed

    def analysis(self) -> Exchange:
        """GET of the job's bias analysis."""
        return self._scenario.client.analysis(self.id)

    def cancel(self) -> Exchange:
        """Cancels the job."""
        return self._scenario.client.cancel(self.id)


def findings_of(error: BaseException, where: str) -> Sequence[Finding]:
    """A test's failure as findings."""
    if isinstance(error, BrokenPromise):
        return error.findings
    first = (str(error).strip() or repr(error)).splitlines()[0][:300]
    kinds = {Unreachable: "BG-TEST-003", NotReached: "BG-TEST-002", AssertionError: "BG-TEST-001"}
    code = next((code for kind, code in kinds.items() if isinstance(error, kind)), "BG-TEST-004")
    return [Finding(code, where=where, expected="the test passes", got=first)]
