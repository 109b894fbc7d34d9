"""The actions of one test on a system under test: it submits jobs, follows them and reads their rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from beacon import jobs as build
from beacon import rows, views
from beacon.api import Api
from beacon.oracles import memory
from beacon.router import Router, router_in
from beacon.rows import JobRows
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from beacon.wire import Wire
from gate.core.database import Database
from gate.core.errors import NotAvailable
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding, must
from gate.core.record import Record
from gate.core.waiting import NotReached, wait
from gate.oracles import invariants
from gate.session.codes import REFUSED
from gate.session.session import Session

USABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
LOOK_SECONDS = 1.0
"""Interval at which the rows of a job are checked while a test waits for it; most jobs end before the first check."""


class Scenario:
    """The actions of one test on the system: it submits jobs, follows them and reads their rows."""

    def __init__(self, session: Session, test: str, record: Record | None = None) -> None:
        """Begins a record, unless ``record`` continues that of a running test."""
        self.session = session
        self.record = record or session.begin(test)
        self.client = Api(session.client)
        self.wire = Wire(**session.wire)

    @property
    def router(self) -> Router:
        """The router stand-in; NotAvailable where the target has none."""
        router = router_in(self.session.system.stand_ins)
        if router is None:
            raise NotAvailable("this check programs the router, which this target does not let it do")
        return router

    @property
    def database(self) -> Database:
        """The database under test; NotAvailable where the target does not show it."""
        if self.session.database is None:
            raise NotAvailable("this check needs rows, and this target shows no database")
        return self.session.database

    def rows(self, job_id: str) -> JobRows:
        """Every row of a job, now."""
        return rows.read(self.database, job_id)

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges so far."""
        return self.record.exchanges

    @property
    def jobs(self) -> Mapping[str, Job]:
        """The jobs of this scenario: those accepted by any of its requests, and those that it adopted."""
        return {job: Job(self, job) for job in self.record.resources}

    def new_id(self) -> str:
        """An unused job id."""
        return self.session.ids()

    def spec(self, **parts: Any) -> build.Spec:
        """A valid JobSpec with a fresh id; ``parts`` as in beacon.jobs.spec."""
        return build.spec(self.new_id(), **parts)

    def send(self, spec: build.Spec, workflow: str = CROSS_REGION, **wrapper: Any) -> Exchange:
        """Submits a JobSpec through a workflow, with any outcome; some jobs are asked for before and right after it.

        An answer that the runner remembers shows when the same view is asked for at the end of the test.
        """
        self._look(spec)
        if workflow == STANDARD:
            answer = self.client.submit(spec)
        else:
            answer = self.client.submit_cross_region(build.wrap(spec, **{**self.wire.members, **wrapper}))
        if answer.status == 202:
            self._look(spec)
        return answer

    def _look(self, spec: build.Spec) -> None:
        job = spec.get("id")
        view, path, query = views.early(job) if isinstance(job, str) and USABLE_ID.fullmatch(job) else views.NOT_EARLY
        if view:
            self.client.get(path, **query)

    def submit(self, spec: build.Spec, workflow: str = CROSS_REGION, **wrapper: Any) -> Job:
        """Submits a JobSpec, and expects that it is accepted."""
        return self.accepted(self.send(spec, workflow, **wrapper))

    def accepted(self, exchange: Exchange) -> Job:
        """The job that an exchange created; BrokenPromise where the submission was refused."""
        if exchange.status != 202:
            where = f"{exchange.method} {exchange.path} {exchange.status} {exchange.error_code}".rstrip()
            raise BrokenPromise([Finding(REFUSED, where, "202", exchange.text, request=exchange.request_id)])
        return Job(self, self.session.pack.created(exchange))

    def adopt(self, job_id: str) -> Job:
        """Adds an existing job to this scenario; its router calls are not in the log."""
        self.record.resources.setdefault(job_id, None)
        return Job(self, job_id)

    def finished(self, *, workflow: str = CROSS_REGION, wrapper: dict[str, Any] | None = None, **parts: Any) -> Job:
        """Submits a job and waits for its end; ``parts`` as in beacon.jobs.spec."""
        return self.submit(self.spec(**parts), workflow, **(wrapper or {})).wait()

    def kill(self) -> None:
        """Kills the runner without a shutdown, and waits until the router stand-in has noticed."""
        self.record.interrupted = True
        self.session.system.kill()
        wait(
            "the router noticing that calls were cut off",
            lambda: [call for call in self.router.calls() if call.waiting],
            until=lambda waiting: not waiting,
            show=len,
        )


class Job:
    """One accepted job."""

    def __init__(self, scenario: Scenario, job_id: str) -> None:
        self._scenario = scenario
        self.id = job_id

    def view(self, **params: str | int) -> Exchange:
        """GET of the job."""
        return self._scenario.client.job(self.id, **params)

    def wait(self, *statuses: str, kind: str = "terminal") -> Job:
        """Waits until the job has one of ``statuses``, or any terminal one; fails fast on another end.

        A long wait evaluates the invariants, which hold at any moment: a job that breaks one is unlikely to end, and
        the invariant says why. After a kill it does not: the start may have taken longer than the job had.
        """
        wanted = frozenset(statuses) or TERMINAL
        try:
            wait(
                f"{self.id} becoming {' or '.join(sorted(wanted))}",
                self._watched_view(),
                until=lambda seen: bool(seen.json) and seen.json.get("status") in wanted,
                never=lambda seen: seen.status != 200 or seen.json.get("status") in TERMINAL,
                kind=kind,
                show=lambda seen: f"{seen.status} {(seen.json or {}).get('status')}",
            )
        except NotReached as late:
            if self._behind_others():
                raise NotAvailable(
                    "the runner was too busy with the jobs of others; --time-factor waits longer"
                ) from late
            raise
        return self

    def _behind_others(self) -> bool:
        """Return whether the job has to wait on a system that others use: work is under way, and none overtook it."""
        session = self._scenario.session
        if session.alone or session.database is None:
            return False
        (row,) = session.database.query(
            "SELECT count(*) FILTER (WHERE NOT j.status = ANY(%s)) AS waiting,"
            " count(*) FILTER (WHERE j.status = ANY(%s) AND j.created_at > own.created_at) AS overtaking"
            " FROM jobs j, jobs own"
            " WHERE own.jobspec_id = %s AND NOT own.status = ANY(%s) AND j.jobspec_id <> own.jobspec_id",
            *(list(TERMINAL), list(TERMINAL), self.id, list(TERMINAL)),
        )
        return bool(row["waiting"]) and not row["overtaking"]

    def _watched_view(self) -> Callable[[], Exchange]:
        """A probe that reads the job, and checks its rows every LOOK_SECONDS."""
        session, due = self._scenario.session, time.monotonic() + LOOK_SECONDS

        def probe() -> Exchange:
            nonlocal due
            stored = ""
            if time.monotonic() > due and session.database is not None:
                if not self._scenario.record.interrupted:  # the time for which the gate itself let nobody work counts
                    must(invariants.check(session.database.connection, session.promised.invariants, [self.id]))
                stored = str((self.rows().job or {}).get("status"))
                due = time.monotonic() + LOOK_SECONDS
            seen = self.view()
            if stored in TERMINAL and (self.id, False) in memory.states_in(seen):
                raise BrokenPromise([memory.earlier(seen, self.id, session.contract)])
            return seen

        return probe

    def rows(self) -> JobRows:
        """The job's rows, now."""
        return self._scenario.rows(self.id)

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
