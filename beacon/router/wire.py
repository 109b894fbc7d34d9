"""Requests and answers as they go over the wire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from beacon.router.behaviours import Answer, Behaviour, Drop, Elsewhere, Empty, Malformed, NotJson, Status, Unsuccessful
from beacon.router.providers import REGIONS, Provider, serving

PATHS = ("/inference", "/api/v1/inference", "/api/inference", "/v1/inference")
"""Where routers of different releases have inference."""
MODELS = frozenset({"llama3.2-1b", "mistral-7b", "qwen2.5-1.5b"})
"""The models that the router knows."""
INFERENCE_SECONDS, COST = 0.25, 0.000075


class Asked(BaseModel):
    """An inference request. All six members must be there, of their own type; others are tolerated."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    model: str
    prompt: str
    temperature: float
    max_tokens: int
    region_preference: str
    cost_priority: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """A response with what the log says about it; ``status`` None where none is sent."""

    response: Response
    outcome: str
    status: int | None
    text: str | None = None
    provider: str | None = None


class HangUp(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (nothing is sent)
        """Ends once the connection is gone, as the server answers 500 in the name of who returns earlier."""
        scope["state"]["hang_up"]()
        while (await receive())["type"] != "http.disconnect":
            pass


def as_json(body: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response. Non-ASCII is escaped, so that lone surrogates can be sent too."""
    return Response(json.dumps(body), code, dict(headers or {}), "application/json")


def echo(model: str, region_preference: str, prompt: str) -> str:
    """The text of an unprogrammed answer: names what was asked, so that a result under another name shows.

    The same request has the same text, another one has another. The sentences themselves neither refuse nor judge; the
    first thousand characters of the prompt are quoted as they are.
    """
    asked = json.dumps([model, region_preference, prompt]).encode()
    # Decimal, as hexadecimal digits can spell words of the analysis, such as "bad".
    mark = int.from_bytes(hashlib.sha256(asked).digest()[:6], "big")
    return (
        f"The model {model} answers for the region {region_preference}. "
        f"It was asked the following question: {prompt[:1000]} "
        f"These sentences belong to this model, this region and this question alone, and so that a copy under the name "
        f"of another one shows, they carry the number {mark}."
    )


def reply(
    behaviour: Behaviour | None, asked: Asked, providers: Sequence[Provider], models: Collection[str] | None
) -> Reply:
    """What ``behaviour`` answers; the echo without one. ``models`` None knows every model."""
    provider = serving(providers, asked.region_preference)
    match behaviour:
        case Status(status, body, headers):
            shown = {"detail": _phrase(status)} if body is None else body
            found = Reply(as_json(shown, status, headers), behaviour.outcome, status)
        case NotJson(text):
            found = Reply(Response(text, media_type="text/html"), behaviour.outcome, 200)
        case Drop():
            found = Reply(HangUp(), behaviour.outcome, None)
        case Unsuccessful(error, error_code):
            found = Reply(_failure(error, error_code, asked, provider), behaviour.outcome, 200)
        case _ if provider is None:
            found = Reply(as_json({"detail": "No healthy providers available"}, 503), "no_provider", 503)
        case _ if models is not None and asked.model not in models:
            found = Reply(_failure(f"Unknown model: {asked.model}", None, asked, provider), "unknown_model", 200)
        case _:
            found = _answer(behaviour, asked, provider, providers)
    return found


def _answer(behaviour: Behaviour | None, asked: Asked, provider: Provider, providers: Sequence[Provider]) -> Reply:
    if isinstance(behaviour, Elsewhere):
        name = REGIONS.get(behaviour.region, behaviour.region)
        provider = next((one for one in providers if one.region == name), Provider(name))
    answer = behaviour if isinstance(behaviour, Answer) else Answer()
    text = echo(asked.model, asked.region_preference, asked.prompt) if answer.text is None else answer.text
    if isinstance(behaviour, Empty):
        text = ""
    used = provider.name if answer.provider is None else answer.provider
    body = {
        "success": True,
        "response": text,
        "error": None,
        "provider_used": used,
        "inference_time": answer.latency or INFERENCE_SECONDS,
        "cost_estimate": COST,
        "metadata": {
            **_metadata(asked, provider),
            **({} if answer.receipt is None else {"receipt": dict(answer.receipt)}),
            **answer.metadata,
        },
    }
    if isinstance(behaviour, Empty) and behaviour.error_code is not None:
        body["error_code"] = behaviour.error_code
    if isinstance(behaviour, Malformed):
        body = {name: value for name, value in body.items() if name not in behaviour.missing}
    sent = body.get("response")
    outcome = "echo" if behaviour is None or behaviour == Answer() else behaviour.outcome
    named = used if isinstance(used, str) else None
    return Reply(as_json(body), outcome, 200, sent if isinstance(sent, str) else None, named)


def _failure(error: str, error_code: str | None, asked: Asked, provider: Provider | None) -> Response:
    return as_json(
        {
            "success": False,
            "response": None,
            "error": error,
            **({} if error_code is None else {"error_code": error_code}),
            "provider_used": provider.name if provider else None,
            "inference_time": 0.0,
            "cost_estimate": 0.0,
            "metadata": _metadata(asked, provider) if provider else {},
        }
    )


def _metadata(asked: Asked, provider: Provider) -> dict[str, Any]:
    return {"provider_type": provider.type, "region": provider.region, "model": asked.model}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"
