"""Each operation, tried once: the answer, what was learned from it, and what it did to the rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.client import Client, Unreachable
from gate.core.exchange import Exchange
from gate.core.texts import clip
from gate.fuzz.survey.guesses import left_out, readable
from gate.fuzz.survey.rows import Tables, key_of
from gate.fuzz.survey.samples import Pool, Sample, Samples
from gate.targets import Ended

ANSWER_SECONDS = 5.0
"""Seconds that an answer may take."""
PAUSE = 0.03
"""Seconds after a request in which what is written late may be seen."""
REFUSED_FOR_FORM = frozenset({400, 406, 412, 422})
WORDS = ("message", "detail", "error", "title", "msg", "exception_message", "description", "details", "errors")
"""Members of a refusal that hold its words."""
MOST_PROBED = 6
"""Readable operations that are asked to see what stands before their paths."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One operation: ``outcome`` is accepted, refused, failed, unanswered, left out or not tried."""

    operation: Operation
    outcome: str
    status: int = 0
    reason: str = ""
    missing: tuple[str, ...] = ()


@dataclass
class Findings:
    """Facts that trying all operations showed, beside the attempts themselves."""

    skip: dict[str, str] = field(default_factory=dict)  # reason by operation
    refused_headers: Counter[str] = field(default_factory=Counter)
    accepted_headers: set[str] = field(default_factory=set)
    resources: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # table, key, member by path

    @property
    def drop(self) -> dict[str, int]:
        """Headers that were refused whenever they were sent, with the number of operations that showed it."""
        return {name: number for name, number in self.refused_headers.items() if name not in self.accepted_headers}


class Trial:
    """Tries the operations of a service on one system.

    ``ended`` says whether the service has ended, and ``restart`` starts it again. Without ``tables`` only what reads
    is tried.
    """

    def __init__(
        self,
        client: Client,
        contract: Contract,
        base: str,
        tables: Tables | None,
        *,
        ended: Callable[[], Ended | None] = lambda: None,
        restart: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._contract = contract
        self._base = base
        self._tables = tables
        self._ended = ended
        self._restart = restart
        self._pool = Pool()
        self._samples = Samples(contract, self._pool)
        self.attempts: dict[str, Attempt] = {}
        self.findings = Findings()

    def run(self, limit: float, progress: Callable[[int, int, str], None]) -> None:
        """Tries every operation; those that were refused once more, when more ids are known. ``limit`` is a moment."""
        operations = sorted(self._contract.operations, key=_turn)
        for _, group in groupby(operations, key=lambda each: _turn(each)[:2]):
            members = list(group)
            for operation in members:
                progress(len(self.attempts), len(operations), str(operation))
                self.attempts[operation.id] = self._attempt(operation, limit)
            self._again([each for each in members if each.method == "POST"], limit)
        self._again([each for each in operations if each.method != "DELETE"], limit)
        self._delete_again([each for each in operations if each.method == "DELETE"], limit)

    def _delete_again(self, deletions: Sequence[Operation], limit: float) -> None:
        """Tries refused deletions once more, on resources made anew: an earlier one may have removed theirs with it."""
        if any(self.attempts[each.id].outcome == "refused" for each in deletions):
            attempts = list(self.attempts.values())
            for attempt in attempts:
                creates = attempt.operation.method == "POST" and attempt.operation.path in self.findings.resources
                if creates and attempt.outcome == "accepted":
                    self._attempt(attempt.operation, limit)
            self._again(deletions, limit)

    def _again(self, operations: Sequence[Operation], limit: float) -> None:
        """Tries those that were refused once more: by now there may be an id that they need."""
        for operation in operations:
            if self.attempts[operation.id].outcome == "refused" and time.monotonic() < limit:
                attempt = self._attempt(operation, limit)
                if attempt.outcome == "accepted":
                    self.attempts[operation.id] = attempt

    def _attempt(self, operation: Operation, limit: float) -> Attempt:
        if reason := left_out(operation):
            self.findings.skip[str(operation)] = reason
            return Attempt(operation, "left out", reason=reason)
        if reason := self._not_tried(operation, limit):
            return Attempt(operation, "not tried", reason=reason)
        sample = self._samples.of(operation, drop=frozenset(self.findings.drop))
        if self._tables:
            self._tables.look(late=True)
        try:
            exchange = self._without_refused_headers(operation, sample, self._send(sample))
        except Unreachable as error:
            return self._unanswered(operation, error)
        self._look_after(operation, exchange)
        if exchange.status >= 400:
            outcome = "failed" if exchange.status >= 500 else "refused"
            return Attempt(operation, outcome, exchange.status, reason_of(exchange), sample.missing)
        return Attempt(operation, "accepted", exchange.status)

    def _not_tried(self, operation: Operation, limit: float) -> str:
        if self._tables is None and operation.method not in {"GET", "HEAD"}:
            return "The service is somebody else's: only reading was tried."
        return "The time was up." if time.monotonic() > limit else ""

    def _send(self, sample: Sample) -> Exchange:
        """The answer; on a connection that the service closed instead of answering, it is asked for once more."""

        def send() -> Exchange:
            target, headers = self._base + sample.target, sample.headers
            return self._client.request(sample.method, target, content=sample.content, headers=headers)

        try:
            return send()
        except Unreachable as error:
            if "Timeout" in str(error) or self._ended() is not None:
                raise
            return send()

    def _without_refused_headers(self, operation: Operation, sample: Sample, exchange: Exchange) -> Exchange:
        """The answer, or the one without optional headers where these were what the service refused."""
        if sample.optional and exchange.status < 400:
            self.findings.accepted_headers |= set(sample.optional)
        if not sample.optional or exchange.status not in REFUSED_FOR_FORM:
            return exchange
        plain = self._samples.of(operation, drop=frozenset(sample.optional))
        again = self._send(plain)
        if again.status not in REFUSED_FOR_FORM:
            self.findings.refused_headers.update(sample.optional)
            return again
        return exchange

    def _unanswered(self, operation: Operation, error: Unreachable) -> Attempt:
        ended = self._ended()
        if ended is not None:
            self._restart()
            if self._tables:
                self._tables.look()
            text = f"The service ended with code {ended.code} when it was tried."
            if ended.code == 0:  # it was meant to
                self.findings.skip[str(operation)] = text
                return Attempt(operation, "left out", reason=text)
            return Attempt(operation, "unanswered", reason=text)
        reason = f"It gave no answer within {ANSWER_SECONDS:g} s when it was tried."
        if "Timeout" in str(error):
            self.findings.skip[str(operation)] = reason
            return Attempt(operation, "left out", reason=reason)
        return Attempt(operation, "unanswered", reason=clip(str(error), 120))

    def _look_after(self, operation: Operation, exchange: Exchange) -> None:
        """Learns from an answer and the rows that came with it.

        Rows are looked at after refusals and reads, too: what these write before they answer is theirs, and would
        otherwise count as written late, which the judge leaves out.
        """
        if exchange.status < 400 and operation.method != "DELETE":
            self._pool.learn(operation, exchange.json)
        if self._tables is None:
            return
        rows = self._tables.look()
        if exchange.status < 400 and operation.method == "POST" and not operation.path.rstrip("/").endswith("}"):
            table, key, member = key_of(rows, created(exchange.json), self._tables.keys)
            if table and operation.path not in self.findings.resources and self._reads_back(operation):
                self.findings.resources[operation.path] = (table, key, member)
        time.sleep(PAUSE)
        self._tables.look(late=True)

    def _reads_back(self, operation: Operation) -> bool:
        """Return whether the document has something below the path: a collection, and no command such as a login."""
        above = operation.path.rstrip("/") + "/{"
        return any(each.path.startswith(above) for each in self._contract.operations)


def created(answer: Any) -> Any:
    """The object in an answer that describes what was created."""
    if isinstance(answer, Mapping) and len(answer) == 1:
        (value,) = answer.values()
        return value if isinstance(value, Mapping) else answer
    return answer


def _turn(operation: Operation) -> tuple[int, int, str]:
    """The turn of an operation: lists, then creations, then what changes one, then what removes one."""
    order = {"GET": 2, "POST": 1, "PUT": 3, "PATCH": 3, "DELETE": 9}
    depth = operation.path.count("{")
    first = operation.method == "GET" and not depth
    removes = operation.method == "DELETE"
    return (0 if first else order.get(operation.method, 4), -depth if removes else depth, str(operation))


def reason_of(exchange: Exchange) -> str:
    """The words of a refusal."""
    body = exchange.json
    texts: list[str] = []
    pending = [body]
    while pending and len(texts) < 2:
        value = pending.pop(0)
        if isinstance(value, Mapping):
            names = (
                "message",
                "detail",
                "error",
                "title",
                "msg",
                "exception_message",
                "description",
                "details",
                "errors",
            )
            pending += [value[name] for name in names if name in value]
        elif isinstance(value, list):
            pending += value[:1]
        elif isinstance(value, str) and value:
            texts.append(value)
    general, special = (*texts, "", "")[:2]
    words = special if special in general else f"{general}: {special}"
    return clip(" ".join((words or general or exchange.text).split()), 120)


def base_of(client: Client, contract: Contract, candidates: Sequence[str]) -> tuple[str, str]:
    """The text that stands before each path of the document on the service, and the reason to think so."""
    asked = readable(contract)[:MOST_PROBED]
    scores: dict[str, int] = {}
    for base in candidates:
        answers = [_answer(client, base + each.path) for each in asked]
        scores[base] = sum(answers)
        if asked and scores[base] == len(asked):
            break
    best = max(scores, key=lambda base: scores[base]) if scores else ""
    if not asked or not scores[best]:
        return candidates[0] if candidates else "", "No path of the document answered: this is a guess."
    return (
        best,
        f"{scores[best]} of {len(asked)} paths that were asked for answered {'below it' if best else ''}".strip() + ".",
    )


def _answer(client: Client, path: str) -> bool:
    try:
        exchange = client.get(path)
    except Unreachable:
        return False
    return exchange.status not in {404, 405} and exchange.media_type != "text/html"
