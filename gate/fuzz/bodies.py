"""Whether a body is one that the contract lets an operation take, and where it is not."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema_rs

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.pointer import join
from gate.core.texts import clip


@lru_cache(maxsize=64)
def _validator(contract: Contract, operation: str) -> Any:
    document = next(one.document for one in contract.operations if one.id == operation)
    schema = document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", True)
    whole = {"allOf": [schema], "components": contract.document.get("components", {})}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, mask="this value")


def valid(contract: Contract, operation: str, body: Any) -> bool:
    """Whether the schema of the operation's body allows ``body``; no string has a lone surrogate."""
    try:
        return bool(_validator(contract, operation).is_valid(body))
    except UnicodeEncodeError:
        return False


def fault(contract: Contract, operation: str, body: Any) -> tuple[str, str]:
    """JSON pointer and rule of the deepest thing that is wrong with ``body``; empty texts where nothing is."""
    try:
        errors = sorted(_validator(contract, operation).iter_errors(body), key=lambda error: -len(error.instance_path))
    except UnicodeEncodeError:
        return "", "a string has a lone surrogate"
    if not errors:
        return "", ""
    pointer = join(*("*" if isinstance(part, int) else part for part in errors[0].instance_path))
    return pointer, clip(errors[0].message)


def refused_at(exchange: Exchange) -> str:
    """What a refusal names: its pointer or parameter, and its code."""
    details = exchange.json.get("details") if isinstance(exchange.json, dict) else None
    members = details if isinstance(details, dict) else {}
    listed = members.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    return f"{first.get('pointer', members.get('parameter', ''))} {exchange.error_code}".strip()
