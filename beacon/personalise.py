"""Makes a generated request one of its own: fresh ids, existing resources, signatures that hold, bounded sizes.

None of this makes a valid request invalid or an invalid one valid: a member is only replaced where it is valid itself.
Without it nearly all positive cases would be refused as duplicates, unknown jobs or made-up signatures, and whatever
else is special about them would never be looked at.
"""

from __future__ import annotations

import copy
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from beacon.jobs import QUESTIONS, sign
from gate.fuzz.request import Shot

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
SIGNATURE, PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{86}=="), re.compile(r"[A-Za-z0-9+/]{43}=")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

FEW_MODELS, FEW_QUESTIONS = 2, 3
LARGE_ONE_IN, SIGNED_ONE_IN, UNKNOWN_ONE_IN = 50, 6, 16
MOST_INTEGER = 2147483647


@dataclass(frozen=True, slots=True)
class Known:
    """Resources that are there, by the name of the path parameter that they go into."""

    resources: Mapping[str, list[str]]

    def pick(self, name: str, turn: int) -> str | None:
        """One of them; None at every so many turns, so that unknown ones are asked for too."""
        there = self.resources.get(name)
        if not there or turn % UNKNOWN_ONE_IN == 0:
            return None
        return there[turn % len(there)]


def freshen(shot: Shot, template: str, ids: Callable[[], str], known: Known) -> Shot:
    """The request to send for ``shot``, whose operation has the path ``template``."""
    salt = zlib.crc32(json.dumps([shot.target, shot.body, dict(shot.headers)], sort_keys=True).encode())
    headers = {
        name: _key(value, ids) if name.lower() == "idempotency-key" else value for name, value in shot.headers.items()
    }
    body = _body(copy.deepcopy(shot.body), ids, salt) if shot.is_json else shot.body
    target = shot.target if "path" in shot.wrong else _target(shot.target, template, known, shot.turn)
    return replace(shot, target=target, headers=headers, body=body)


def _key(value: str, ids: Callable[[], str]) -> str:
    if not KEY.fullmatch(value):
        return value
    end = f"-{ids()}"
    return value[: 255 - len(end)] + end


def _target(target: str, template: str, known: Known, turn: int) -> str:
    path, mark, query = target.partition("?")
    given, parts = path.split("/"), template.split("/")
    if len(given) != len(parts):
        return target
    for place, part in enumerate(parts):
        if part.startswith("{") and _addresses(part[1:-1], unquote(given[place])):
            given[place] = known.pick(part[1:-1], turn) or given[place]
    if query and (job := known.pick("job_id", turn)):
        query = re.sub(r"(?<![^&])jobspec_id=([A-Za-z0-9_-]{1,100})(?![^&])", f"jobspec_id={job}", query)
    return "/".join(given) + mark + query


def _addresses(name: str, value: str) -> bool:
    """Whether a value could address a resource, so that another of its kind may stand in its place."""
    match name:
        case "job_id":
            return bool(JOB_ID.fullmatch(value))
        case "execution_id":
            return bool(re.fullmatch(r"[1-9][0-9]{0,9}", value)) and int(value) <= MOST_INTEGER
        case "cross_region_execution_id":
            return bool(UUID.fullmatch(value))
    return False


def _body(body: Any, ids: Callable[[], str], salt: int) -> Any:
    if not isinstance(body, dict):
        return body
    wrapped = [name for name in ("job_spec", "jobspec") if isinstance(body.get(name), dict)]
    for name in wrapped:
        _fit(body, body[name])
        body[name] = _spec(body[name], ids, salt)
    return body if wrapped else _spec(body, ids, salt)


def _spec(spec: dict[str, Any], ids: Callable[[], str], salt: int) -> dict[str, Any]:
    fresh = ids()
    for name in ("id", "jobspec_id"):
        value = spec.get(name)
        if isinstance(value, str) and JOB_ID.fullmatch(value):
            # Its length and last characters stay, so that the limits of an id are still met.
            spec[name] = fresh if len(value) <= len(fresh) else fresh + value[len(fresh) :]
    if {"id", "jobspec_id"} <= spec.keys() and all(_is_id(spec[name]) for name in ("id", "jobspec_id")):
        spec["jobspec_id"] = spec["id"]
    if salt % LARGE_ONE_IN:
        _bound(spec)
    return _signed(spec, ids, salt)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(JOB_ID.fullmatch(value))


def _bound(spec: dict[str, Any]) -> None:
    """Shortens lists that are valid, so that a job stays small; lists with anything wrong in them are left alone."""
    questions = spec.get("questions")
    if isinstance(questions, list) and all(isinstance(one, str) and one in QUESTIONS for one in questions):
        spec["questions"] = questions[:FEW_QUESTIONS]
    _bound_models(spec)
    metadata = spec.get("metadata")
    if isinstance(metadata, dict):
        _bound_models(metadata)


def _bound_models(members: dict[str, Any]) -> None:
    models = members.get("models")
    if isinstance(models, list) and len(models) <= 32 and all(_is_model(one) for one in models):
        members["models"] = models[:FEW_MODELS]


def _is_model(model: Any) -> bool:
    name = model.get("id", model.get("name")) if isinstance(model, dict) else model
    return isinstance(name, str) and 1 <= len(name) <= 50


def _fit(wrapper: dict[str, Any], spec: dict[str, Any]) -> None:
    """A spec's own ``min_regions`` holds where the wrapper has none; the schema cannot say that it has to fit."""
    targets, constraints = wrapper.get("target_regions"), spec.get("constraints")
    if "min_regions" in wrapper or not isinstance(targets, list) or not isinstance(constraints, dict):
        return
    least = constraints.get("min_regions")
    if isinstance(least, (int, float)) and not isinstance(least, bool) and 1 <= len(targets) < least <= 3:
        constraints["min_regions"] = len(targets)


def _signed(spec: dict[str, Any], ids: Callable[[], str], salt: int) -> dict[str, Any]:
    """A made-up signature that is well formed goes; a share of the specs is signed as the contract says."""
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
        return sign(spec, nonce=ids())
    except ValueError:  # numbers and text that RFC 8785 has no form for
        return spec


def _signable(metadata: Any) -> bool:
    """Whether what a signature needs is there in the right form."""
    if not isinstance(metadata, dict):
        return False
    time, nonce = metadata.get("timestamp"), metadata.get("nonce")
    return isinstance(time, str) and isinstance(nonce, str) and 1 <= len(nonce) <= 255
