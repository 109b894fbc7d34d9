"""Sends generated requests to a system under test and judges each by its answer and by the rows."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from beacon import rows
from beacon.api import EXECUTIONS
from beacon.oracles import stored
from beacon.personalise import Known, freshen
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from beacon.states import STANDARD
from gate.core.client import Unreachable
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.texts import clip
from gate.core.waiting import NotReached
from gate.fuzz import bodies, checks, links
from gate.fuzz.request import Shot
from gate.oracles import finished, invariants, unchanged

if TYPE_CHECKING:
    from gate.fuzz.cases import AnyCase
    from gate.session.session import Session

AT_ONCE = frozenset({"BG-INV-002", "BG-INV-003", "BG-INV-005", "BG-INV-007", "BG-INV-014"})
"""Rules that hold from the moment of acceptance: every row that was promised is there."""


@dataclass(slots=True)
class Fired:
    """A request that was sent, its answer where there was one, and what is wrong with it."""

    shot: Shot
    exchange: Exchange | None
    found: list[Finding] = field(default_factory=list)
    job: str = ""
    seconds: float = 0.0
    judging: float = 0.0  # seconds of these that went to oracles


class Probe:
    """One worker's way to send generated requests, in batches that are judged as a whole when their jobs have ended."""

    def __init__(self, session: Session, test: str) -> None:
        self.session = session
        self.test = test
        self.contract = session.contract
        self.operations = {operation.id: operation for operation in session.contract.operations}
        self.known = Known({})
        self.scenario = Scenario(session, test)

    def prepare(self, known: Known | None = None) -> Probe:
        """Makes the resources that generated requests address, unless there are ``known`` ones, and a new batch."""
        if known is not None:
            self.known = known
            return self
        made = self.scenario.finished(regions=REGIONS)
        plain = self.scenario.finished(workflow=STANDARD)
        executions = [str(one["id"]) for one in made.executions()]
        page = self.session.client.get(f"{EXECUTIONS}/{executions[0]}/details").json
        self.known = Known(
            {
                "job_id": [made.id] * 7 + [plain.id],
                "execution_id": executions,
                "cross_region_execution_id": [str(page["cross_region_execution_id"])],
            }
        )
        self.settle()
        return self

    def fire(self, shot: Shot, case: AnyCase | None = None) -> Fired:
        """Sends a request and judges what can be judged at once."""
        started = time.perf_counter()
        operation = self.operations[shot.operation]
        sent = freshen(shot, operation.path, self.session.ids, self._known_for(shot))
        ready = time.perf_counter()
        where = f"{shot.method} {operation.path}"
        try:
            with self.scenario.record.recorded() as taken:
                exchange = self.session.client.request(
                    sent.method,
                    sent.target,
                    content=sent.content,
                    headers={name: value.encode("latin-1", "replace") for name, value in sent.headers.items()},
                )
        except Unreachable as error:
            silent = Finding("BG-TEST-003", where=where, expected="an answer", got=clip(str(error)))
            return Fired(shot, None, [silent], seconds=time.perf_counter() - started)
        fired = Fired(shot, exchange, list(unchanged.findings(unchanged.REFUSED, taken.changes)))
        fired.found += self._received(shot, case, exchange, where)
        if job := self.session.pack.created(exchange):
            fired.job = job
            fired.found += self._accepted(exchange, job)
        for one in taken.exchanges:
            fired.found += [replace(finding, request=one.request_id) for finding in self.contract.check(one)]
        ended = time.perf_counter()
        fired.seconds, fired.judging = ended - started, max(0.0, ended - ready - exchange.elapsed)
        return fired

    def _known_for(self, shot: Shot) -> Known:
        """Undocumented methods address what is not there: were one accepted, it would change what others address."""
        return self.known if shot.method == self.operations[shot.operation].method else Known({})

    def _received(self, shot: Shot, case: AnyCase | None, exchange: Exchange, where: str) -> list[Finding]:
        if case is not None:
            failed = dict(checks.check(case, exchange))
        else:
            documented = self.contract.operation(shot.method, exchange.path) is not None
            code = checks.acceptance(shot, exchange, documented=documented)
            failed = {code: ""} if code else {}
        # What the gate's own check tells is told once, and a path that is nobody's is answered as such.
        nobodys = exchange.status in {404, 405} and self.contract.operation(shot.method, exchange.path) is None
        if checks.OTHER in failed and (nobodys or self.contract.check(exchange)):
            del failed[checks.OTHER]
        # The contract ignores query parameters that it does not know.
        if shot.wrong == ("query",) and re.search("unexpected properties|additionalProperties", shot.what):
            failed.pop("BG-FUZZ-001", None)
        # A generator that means to break a rule can hit on a body that keeps all of them.
        if shot.wrong == ("body",) and shot.is_json and bodies.valid(self.contract, shot.operation, exchange.sent):
            failed.pop("BG-FUZZ-001", None)
        return [self._failure(code, message, shot, exchange, where) for code, message in failed.items()]

    def _failure(self, code: str, message: str, shot: Shot, exchange: Exchange, where: str) -> Finding:
        got = f"{exchange.status} {exchange.error_code}".strip()
        expected = message.splitlines()[0][:200] if message else "the built-in check passes"
        if code == "BG-FUZZ-001":
            pointer, rule = bodies.fault(self.contract, shot.operation, exchange.sent) if shot.has_body else ("", "")
            where = f"{where} {pointer or shot.what.partition(':')[0]}".strip()
            expected = f"a refusal: {rule or shot.what}"
        elif code == "BG-FUZZ-002":
            where, expected = f"{where} {bodies.refused_at(exchange)}".strip(), "acceptance of what the contract allows"
        elif code == "BG-FUZZ-003":
            expected = "405 with every documented method in Allow"
        return Finding(code, where=where, expected=expected, got=got, request=exchange.request_id)

    def _accepted(self, exchange: Exchange, job: str) -> list[Finding]:
        if self.session.database is None:
            return []
        rules = [rule for rule in self.session.pack.database.invariants if rule.code in AT_ONCE]
        return [
            *stored.differences(exchange, rows.read(self.session.database, job)),
            *invariants.check(self.session.database.connection, rules, [job]),
        ]

    def settle(self) -> list[Finding]:
        """Waits until the batch's jobs have ended, judges the batch by all oracles, and begins the next."""
        unfinished = []
        for job in self.scenario.jobs.values():
            try:
                job.wait()
            except NotReached as error:
                last = str(error).splitlines()[-1].strip()
                unfinished.append(finished.unfinished(self.session.pack.database.status, job.id, last))
        found = self.session.conclude(self.scenario.record).findings + self._linked()
        self.scenario = Scenario(self.session, self.test)
        return unfinished + found

    def _linked(self) -> list[Finding]:
        """What accepted submissions link to is there; most of it has been read by the time that a batch is judged."""
        known = tuple(self.scenario.exchanges)
        shown = {one.path: one for one in known if one.method == "GET"}
        with self.scenario.record.recorded() as taken:
            found = [
                finding
                for exchange in known
                if exchange.status == 202 and isinstance(exchange.json, dict)
                for finding in links.follow(self.contract, self.session.client, exchange, shown)
            ]
        return found + [finding for one in taken.exchanges for finding in self.contract.check(one)]
