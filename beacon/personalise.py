"""Personalises a generated request: fresh ids, existing resources, real signatures, bounded sizes.

A valid request stays valid and an invalid one invalid: only a member that is valid itself is replaced. Otherwise most
positive cases would be refused as duplicates, unknown jobs or invented signatures, and test nothing else.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from beacon.jobs import QUESTIONS, sign
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import KnownIds

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
SIGNATURE = re.compile(r"[A-Za-z0-9+/]{86}==")
PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

FEW_MODELS, FEW_QUESTIONS = 2, 3
LARGE_ONE_IN, SIGNED_ONE_IN = 50, 6
MOST_INTEGER = 2147483647


def personalise(request: GeneratedRequest, path: str, known: KnownIds, new_id: Callable[[], str]) -> GeneratedRequest:
    """The request to send for ``request``, whose operation has the path template ``path``."""
    salt = zlib.crc32(json.dumps([request.target, request.body, dict(request.headers)], sort_keys=True).encode())
    headers = {
        name: _key(value, new_id) if name.lower() == "idempotency-key" else value
        for name, value in request.headers.items()
    }
    body = _body(json.loads(json.dumps(request.body)), new_id, salt) if request.is_json else request.body
    target = request.target if "path" in request.invalid else _target(request.target, path, known, request.turn)
    return replace(request, target=target, headers=headers, body=body)


def _key(value: str, new_id: Callable[[], str]) -> str:
    if not KEY.fullmatch(value):
        return value
    end = f"-{new_id()}"
    return value[: 255 - len(end)] + end


def _target(target: str, template: str, known: KnownIds, turn: int) -> str:
    path, mark, query = target.partition("?")
    given, parts = path.split("/"), template.split("/")
    if len(given) != len(parts):
        return target
    for index, part in enumerate(parts):
        if part.startswith("{") and _is_valid_id(part[1:-1], unquote(given[index])):
            given[index] = known.pick(part[1:-1], turn) or given[index]
    if query and (job := known.pick("job_id", turn)):
        query = re.sub(r"(?<![^&])jobspec_id=([A-Za-z0-9_-]{1,100})(?![^&])", f"jobspec_id={job}", query)
    return "/".join(given) + mark + query


def _is_valid_id(name: str, value: str) -> bool:
    """Return whether a path parameter has a valid value, so that a known id may replace it."""
    match name:
        case "job_id":
            return bool(JOB_ID.fullmatch(value))
        case "execution_id":
            return bool(re.fullmatch(r"[1-9][0-9]{0,9}", value)) and int(value) <= MOST_INTEGER
        case "cross_region_execution_id":
            return bool(UUID.fullmatch(value))
    return False


def _body(body: Any, new_id: Callable[[], str], salt: int) -> Any:
    if not isinstance(body, dict):
        return body
    wrapped = [name for name in ("job_spec", "jobspec") if isinstance(body.get(name), dict)]
    for name in wrapped:
        _fit(body, body[name])
        body[name] = _spec(body[name], new_id, salt)
    return body if wrapped else _spec(body, new_id, salt)


def _spec(spec: dict[str, Any], new_id: Callable[[], str], salt: int) -> dict[str, Any]:
    fresh = new_id()
    for name in ("id", "jobspec_id"):
        value = spec.get(name)
        if isinstance(value, str) and JOB_ID.fullmatch(value):
            # The length and the last characters stay, so that a case at the limits of an id remains one.
            spec[name] = fresh if len(value) <= len(fresh) else fresh + value[len(fresh) :]
    if all(isinstance(spec.get(name), str) and JOB_ID.fullmatch(spec[name]) for name in ("id", "jobspec_id")):
        spec["jobspec_id"] = spec["id"]
    if salt % LARGE_ONE_IN:
        _bound(spec)
    return _signed(spec, new_id, salt)


def _bound(spec: dict[str, Any]) -> None:
    """Shorten valid lists, so that a job stays small; a list with an invalid entry stays as it is."""
    questions = spec.get("questions")
    if isinstance(questions, list) and all(isinstance(entry, str) and entry in QUESTIONS for entry in questions):
        spec["questions"] = questions[:FEW_QUESTIONS]
    _bound_models(spec)
    metadata = spec.get("metadata")
    if isinstance(metadata, dict):
        _bound_models(metadata)


def _bound_models(members: dict[str, Any]) -> None:
    models = members.get("models")
    if isinstance(models, list) and len(models) <= 32 and all(map(_is_model, models)):
        members["models"] = models[:FEW_MODELS]


def _is_model(model: Any) -> bool:
    name = model.get("id", model.get("name")) if isinstance(model, dict) else model
    return isinstance(name, str) and 1 <= len(name) <= 50


def _fit(wrapper: dict[str, Any], spec: dict[str, Any]) -> None:
    """Lower a JobSpec's own ``min_regions`` to the number of targets, a rule that the schema cannot express."""
    targets, constraints = wrapper.get("target_regions"), spec.get("constraints")
    if "min_regions" in wrapper or not isinstance(targets, list) or not isinstance(constraints, dict):
        return
    least = constraints.get("min_regions")
    if isinstance(least, (int, float)) and not isinstance(least, bool) and 1 <= len(targets) < least <= 3:
        constraints["min_regions"] = len(targets)


def _signed(spec: dict[str, Any], new_id: Callable[[], str], salt: int) -> dict[str, Any]:
    """Drop an invented signature that is well-formed, and sign a share of the JobSpecs as the contract says."""
    forms = {"signature": SIGNATURE, "public_key": PUBLIC_KEY}
    given = [name for name in forms if name in spec]
    metadata = spec.get("metadata", {})
    if given and not all(
        isinstance(text := spec.get(name), str) and form.fullmatch(text) for name, form in forms.items()
    ):
        return spec
    if given and not _signable(metadata):
        return spec
    for name in given:
        del spec[name]
    if not given and (salt % SIGNED_ONE_IN or not isinstance(metadata, dict)):
        return spec
    try:
        return sign(spec, nonce=new_id())
    except ValueError:  # RFC 8785 cannot represent some numbers and texts
        return spec


def _signable(metadata: Any) -> bool:
    """Return whether the metadata has what a signature needs."""
    if not isinstance(metadata, dict):
        return False
    time, nonce = metadata.get("timestamp"), metadata.get("nonce")
    return isinstance(time, str) and isinstance(nonce, str) and 1 <= len(nonce) <= 255
