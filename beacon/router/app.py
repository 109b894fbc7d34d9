"""The stand-in's routes: what it does with a request, and what it notes about it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from beacon.router.behaviours import NoPath, PathOnly
from beacon.router.log import Call, Log
from beacon.router.providers import DEFAULT_PROVIDERS, Provider
from beacon.router.rules import Pause, Rules
from beacon.router.wire import MODELS, PATHS, Asked, HangUp, as_json, reply

HEADERS = ("accept", "content-type", "traceparent", "user-agent", "x-request-id", "x-trace-id")


@dataclass
class Desk:
    """What a stand-in was told, and what it was asked. Members of a job's own win over those of None, for all jobs."""

    rules: Rules = field(default_factory=Rules)
    log: Log = field(default_factory=Log)
    misses: Log = field(default_factory=Log)
    providers: dict[str | None, Sequence[Provider]] = field(default_factory=dict)
    providers_status: dict[str | None, int] = field(default_factory=dict)
    listings: list[str | None] = field(default_factory=list)
    models: Collection[str] | None = MODELS
    closing: bool = False

    def providers_of(self, job: str | None) -> Sequence[Provider]:
        """Who a job is told of and served by."""
        return self.providers.get(job, self.providers.get(None, DEFAULT_PROVIDERS))


def application(desk: Desk) -> Starlette:
    """The routes of a router that does what ``desk`` says."""

    async def infer(request: Request) -> Response:
        return await _infer(desk, request)

    async def providers(request: Request) -> Response:
        job = request.headers.get("x-trace-id")
        desk.listings.append(job)
        status = desk.providers_status.get(job, desk.providers_status.get(None, 200))
        if status != 200:
            return as_json({"detail": "the list of providers is not available"}, status)
        return as_json({"providers": [one.as_dict() for one in desk.providers_of(job)]})

    async def health(_: Request) -> Response:
        return as_json({"status": "healthy"})

    inference = [Route(path, infer, methods=["POST"]) for path in PATHS]
    return Starlette(routes=[*inference, Route("/providers", providers), Route("/health", health)])


async def _infer(desk: Desk, request: Request) -> Response:
    try:
        body = await request.body()
    except ClientDisconnect:
        desk.log.add(replace(_received(request), errors=("the body did not arrive",), outcome="invalid", aborted=True))
        return HangUp()
    call = _received(request)
    try:
        asked = Asked.model_validate_json(body)
    except ValidationError as error:
        return _invalid(desk, _filled(call, _readable(body)), error)
    call = _filled(call, asked.model_dump())

    behaviour, pause = desk.rules.choose(call.job, call.region_preference, call.model, call.prompt)
    if isinstance(behaviour, NoPath) or (isinstance(behaviour, PathOnly) and behaviour.path != call.path):
        # Where there is no such path, nothing was asked of a model.
        desk.misses.add(replace(call, outcome=behaviour.outcome, status=404, elapsed=_since(call)))
        return as_json({"detail": "Not Found"}, 404)
    number = None
    if pause is not None and behaviour is not None:
        number = desk.log.add(replace(call, outcome=behaviour.outcome, waiting=True))
        if not await _waited(desk, request, pause):
            desk.log.update(number, waiting=False, aborted=not desk.closing, elapsed=_since(call))
            return HangUp()

    answer = reply(behaviour, asked, desk.providers_of(call.job), desk.models)
    noted: dict[str, Any] = {
        "outcome": answer.outcome,
        "waiting": False,
        "status": answer.status,
        "text": answer.text,
        "provider": answer.provider,
        "elapsed": _since(call),
    }
    # Before the answer is sent, so that who has the answer finds it in the log.
    if number is None:
        desk.log.add(replace(call, **noted))
    else:
        desk.log.update(number, **noted)
    return answer.response


def _received(request: Request) -> Call:
    return Call(
        at=time.monotonic(),
        at_utc=datetime.now(UTC),
        job=request.headers.get("x-trace-id"),
        path=request.url.path,
        headers={name: request.headers[name] for name in HEADERS if name in request.headers},
    )


async def _waited(desk: Desk, request: Request, pause: Pause) -> bool:
    """Whether the pause ended, by itself or from outside, while the client was still there."""
    ended = asyncio.create_task(pause.ended.wait())
    left = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((ended, left), timeout=pause.seconds, return_when=asyncio.FIRST_COMPLETED)
        return not left.done()
    finally:
        ended.cancel()
        left.cancel()
        desk.rules.finish(pause)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _invalid(desk: Desk, call: Call, error: ValidationError) -> Response:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    said = tuple(f"{'/'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in details)
    desk.log.add(replace(call, errors=said, outcome="invalid", status=422, elapsed=_since(call)))
    return as_json({"detail": [{**one, "loc": ["body", *one["loc"]]} for one in details]}, 422)


def _readable(body: bytes) -> dict[str, Any]:
    """Members of a request that is not valid."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _filled(call: Call, members: dict[str, Any]) -> Call:
    """The call with those members that have the type that they should have."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "model": str,
        "prompt": str,
        "temperature": (int, float),
        "max_tokens": int,
        "region_preference": str,
        "cost_priority": bool,
    }
    good: dict[str, Any] = {name: members[name] for name, kind in kinds.items() if isinstance(members.get(name), kind)}
    return replace(call, **good, members=frozenset(members))


def _since(call: Call) -> float:
    return time.monotonic() - call.at
