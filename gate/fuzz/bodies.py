"""Request bodies against the contract: validity, the violated rule, and the place that a refusal names."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema_rs

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.pointer import join
from gate.core.texts import clip


@lru_cache(maxsize=64)
def _validator(contract: Contract, operation: str) -> jsonschema_rs.Validator:
    document = next(each.document for each in contract.operations if each.id == operation)
    schema = document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", True)
    return contract.validator(schema, mask="this value")


def valid(contract: Contract, operation: str, body: Any) -> bool:
    """Return whether the schema of an operation's request body allows ``body``; a lone surrogate is never valid."""
    try:
        return bool(_validator(contract, operation).is_valid(body))
    except UnicodeEncodeError:
        return False


def violation(contract: Contract, operation: str, body: Any) -> tuple[str, str]:
    """JSON pointer and rule of the deepest violation in ``body``; empty texts for a valid body."""
    try:
        errors = sorted(_validator(contract, operation).iter_errors(body), key=lambda error: -len(error.instance_path))
    except UnicodeEncodeError:
        return "", "a string has a lone surrogate"
    if not errors:
        return "", ""
    pointer = join(*("*" if isinstance(part, int) else part for part in errors[0].instance_path))
    return pointer, clip(errors[0].message)


def refused_at(exchange: Exchange) -> str:
    """Pointer or parameter that a refusal names, and its code."""
    details = exchange.json.get("details") if isinstance(exchange.json, dict) else None
    members = details if isinstance(details, dict) else {}
    errors = members.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return f"{first.get('pointer', members.get('parameter', ''))} {exchange.error_code}".strip()
