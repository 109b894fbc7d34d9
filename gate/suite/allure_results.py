"""Allure's result of a test: an id that is the test's alone, a step for each exchange, and its evidence."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import allure
from allure_commons import plugin_manager
from allure_commons.model2 import Status, TestStepResult

from gate.core.evidence import Evidence
from gate.core.exchange import Exchange
from gate.core.findings import BrokenPromise, Finding

MOST_STEPS = 50
"""Exchanges of a test that its result lists; a test that fuzzes sends thousands."""


def identify(result: Any, test: str) -> None:
    """Gives a result an id that follows from its test alone.

    Allure takes results with one ``testCaseId`` and equal parameters for retries, and parameters may be addresses of
    objects.
    """
    result.fullName = test
    result.testCaseId = result.historyId = hashlib.md5(test.encode(), usedforsecurity=False).hexdigest()
    for parameter in result.parameters:
        parameter.excluded = True


def add_steps(result: Any, exchanges: Sequence[Exchange]) -> None:
    """Adds a step for each of the latest exchanges of a test."""
    result.steps += _steps(exchanges, time.time() - time.perf_counter())


def _steps(exchanges: Sequence[Exchange], epoch: float) -> Iterator[TestStepResult]:
    if (omitted := len(exchanges) - MOST_STEPS) > 0:
        first = int((epoch + exchanges[0].began) * 1000)
        yield TestStepResult(name=f"{omitted} earlier exchanges", status=Status.PASSED, start=first, stop=first)
    for exchange in exchanges[-MOST_STEPS:]:
        start, stop = (int((epoch + seconds) * 1000) for seconds in (exchange.began, exchange.ended))
        name = f"{exchange.method} {exchange.path} → {exchange.status}"
        yield TestStepResult(name=name, status=Status.PASSED, start=start, stop=stop)


def attach(findings: Sequence[Finding], evidence: Evidence) -> None:
    """Adds a failed step with the evidence of some findings to the result of the test that runs."""
    titles = [f"{finding.code} {finding.kind.title}: {finding.where}" for finding in findings]
    error, id_, hook = BrokenPromise(findings), str(uuid.uuid4()), plugin_manager.hook
    hook.start_step(uuid=id_, title=", ".join(titles), params={})
    for exchange in evidence.exchanges:
        with allure.step(f"{exchange['method']} {exchange['path']} → {exchange['status']}"):
            allure.attach(exchange["curl"], "request", allure.attachment_type.TEXT)
            allure.attach(exchange["body"], "response", _type_of(exchange["body"]))
    if rows := [f"{table}\n" + "\n".join(some) for table, some in evidence.rows.items()]:
        allure.attach("\n\n".join(rows), "rows", allure.attachment_type.TEXT)
    for name, text in (("log of the service", "\n".join(evidence.log)), ("failure", evidence.message)):
        if text:
            allure.attach(text, name, allure.attachment_type.TEXT)
    hook.stop_step(uuid=id_, title="", exc_type=type(error), exc_val=error, exc_tb=None)


def _type_of(text: str) -> Any:
    try:
        json.loads(text)
    except ValueError:
        return allure.attachment_type.TEXT
    return allure.attachment_type.JSON
