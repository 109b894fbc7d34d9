"""The stand-in's routes: they answer requests and log them."""

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

from beacon.router.behaviours import Hang, NoPath, PathOnly, Raw
from beacon.router.log import Call, Log
from beacon.router.providers import DEFAULT_PROVIDERS, Provider
from beacon.router.rules import Pause, Rules
from beacon.router.wire import MODELS, PATHS, HangUp, InferenceRequest, Pieces, as_json, reply

HEADERS = ("accept", "content-type", "idempotency-key", "traceparent", "user-agent", "x-request-id", "x-trace-id")


@dataclass
class State:
    """The program and the log of a stand-in; an entry for a job wins over that of None, which is for all jobs."""

    rules: Rules = field(default_factory=Rules)
    log: Log = field(default_factory=Log)
    misses: Log = field(default_factory=Log)
    providers: dict[str | None, Sequence[Provider]] = field(default_factory=dict)
    providers_status: dict[str | None, int] = field(default_factory=dict)
    providers_raw: dict[str | None, Raw | Hang] = field(default_factory=dict)
    listings: list[str | None] = field(default_factory=list)
    health_status: int | None = 200
    models: Collection[str] | None = MODELS
    closing: bool = False

    def providers_of(self, job: str | None) -> Sequence[Provider]:
        """The providers that are listed for a job and answer it."""
        return self.providers.get(job, self.providers.get(None, DEFAULT_PROVIDERS))


def application(state: State) -> Starlette:
    """The routes of a router that follows ``state``."""

    async def infer(request: Request) -> Response:
        return await _infer(state, request)

    async def providers(request: Request) -> Response:
        job = request.headers.get("x-trace-id")
        state.listings.append(job)
        raw = state.providers_raw.get(job)
        if isinstance(raw, Hang):
            await _disconnected(request)
            return HangUp()
        if raw is not None:
            return Pieces(raw)
        status = state.providers_status.get(job, state.providers_status.get(None, 200))
        if status != 200:
            return as_json({"detail": "the list of providers is not available"}, status)
        return as_json({"providers": [provider.as_dict() for provider in state.providers_of(job)]})

    async def health(request: Request) -> Response:
        if state.health_status is None:
            await _disconnected(request)
            return HangUp()
        return as_json({"status": "healthy"}, state.health_status)

    routes = [Route(path, infer, methods=["POST"]) for path in PATHS]
    return Starlette(routes=[*routes, Route("/providers", providers), Route("/health", health)])


async def _infer(state: State, request: Request) -> Response:
    try:
        body = await request.body()
    except ClientDisconnect:
        state.log.add(replace(_received(request), errors=("the body did not arrive",), outcome="invalid", aborted=True))
        return HangUp()
    call = _received(request)
    try:
        inference = InferenceRequest.model_validate_json(body)
    except ValidationError as error:
        return _invalid(state, _with_members(call, _parsed(body)), error)
    call = _with_members(call, inference.model_dump())

    behaviour, pause = state.rules.choose(call.job, call.region_preference, call.model, call.prompt)
    if isinstance(behaviour, NoPath) or (isinstance(behaviour, PathOnly) and behaviour.path != call.path):
        # A request to a path that does not exist never reaches a model, so it is not a call.
        state.misses.add(replace(call, outcome=behaviour.outcome, status=404, elapsed=_since(call)))
        return as_json({"detail": "Not Found"}, 404)
    number = None
    if pause is not None and behaviour is not None:
        number = state.log.add(replace(call, outcome=behaviour.outcome, waiting=True))
        if not await _wait_out(state, request, pause):
            state.log.update(number, waiting=False, aborted=not state.closing, elapsed=_since(call))
            return HangUp()

    answer = reply(behaviour, inference, state.providers_of(call.job), state.models)
    result: dict[str, Any] = {
        "outcome": answer.outcome,
        "waiting": False,
        "status": answer.status,
        "text": answer.text,
        "provider": answer.provider,
        "metadata": answer.metadata,
        "words": answer.words,
        "elapsed": _since(call),
    }
    # Logged before the answer is sent, so that a client that has the answer finds the call in the log.
    if number is None:
        state.log.add(replace(call, **result))
    else:
        state.log.update(number, **result)
    return answer.response


def _received(request: Request) -> Call:
    return Call(
        at=time.monotonic(),
        at_utc=datetime.now(UTC),
        job=request.headers.get("x-trace-id"),
        path=request.url.path,
        headers={name: request.headers[name] for name in HEADERS if name in request.headers},
    )


async def _wait_out(state: State, request: Request, pause: Pause) -> bool:
    """Wait until the pause ends; False when the client disconnects first."""
    ended = asyncio.create_task(pause.ended.wait())
    disconnected = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((ended, disconnected), timeout=pause.seconds, return_when=asyncio.FIRST_COMPLETED)
        return not disconnected.done()
    finally:
        ended.cancel()
        disconnected.cancel()
        state.rules.finish(pause)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _invalid(state: State, call: Call, error: ValidationError) -> Response:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    messages = tuple(f"{'/'.join(map(str, entry['loc']))}: {entry['msg']}".lstrip(": ") for entry in details)
    state.log.add(replace(call, errors=messages, outcome="invalid", status=422, elapsed=_since(call)))
    return as_json({"detail": [{**entry, "loc": ["body", *entry["loc"]]} for entry in details]}, 422)


def _parsed(body: bytes) -> dict[str, Any]:
    """The members of an invalid request; empty unless it is a JSON object."""
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def _with_members(call: Call, members: dict[str, Any]) -> Call:
    """The call with those members of the request that have the right type."""
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
