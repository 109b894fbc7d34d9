"""Status and error code of each answer, predicted from the request and the state."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from beacon.model.signatures import GOOD, clock, verdicts
from beacon.model.submissions import Submission, read
from beacon.model.world import DISABLED, FAILED, FINAL, NOT_APPLICABLE, SUBMISSIONS, World, workflow_b
from beacon.states import STANDARD
from gate.contract.document import Contract
from gate.contract.nodes import METHODS, Node, Operation
from gate.core.exchange import Exchange
from gate.core.values import equal

INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
API, LONGEST_INTEGER = "/api/", 30
PREFLIGHT = "access-control-request-method"
UNAVAILABLE = frozenset({"429 rate_limit_exceeded", "503 persistence_unavailable", "503 overloaded", "503"})
"""Answers that follow from load or from a lost database, of which the model knows nothing."""

METHOD, NOT_FOUND = "405 method_not_allowed", "404 not_found"
PLAIN = frozenset({"404", "405"})
"""Refusals of a request whose answer has no body."""
NO_JOB, NO_EXECUTION = "404 job_not_found", "404 execution_not_found"
NO_RUN, NO_REGION = "404 cross_region_execution_not_found", "404 region_result_not_found"
REUSED, DUPLICATE, REPLAYED = "422 idempotency_key_reuse", "409 duplicate_job", "400 replay_detected"
PENDING, STANDARD_JOB = "404 analysis_pending", "404 standard_workflow"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answers that a request may have, each as status and error code, and the rule that says so; None is open."""

    answers: frozenset[str] | None
    rule: str = ""

    def holds(self, got: str) -> bool:
        """Return whether an answer is as predicted."""
        return self.answers is None or got in self.answers

    def exact(self, got: str) -> bool:
        """Return whether it names one answer, which came."""
        return self.answers == frozenset({got})


OPEN = Prediction(None)


def answer(exchange: Exchange) -> str:
    """Status and error code of an answer."""
    return f"{exchange.status} {exchange.error_code}".strip()


def predict(exchange: Exchange, world: World) -> Prediction:
    """The answers that an exchange may have."""
    path, contract = exchange.path, world.contract
    if "%2f" in path.lower() or "//" in path:
        return OPEN  # how such a path is divided is not promised
    operation = contract.operation(exchange.method, path)
    if operation is None:
        return _unrouted(exchange, contract)
    if exchange.method == "POST" and path in SUBMISSIONS:
        prediction = _submission(exchange, world)
    elif parameter := bad_parameter(exchange, operation, contract):
        prediction = Prediction(frozenset({"400 invalid_parameter"}), f"the parameter {parameter} is not acceptable")
    else:
        values = operation.path_values(path) or {}
        prediction = READ.get(operation.id, _always)(exchange, world, values)
    return OPEN if answer(exchange) in UNAVAILABLE and "503" in operation.document["responses"] else prediction


def _unrouted(exchange: Exchange, contract: Contract) -> Prediction:
    if exchange.method == "OPTIONS" and {"origin", PREFLIGHT} <= exchange.request_headers.keys():
        return OPEN  # how a browser's question is answered follows from the configured origins
    known = any(contract.operation(method, exchange.path) for method in METHODS)
    if not known and not exchange.path.startswith(API):
        return OPEN
    refused, rule = (METHOD, "the path does not have this method") if known else (NOT_FOUND, "no such path")
    return Prediction(frozenset({refused[:3] if exchange.method == "HEAD" else refused}), rule)


def bad_parameter(exchange: Exchange, operation: Operation, contract: Contract) -> str:
    """Name of a parameter of path or query that is not acceptable; empty without one."""
    given = parse_qsl(exchange.query, keep_blank_values=True)
    values = operation.path_values(exchange.path) or {}
    for (place, name), parameter in operation.parameters().items():
        texts = [values[name]] if place == "path" else [text for other, text in given if other == name]
        if place == "header" or (place == "path" and name == "job_id"):
            continue
        if len(texts) > 1 or not all(_acceptable(parameter, text, contract) for text in texts):
            return name
    return ""


def _acceptable(parameter: Node, text: str, contract: Contract) -> bool:
    schema = parameter.child("schema").follow().value
    if schema.get("type") == "integer":
        if not INTEGER.fullmatch(text) or len(text) > LONGEST_INTEGER:
            return False
        return bool(schema.get("minimum", 0) <= int(text) <= schema.get("maximum", int(text)))
    if schema.get("format") == "uuid":
        return bool(UUID.fullmatch(text))
    return bool(contract.standing_validator(schema).is_valid(text))


def _submission(exchange: Exchange, world: World) -> Prediction:
    """The first of the published checks that a submission fails, else its acceptance."""
    asked = read(exchange, world.contract)
    if not isinstance(asked, Submission):
        return Prediction(asked, "the form of the request")
    first, certain = _first_with_key(asked, exchange, world)
    keyed = frozenset[str]()
    if first:
        same = _same(asked, first, exchange)
        keyed = frozenset({"200"} if same else {REUSED} if same is False else {"200", REUSED})
        if certain:
            return Prediction(keyed, f"the Idempotency-Key was used for {'this' if same else 'another'} request")
    signed = _signed(asked, exchange, world)
    if GOOD not in signed:
        return Prediction(keyed | {f"400 {code}" for code in signed}, "the signature")
    if first:
        return Prediction(keyed, "the Idempotency-Key is in use")
    answers = {f"400 {code}" for code in signed - {GOOD}} | _taken(asked, exchange, world)
    return Prediction(frozenset(answers), "the id and the nonce")


def _first_with_key(asked: Submission, exchange: Exchange, world: World) -> tuple[Exchange | None, bool]:
    """The accepted request with the same key, which may be under way, and whether it was over."""
    for job in world.jobs.values() if asked.key else ():
        if job.asked.key == asked.key and job.exchange is not exchange and _before(job.exchange, exchange):
            return job.exchange, job.exchange.ended <= exchange.began
    return None, False


def _before(first: Exchange, exchange: Exchange) -> bool:
    """Return whether an accepted request was not begun after another had its answer."""
    return first.began < exchange.ended or first.ended <= exchange.began


def _same(asked: Submission, first: Exchange, exchange: Exchange) -> bool | None:
    """Return whether two requests are the same; None where they differ only in how doubles round."""
    if first.path != exchange.path:
        return False
    if equal(first.sent, asked.body):
        return True
    return None if equal(first.sent, asked.body, as_doubles=True) else False


def _signed(asked: Submission, exchange: Exchange, world: World) -> set[str]:
    """The verdicts on the signature; an unsigned JobSpec is accepted, unless the runner requires signatures."""
    if {"signature", "public_key"} & asked.spec.keys():
        return verdicts(asked.spec, clock(exchange))
    unsigned = any(not {"signature", "public_key"} & job.asked.spec.keys() for job in world.jobs.values())
    return {GOOD} if unsigned else {GOOD, "missing_field:signature"}


def _taken(asked: Submission, exchange: Exchange, world: World) -> set[str]:
    """Acceptance, or the refusal of an id or a nonce that is taken."""
    exists = world.exists(asked.id, exchange) if asked.id else False
    mine = world.jobs.get(asked.id)
    if mine and mine.exchange is exchange:
        exists = False
    if exists or (exists is None and mine):  # of requests at the same time, one is accepted
        return {DUPLICATE}
    used = asked.nonce is not None and any(
        job.asked.nonce == asked.nonce and job.exchange is not exchange and _before(job.exchange, exchange)
        for job in world.jobs.values()
    )
    unknown = {"202", DUPLICATE} if exists is None or world.record.interrupted else {"202"}
    return {REPLAYED} if used else unknown | ({REPLAYED, "200"} if world.record.interrupted else set())


Values = Mapping[str, str]


def _always(_: Exchange, __: World, ___: Values) -> Prediction:
    return Prediction(frozenset({"200"}), "the operation has no other answer")


def _of_job(exchange: Exchange, world: World, values: Values) -> Prediction:
    exists = world.exists(values["job_id"], exchange)
    answers = {"200"} if exists else {NO_JOB} if exists is False else {"200", NO_JOB}
    return Prediction(frozenset(answers), "the job exists" if exists else "no such job")


def _of_execution(exchange: Exchange, world: World, values: Values) -> Prediction:
    known = world.appeared.get(f"execution {values['execution_id']}", exchange.ended + 1) <= exchange.began
    return Prediction(frozenset({"200"} if known else {"200", NO_EXECUTION}), "the execution")


def _of_run(exchange: Exchange, world: World, values: Values) -> Prediction:
    run = values["cross_region_execution_id"].lower()
    if world.run_of(run) or world.appeared.get(f"run {run}", exchange.ended + 1) <= exchange.began:
        return Prediction(frozenset({"200"}), "the run exists")
    return Prediction(frozenset({"200", NO_RUN}), "the run")


def _of_region(_: Exchange, world: World, values: Values) -> Prediction:
    job = world.run_of(values["cross_region_execution_id"].lower())
    known = world.job(job) if job else None
    if known is None:
        return Prediction(frozenset({"200", NO_REGION, NO_RUN}), "the region of a run")
    region = "ASIA" if values["region"] == "APAC" else values["region"]
    return Prediction(frozenset({"200" if region in known.asked.regions else NO_REGION}), "the regions of the run")


def _of_comparison(exchange: Exchange, world: World, values: Values) -> Prediction:
    job = world.run_of(values["cross_region_execution_id"].lower())
    if job is None:
        return Prediction(frozenset({"200", NO_RUN, PENDING, "409 insufficient_regions"}), "the run")
    rows = world.rows(job)
    final = {"200", "409 insufficient_regions"}
    if rows and rows.run and rows.run["status"] != "running":
        final = {"200"} if _successes(rows.regions) > 1 else {"409 insufficient_regions"}
    return Prediction(frozenset(final | (set() if world.status(job, exchange) else {PENDING})), "the end of the run")


def _successes(regions: Any) -> int:
    return sum(row["status"] == "success" for row in regions)


def _of_analysis(exchange: Exchange, world: World, values: Values) -> Prediction:
    name, known = values["job_id"], world.job(values["job_id"])
    exists = world.exists(name, exchange)
    if exists is False:
        return Prediction(frozenset({NO_JOB}), "no such job")
    final, since = world.analyses.get(name, ("", exchange.ended + 1))
    if since <= exchange.began:
        return Prediction(frozenset({final}), "the answer that was final")
    answers = _analyses(exchange, world, name) if known or exists else {*FINAL, PENDING, STANDARD_JOB}
    return Prediction(frozenset(answers | (set() if exists else {NO_JOB})), "workflow, status and regions of the job")


def _analyses(exchange: Exchange, world: World, job: str) -> set[str]:
    known, rows = world.job(job), world.rows(job)
    if not workflow_b(known) and not (rows and rows.run):
        return {STANDARD_JOB} if known and rows else {*FINAL, PENDING, STANDARD_JOB}
    ended = world.status(job, exchange)
    if known is None or known.asked.workflow == STANDARD:  # the backfill may have run at any time
        return {*FINAL, PENDING, STANDARD_JOB}
    final = set(FINAL)
    if rows and rows.run and rows.run["status"] != "running":
        final = {_final(known.asked.analysed, str(rows.run["status"]), _successes(rows.regions), rows.analysis)}
    return final if ended else final | {PENDING}


def _final(analysed: bool, status: str, successes: int, analysis: Any) -> str:
    if not analysed:
        return DISABLED
    if status == "cancelled":
        return FAILED
    if successes > 1:
        return "200" if analysis is not None else FAILED
    return FAILED if status == "failed" else NOT_APPLICABLE


READ: Mapping[str, Callable[[Exchange, World, Values], Prediction]] = {
    "getJob": _of_job,
    "listJobExecutions": _of_job,
    "cancelJob": _of_job,
    "getExecutionDetails": _of_execution,
    "getCrossRegionExecution": _of_run,
    "getRegionResult": _of_region,
    "getDiffAnalysis": _of_comparison,
    "getBiasAnalysis": _of_analysis,
}
