"""Each answer is one of those that the model predicts from the request and from what happened before."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.api import JOBS
from beacon.model import answers, contents
from beacon.model.answers import Prediction
from beacon.model.world import World
from beacon.oracles.idempotency import wrong_answers
from beacon.oracles.signatures import wrong_verdicts
from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-MODEL-001 critical answer: Answer differs from the predicted one
    The published contract determines status and error code of this answer, from the request and from what happened
    before. The service answered otherwise: it tests in another order, forgets, or tests something else.
BG-MODEL-002 major answer: Header differs from the predicted one
    X-Request-ID, Retry-After, Location and Allow follow from the request and its answer. Clients rely on them to
    find a log line, to wait, or to find what was created.
BG-MODEL-003 major answer: Content differs from the predicted one
    A page, a total, a region or the outcome of a cancellation follows from the accepted submissions and from the
    parameters of the request. A client that pages, or that trusts the total, misses rows or sees them twice.
    Example: GET /api/v1/jobs?limit=2: /total | 3 | 2
""")
ANSWER, HEADER, CONTENT = (code.id for code in CODES)


def predictions(
    record: Record, observations: Observations, contract: Contract
) -> Iterator[tuple[Exchange, Prediction, World]]:
    """Each exchange with its prediction, and the state before it."""
    world = World(record, observations, contract)
    for exchange in record.exchanges:
        yield exchange, answers.predict(exchange, world), world
        world.learn(exchange)


def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on answers that differ from the predicted ones, unless an oracle of the rule itself reports them."""
    named = {finding.request for finding in (*wrong_answers(record.exchanges), *wrong_verdicts(record.exchanges))}
    for exchange, prediction, world in predictions(record, observations, contract):
        if exchange.status >= 500 and answers.answer(exchange) not in answers.UNAVAILABLE:
            continue
        operation = contract.operation(exchange.method, exchange.path)
        if operation and _reported(exchange, operation, prediction):
            continue
        where = str(operation or f"{exchange.method} {exchange.path}")
        for finding in _findings(exchange, prediction, world, where):
            if finding.code != ANSWER or exchange.request_id not in named:
                yield finding


def _reported(exchange: Exchange, operation: Operation, prediction: Prediction) -> bool:
    """Return whether the published contract's oracle says what is wrong: status, route, or form of the error."""
    if str(exchange.status) not in operation.document["responses"] or exchange.error_code == "not_found":
        return True
    return exchange.status >= 400 and not exchange.error_code and not answers.PLAIN & (prediction.answers or set())


def _findings(exchange: Exchange, prediction: Prediction, world: World, where: str) -> Iterator[Finding]:
    got, request = answers.answer(exchange), exchange.request_id
    if not prediction.holds(got):
        expected = " or ".join(sorted(prediction.answers or ()))
        yield Finding(ANSWER, f"{where}: {prediction.rule}", expected, got, request=request)
        return
    for code, differing in ((HEADER, contents.headers(exchange, world)), (CONTENT, contents.body(exchange, world))):
        for each in differing:
            yield Finding(code, f"{where}: {each.place}", str(each.expected), str(each.got), request=request)


def _violation(_: Contract) -> tuple[Record, Observations]:
    return Record("", [Exchange("GET", f"http://service{JOBS}?limit=0", 200, body=b"{}")]), Observations()


ORACLE = Oracle(
    name="model",
    promise="Status, error code, headers and content of each answer follow from the requests so far.",
    codes=CODES,
    check=check,
    violation=_violation,
)
