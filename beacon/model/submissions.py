"""The form of a submission, judged from its request alone, and what it asks for."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs

from beacon.api import CROSS_REGION_JOBS
from beacon.regions import ALIASES
from beacon.states import CROSS_REGION, STANDARD
from gate.contract.document import Contract
from gate.core.exchange import Exchange

MOST_BYTES, DEEPEST = 1 << 20, 100
KEY = "idempotency-key"
USABLE = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
DEFAULT_MODEL = "llama3.2-1b"

Refusal = frozenset[str]
"""The answers that a request with a fault allows, each as status and error code."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The content of a well-formed submission; ``id`` is empty where the runner generates it."""

    workflow: str
    body: Mapping[str, Any]
    spec: Mapping[str, Any]
    key: str | None
    id: str
    regions: tuple[str, ...]
    executions: int
    min_regions: int
    rate: float
    analysed: bool

    @property
    def nonce(self) -> tuple[str, str] | None:
        """Public key and nonce of a signed JobSpec; a key that is spelled in two ways is one."""
        if "signature" not in self.spec:
            return None
        key = str(self.spec.get("public_key"))
        with suppress(ValueError):
            key = base64.b64decode(key, validate=True).hex()
        return key, str((self.spec.get("metadata") or {}).get("nonce"))


def read(exchange: Exchange, contract: Contract) -> Submission | Refusal:
    """The submission in a request, or the answers that its first fault allows, in the order of the contract."""
    key = exchange.request_headers.get(KEY)
    key = None if key is None else key.strip(" \t")
    if key is not None and not USABLE.fullmatch(key):
        return frozenset({"400 invalid_parameter"})
    if fault := _fault(exchange):
        return fault
    body = parsed(exchange.request_body)
    if not _valid(exchange.path, body, contract):
        return frozenset({"400 validation_error"})
    return _submission(exchange.path, body, key)


def _fault(exchange: Exchange) -> Refusal:
    """The answers to a request whose body is no JSON object; empty where it is one."""
    header = Message()
    header["content-type"] = exchange.request_headers.get("content-type", "")
    coding = exchange.request_headers.get("content-encoding", "identity").strip().lower()
    sent = header.get_content_type(), header.get_content_charset("utf-8"), coding
    if sent != ("application/json", "utf-8", "identity"):
        return frozenset({"415 unsupported_media_type"})
    if len(exchange.request_body) > MOST_BYTES:
        return frozenset({"413 payload_too_large"})
    if not exchange.request_body.strip(b" \t\r\n"):
        return frozenset({"400 invalid_body"})
    try:
        is_object = isinstance(parsed(exchange.request_body), dict)
    except (ValueError, RecursionError):
        is_object = False
    if is_object:
        return frozenset()
    blank = not exchange.request_body.strip()  # of characters that are white space elsewhere, and not in JSON
    return frozenset({"400 invalid_json", *(["400 invalid_body"] if blank else [])})


def parsed(text: bytes) -> Any:
    """The value of strict JSON in UTF-8: each member once, no NaN, finite numbers, at most 100 levels; ValueError."""
    value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite)
    if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError("nested too deep")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    if math.isinf(float(digits)):
        raise ValueError(digits)
    return float(digits)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        level, depth = [child for each in level for child in _children(each)], depth + 1
    return depth


def _children(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, dict) else value


def _valid(path: str, body: dict[str, Any], contract: Contract) -> bool:
    """Return whether a body keeps the schema and the rules that it cannot express; a signature is judged later."""
    name = "CrossRegionRequest" if path == CROSS_REGION_JOBS else "JobSpec"
    if not _storable("".join(_texts(body))) or not _validator(contract, name).is_valid(body):
        return False
    spec = spec_of(path, body)
    least = body.get("min_regions", spec["constraints"].get("min_regions", 1))
    regions = body.get("target_regions", spec["constraints"]["regions"])
    same = spec.get("id", spec.get("jobspec_id")) == spec.get("jobspec_id", spec.get("id"))
    return bool(same and least <= len(regions))


@lru_cache(maxsize=8)
def _validator(contract: Contract, name: str) -> jsonschema_rs.Validator:
    """A validator of a request without what it says of signatures, whose faults have codes of their own."""
    components = contract.document["components"]
    schemas = components["schemas"]
    signed = ("dependentRequired", "dependentSchemas")
    spec = {keyword: value for keyword, value in schemas["JobSpec"].items() if keyword not in signed}
    document = {**contract.document, "components": {**components, "schemas": {**schemas, "JobSpec": spec}}}
    return Contract(document).validator({"$ref": f"#/components/schemas/{name}"})


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict | list):
            waiting += [*each, *each.values()] if isinstance(each, dict) else each


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def spec_of(path: str, body: Mapping[str, Any]) -> Any:
    """The JobSpec in the body of a submission to ``path``."""
    return body.get("job_spec", body.get("jobspec")) if path == CROSS_REGION_JOBS else body


def _submission(path: str, body: dict[str, Any], key: str | None) -> Submission:
    spec = spec_of(path, body)
    constraints = spec["constraints"]
    regions = tuple(ALIASES.get(region, region) for region in body.get("target_regions", constraints["regions"]))
    questions = dict.fromkeys(spec.get("questions") or ["default"])
    return Submission(
        workflow=CROSS_REGION if path == CROSS_REGION_JOBS else STANDARD,
        body=body,
        spec=spec,
        key=key,
        id=str(spec.get("id", spec.get("jobspec_id", ""))),
        regions=regions,
        executions=len(regions) * len(models(spec)) * len(questions),
        min_regions=int(body.get("min_regions", constraints.get("min_regions", 1))),
        rate=body.get("min_success_rate", constraints.get("min_success_rate", 0.67)),
        analysed=body.get("enable_analysis", True),
    )


def models(spec: Mapping[str, Any]) -> list[str]:
    """The models of a JobSpec, each once: of ``models``, else of ``metadata``, else the default."""
    metadata = spec.get("metadata") or {}
    listed = spec.get("models") or metadata.get("models") or [metadata.get("model", DEFAULT_MODEL)]
    return list(dict.fromkeys(_name(entry) for entry in listed))


def _name(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    names = (entry.get("id"), entry.get("name"))
    return next(name for name in names if isinstance(name, str) and 1 <= len(name) <= 50)
