"""The built-in checks of schemathesis on one answer, but for those that ``contracts/fuzz.toml`` leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import requests
from schemathesis.checks import CHECKS, CheckContext, load_all_checks, run_checks
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response

from gate.core.exchange import Exchange
from gate.fuzz.cases import AnyCase
from gate.fuzz.plan import plan
from gate.fuzz.request import Shot

CODES = {
    "negative_data_rejection": "BG-FUZZ-001",
    "positive_data_acceptance": "BG-FUZZ-002",
    "unsupported_method": "BG-FUZZ-003",
    "allow_header_conformance": "BG-FUZZ-003",
}
OTHER = "BG-FUZZ-006"
NO_ANSWER_TO_DATA = frozenset({401, 403, 404, 409, 429})
"""Refusals that say nothing about whether the data was acceptable."""


@cache
def made() -> tuple[Any, ...]:
    """The checks that are made; KeyError where the table leaves out one that does not exist."""
    load_all_checks()
    known = {check.__name__: check for check in CHECKS.get_all()}
    for name in plan().left_out:
        if name not in known and name != "max_response_time":
            raise KeyError(name)
    return tuple(check for name, check in known.items() if name not in plan().left_out)


@cache
def _without_schema() -> tuple[Any, ...]:
    """The checks for what is not JSON: parsing YAML in every answer takes longer than all else together."""
    return tuple(check for check in made() if check.__name__ != "response_schema_conformance")


def check(case: AnyCase, exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Code and message for each built-in check that the answer to ``case``, sent as ``exchange``, fails."""
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
    failed: list[tuple[str, Failure]] = []
    context = CheckContext(
        override=None,
        auth=None,
        headers=None,
        config=case.operation.schema.config.checks_config_for(operation=case.operation, phase=None),
        transport_kwargs=None,
        response_checks=None,
    )
    run_checks(
        case=case,
        response=response,
        ctx=context,
        checks=made() if exchange.media_type.endswith("json") else _without_schema(),
        on_failure=lambda name, _, failure: failed.append((name, failure)),
    )
    for name, failure in failed:
        yield CODES.get(name, OTHER), f"{failure.title}: {failure.message}"


def acceptance(shot: Shot, exchange: Exchange, *, documented: bool) -> str | None:
    """The code of what is wrong with how a request without a case was received, as a replay has none."""
    if not documented:
        return None if exchange.status in {404, 405} else "BG-FUZZ-003"
    if shot.mode == "negative":
        return "BG-FUZZ-001" if exchange.status < 400 else None
    refused = 400 <= exchange.status < 500 and exchange.status not in NO_ANSWER_TO_DATA
    return "BG-FUZZ-002" if refused else None
