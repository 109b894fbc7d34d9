"""The built-in checks of schemathesis on one answer, without those that a plan leaves out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import requests
from schemathesis.checks import CHECKS, CheckContext, load_all_checks, run_checks
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation.meta import CONTENT_TYPE_PROBES, coverage_scenario

from gate.core.exchange import Exchange
from gate.fuzz.cases import AnyCase
from gate.fuzz.codes import CHECK_FAILED, INVALID_ACCEPTED, METHOD_NOT_REFUSED, VALID_REFUSED
from gate.fuzz.request import GeneratedRequest

CODES = {
    "negative_data_rejection": INVALID_ACCEPTED,
    "positive_data_acceptance": VALID_REFUSED,
    "unsupported_method": METHOD_NOT_REFUSED,
    "allow_header_conformance": METHOD_NOT_REFUSED,
}
UNREGISTERED = "max_response_time"
"""A check that schemathesis makes only where a limit is configured."""
NOT_ABOUT_DATA = frozenset({401, 403, 404, 409, 429})
"""Statuses of refusals that say nothing about the validity of the data."""


@cache
def selected(left_out: frozenset[str]) -> tuple[Any, ...]:
    """The checks to run; KeyError if ``left_out`` names a check that does not exist."""
    load_all_checks()
    checks = {check.__name__: check for check in CHECKS.get_all()}
    for name in left_out - {UNREGISTERED}:
        del checks[name]
    return tuple(checks.values())


def check(case: AnyCase, exchange: Exchange, left_out: Collection[str]) -> Iterator[tuple[str, str]]:
    """Code and message of each built-in check that the answer to ``case``, sent as ``exchange``, fails."""
    for name, failure in failures(case, exchange, left_out):
        yield CODES.get(name, CHECK_FAILED), f"{failure.title}: {failure.message}"


def failures(case: AnyCase, exchange: Exchange, left_out: Collection[str]) -> list[tuple[str, Failure]]:
    """The same by the name of each check."""
    request = requests.PreparedRequest()
    request.method, request.url = exchange.method, exchange.url
    request.headers = requests.structures.CaseInsensitiveDict(exchange.request_headers)
    request.body = exchange.request_body
    response = Response(
        status_code=exchange.status,
        headers={name: [value] for name, value in exchange.headers.items()},
        content=exchange.body,
        request=request,
        elapsed=exchange.elapsed,
        verify=False,
        encoding="utf-8",
    )
    context = CheckContext(
        override=None,
        auth=None,
        headers=None,
        config=case.operation.schema.config.checks_config_for(operation=case.operation, phase=None),
        transport_kwargs=None,
        response_checks=None,
    )
    checks = selected(frozenset(left_out))
    if not exchange.media_type.endswith("json"):  # parsing YAML in every answer takes longer than everything else
        checks = tuple(check for check in checks if check.__name__ != "response_schema_conformance")
    if coverage_scenario(case) in CONTENT_TYPE_PROBES:  # this check would send a request of its own
        checks = tuple(check for check in checks if check.__name__ != "not_a_server_error")
    failed: list[tuple[str, Failure]] = []
    run_checks(
        case=case,
        response=response,
        ctx=context,
        checks=checks,
        on_failure=lambda name, _, failure: failed.append((name, failure)),
    )
    return failed


def acceptance(request: GeneratedRequest, exchange: Exchange, *, documented: bool) -> str | None:
    """The code of what is wrong with the status of an answer, for a replay, which has no case."""
    if not documented:
        return None if exchange.status in {404, 405} else METHOD_NOT_REFUSED
    if request.mode == "negative":
        return INVALID_ACCEPTED if exchange.status < 400 else None
    refused = 400 <= exchange.status < 500 and exchange.status not in NOT_ABOUT_DATA
    return VALID_REFUSED if refused else None
