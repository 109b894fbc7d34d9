"""Request bodies: strict JSON objects of at most 1 MiB."""

import json
import math
from collections import Counter
from email.message import Message
from typing import Any, Final, NoReturn

from fastapi import Request
from starlette.datastructures import Headers

from runner.web.errors import ApiError

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 100
"""Levels of objects and arrays. Deeper ones exhaust the stacks of parsers, here and in Postgres."""


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises:
        ApiError: 415 for another content type, charset or encoding, 413 for more than 1 MiB, 400 `invalid_body` for an
            empty body and `invalid_json` for what is no JSON object: NaN, Infinity, numbers beyond the range of a
            double, duplicate members, invalid UTF-8 and nesting deeper than 100 levels are refused too.

    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "The body has to be sent with Content-Type: application/json.")
    _check_coding(request.headers)
    text = await _read(request)
    if not text.strip():
        raise ApiError(400, "invalid_body", "The body is empty; a JSON object is expected.")
    value = parse(text)
    if not isinstance(value, dict):
        raise _invalid("The body is not a JSON object.")
    return value


def _check_coding(headers: Headers) -> None:
    header = Message()
    header["content-type"] = headers["content-type"]
    if header.get_content_charset("utf-8") != "utf-8":
        raise ApiError(415, "unsupported_media_type", "JSON has the charset utf-8, and no other.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ApiError(415, "unsupported_media_type", "The body has to be sent without a Content-Encoding.")


async def _read(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> ApiError:
    return ApiError(413, "payload_too_large", f"The body is larger than {MAX_BYTES} bytes.")


def _invalid(message: str) -> ApiError:
    return ApiError(400, "invalid_json", message)


def parse(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ApiError: 400 `invalid_json`.

    """
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique_members, parse_constant=_constant, parse_float=_finite
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # also UnicodeDecodeError, and integers of more digits than Python reads
        raise _invalid(f"The body is not valid JSON: {error}.") from error
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise _too_deep()
    return value


def _too_deep() -> ApiError:
    return _invalid(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the member {twice[:100]!r} occurs twice in one object")
    return members


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is beyond the range of a double")
    return number


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
