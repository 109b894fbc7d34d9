"""Sends generated requests to a system under test, and judges each by its answer and by the rows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gate.core.client import Unreachable
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Record
from gate.core.waiting import NotReached
from gate.fuzz import bodies, checks, codes, links
from gate.fuzz.cases import AnyCase
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import FuzzRules, KnownIds, Step
from gate.oracles import finished, unchanged
from gate.session.codes import SILENT
from gate.session.session import Session


@dataclass(slots=True)
class SentRequest:
    """A request that was sent, its answer if there was one, and the findings on it."""

    exchange: Exchange | None
    findings: list[Finding] = field(default_factory=list)
    resource: str = ""  # id of the resource that it created
    judging: float = 0.0  # seconds that oracles took


class Probe:
    """Sends the generated requests of one test, in batches that are judged when their resources have ended."""

    def __init__(self, session: Session, rules: FuzzRules, test: str) -> None:
        self.session = session
        self.rules = rules
        self.test = test
        self.contract = session.contract
        self.operations = {operation.id: operation for operation in session.contract.operations}
        self.known = KnownIds({})
        self.record: Record = session.begin(test)

    def prepare(self, known: KnownIds | None = None) -> Probe:
        """Use the ``known`` resources, or create some for generated requests to address, in a batch of their own."""
        if known is None:
            known = self.rules.prepare(self.session, self.record)
            self.settle()
        self.known = known
        return self

    def send(self, request: GeneratedRequest, case: AnyCase | None = None) -> SentRequest:
        """Send a request and judge what can be judged at once."""
        operation = self.operations[request.operation]
        where = f"{request.method} {operation.path}"
        # An undocumented method must not reach a resource: if it were accepted, it would change what others address.
        known = self.known if request.method == operation.method else KnownIds({})
        personal = self.rules.personalise(request, operation.path, known, self.session.ids)
        started = time.perf_counter()
        try:
            with self.record.recorded() as taken:
                exchange = self.session.client.request(
                    personal.method,
                    personal.target,
                    content=personal.content,
                    headers={name: value.encode("latin-1", "replace") for name, value in personal.headers.items()},
                )
        except Unreachable as error:
            return SentRequest(None, [Finding(SILENT, where, "an answer", str(error))])
        changes = unchanged.findings(unchanged.REFUSED, taken.changes)
        sent = SentRequest(exchange, list(changes), self.session.pack.created(exchange))
        sent.findings += self._answer_findings(request, case, exchange, where)
        if sent.resource and self.session.database is not None:
            sent.findings += self.rules.check_accepted(self.session.database, exchange, sent.resource)
        sent.findings += self._contract_findings(taken.exchanges)
        sent.judging = max(0.0, time.perf_counter() - started - exchange.elapsed)
        return sent

    def _contract_findings(self, exchanges: Sequence[Exchange]) -> list[Finding]:
        """Findings where an answer is not what the contract promises."""
        return [
            replace(finding, request=exchange.request_id)
            for exchange in exchanges
            for finding in self.contract.check(exchange)
        ]

    def _answer_findings(
        self, request: GeneratedRequest, case: AnyCase | None, exchange: Exchange, where: str
    ) -> list[Finding]:
        documented = self.contract.operation(request.method, exchange.path) is not None
        if case is not None:
            failed = dict(checks.check(case, exchange, self.rules.plan.left_out))
        else:
            code = checks.acceptance(request, exchange, documented=documented)
            failed = {code: ""} if code else {}
        # The gate's own checks report these already; and the refusal of an undocumented path needs no other form.
        refused = not documented and exchange.status in {404, 405}
        if codes.CHECK_FAILED in failed and (refused or self.contract.check(exchange)):
            del failed[codes.CHECK_FAILED]
        if codes.INVALID_ACCEPTED in failed and self._is_acceptable(request, exchange):
            del failed[codes.INVALID_ACCEPTED]
        return [self._finding(code, message, request, exchange, where) for code, message in failed.items()]

    def _is_acceptable(self, request: GeneratedRequest, exchange: Exchange) -> bool:
        """Return whether a negative request may be accepted: it adds unknown query parameters, or its body is valid."""
        if request.invalid == ("query",):
            return bool(re.search("unexpected properties|additionalProperties", request.description))
        only_body = request.invalid == ("body",) and request.is_json
        return only_body and bodies.valid(self.contract, request.operation, exchange.sent)

    def _finding(self, code: str, message: str, request: GeneratedRequest, exchange: Exchange, where: str) -> Finding:
        expected = message.splitlines()[0] if message else "the built-in check passes"
        if code == codes.INVALID_ACCEPTED:
            pointer, rule = "", ""
            if request.has_body:
                pointer, rule = bodies.violation(self.contract, request.operation, exchange.sent)
            where = f"{where} {pointer or request.description.partition(':')[0]}".strip()
            expected = f"a refusal: {rule or request.description}"
        elif code == codes.VALID_REFUSED:
            where, expected = f"{where} {bodies.refused_at(exchange)}".strip(), "acceptance of what the contract allows"
        elif code == codes.METHOD_NOT_REFUSED:
            expected = "405 with every documented method in Allow"
        got = f"{exchange.status} {exchange.error_code}".strip()
        return Finding(code, where, expected, got, request=exchange.request_id)

    def perform(self, steps: Sequence[Step]) -> list[Finding]:
        """Perform the steps of a sequence, as a batch."""
        return [*self.rules.perform(self.session, self.record, steps), *self.settle()]

    def settle(self) -> list[Finding]:
        """Wait until the resources of the batch have ended, judge the batch by all oracles, and start the next."""
        findings = [*self._unfinished(), *self.session.conclude(self.record).findings, *self._broken_links()]
        self.record = self.session.begin(self.test)
        return findings

    def _unfinished(self) -> Iterator[Finding]:
        for resource in list(self.record.resources):
            try:
                self.rules.wait(self.session, self.record, resource)
            except NotReached as error:
                last = str(error).splitlines()[-1].strip()
                yield finished.unfinished(self.session.pack.database.status, resource, last)

    def _broken_links(self) -> list[Finding]:
        """Links of accepted submissions that lead nowhere; judging has read most of the linked paths already."""
        read = {exchange.path: exchange for exchange in self.record.exchanges if exchange.method == "GET"}
        with self.record.recorded() as taken:
            findings = [
                finding
                for resource, accepted in self.record.resources.items()
                if accepted is not None
                for finding in links.follow(self.session, resource, accepted, read, self.rules.not_found)
            ]
        return findings + self._contract_findings(taken.exchanges)
