"""One HTTP request and its response, as it went over the wire."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pydantic_core

from gate.core.texts import clip

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask for no change (RFC 9110, section 9.2.1), without TRACE."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """One request and its response.

    Header names are lower case; ``began`` and ``elapsed`` are in seconds, the one since a point that all exchanges of a
    process share; ``test`` is the test that sent it, where one did.
    """

    method: str
    url: str
    status: int
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    began: float = 0.0
    elapsed: float = 0.0
    test: str = ""

    @property
    def ended(self) -> float:
        """When its answer was there, in seconds since the point that ``began`` counts from."""
        return self.began + self.elapsed

    @cached_property
    def path(self) -> str:
        """The path alone, still percent-encoded."""
        return urlsplit(self.url).path

    @property
    def query(self) -> str:
        """The query string, without its question mark."""
        return urlsplit(self.url).query

    @property
    def request_id(self) -> str:
        """The id under which the service logs this exchange."""
        return self.headers.get("x-request-id") or self.request_headers.get("x-request-id", "")

    @property
    def media_type(self) -> str:
        """Media type of the response without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The response's body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode(errors="replace")

    @cached_property
    def json(self) -> Any:
        """The response's body as strict JSON; None where it is not: UTF-8 without a mark, no NaN, each member once."""
        try:
            return strict_json(self.body)
        except ValueError:
            return None

    @cached_property
    def sent(self) -> Any:
        """The request's body as Python reads JSON, which is more than JSON; None where it does not."""
        try:
            return json.loads(self.request_body)
        except (ValueError, RecursionError):
            return None

    @property
    def error_code(self) -> str:
        """``error_code`` of an error envelope, or an empty string."""
        code = self.json.get("error_code") if isinstance(self.json, dict) else None
        return code if isinstance(code, str) else ""

    def as_curl(self) -> str:
        """A command that sends this request again, to the service at ``$BASE_URL``."""
        words = ["curl", "-i"]
        if self.method != "GET":
            words += ["-X", self.method]
        for name, value in self.request_headers.items():
            if name not in {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}:
                words += ["-H", f"{name}: {value}"]
        if self.request_body:
            words += ["--data-raw", self.request_body.decode("utf-8", "backslashreplace")]
        target = urlunsplit(urlsplit(self.url)._replace(scheme="", netloc=""))
        return f'{shlex.join(words)} "$BASE_URL"{shlex.quote(target)}'

    def __str__(self) -> str:
        return f"{self.method} {self.url} -> {self.status} {clip(self.text, 500)}"


def strict_json(text: bytes) -> Any:
    """The value of a JSON text that every reader takes for the same; ValueError with the reason where it is none."""
    if text.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("a byte order mark")
    value = pydantic_core.from_json(text, allow_inf_nan=False)
    _UNIQUE.decode(text.decode())  # the fast and strict reader takes these
    return value


def _unique(pairs: list[tuple[str, Any]]) -> None:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the member {next(name for name in names if names.count(name) > 1)!r} stands twice")


def _finite(digits: str) -> None:
    if math.isinf(float(digits)):
        raise ValueError(f"{digits} is beyond the range of a double")


_UNIQUE = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite)
