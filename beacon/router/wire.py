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

from beacon.awkward import AWKWARD_NUMBERS, AWKWARD_TEXT
from beacon.router.behaviours import (
    Answer,
    Behaviour,
    Drop,
    Elsewhere,
    Empty,
    Malformed,
    NotJson,
    Raw,
    Status,
    Unsuccessful,
)
from beacon.router.providers import REGIONS, Provider, serving

PATHS = ("/inference", "/api/v1/inference", "/api/inference", "/v1/inference")
"""Paths of inference in the releases of the router."""
MODELS = frozenset({"llama3.2-1b", "mistral-7b", "qwen2.5-1.5b"})
"""The models that the router knows."""
INFERENCE_SECONDS, COST = 0.25, 0.000075
AWKWARD: Mapping[str, Any] = {"note": AWKWARD_TEXT, AWKWARD_TEXT: [[], {}, "", None, False, *AWKWARD_NUMBERS]}
"""Metadata of every answer: names, texts and numbers that a careless layer changes."""


class InferenceRequest(BaseModel):
    """An inference request. All six members are required, with these types; others are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    model: str
    prompt: str
    temperature: float
    max_tokens: int
    region_preference: str
    cost_priority: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """A response and its entries in the log; ``status`` is None where no answer is sent."""

    response: Response
    outcome: str
    status: int | None
    text: str | None = None
    provider: str | None = None
    metadata: Mapping[str, Any] | None = None
    words: str | None = None


class HangUp(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return once the connection is closed; if it returned earlier, the server would answer 500."""
        del send
        scope["state"]["hang_up"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class Pieces(Response):
    """A body that is sent in pieces and without its length, and of which the last piece may never come.

    A length that its headers give is sent, right or wrong.
    """

    def __init__(self, raw: Raw) -> None:
        super().__init__(b"", headers=dict(raw.headers), media_type=raw.media_type)
        if "content-length" not in raw.headers:
            del self.headers["content-length"]
        self._pieces, self._cut = raw.pieces, raw.cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces; where the last one is missing, close the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._cut:
            await HangUp()(scope, receive, send)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def in_pieces(body: Any) -> Response:
    """A JSON response in UTF-8 whose pieces end within a character, where it has one of several bytes."""
    try:
        content = json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which has no other form than its escape
        return as_json(body)
    middle = next((at + 1 for at, byte in enumerate(content) if byte > 127), len(content) // 2)
    return Pieces(Raw((content[:middle], content[middle:])))


def as_json(body: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response. Non-ASCII is escaped, so that lone surrogates can be sent too."""
    return Response(json.dumps(body), code, dict(headers or {}), "application/json")


def echo(model: str, region_preference: str, prompt: str) -> str:
    """The text of the default answer; it names the request, so that a result stored under another name shows.

    Equal requests have equal texts, different requests different ones. The sentences neither refuse nor judge; they
    quote the first thousand characters of the prompt.
    """
    content = json.dumps([model, region_preference, prompt]).encode()
    # Decimal, as hexadecimal digits can spell words of the analysis, such as "bad".
    mark = int.from_bytes(hashlib.sha256(content).digest()[:6], "big")
    return (
        f"The model {model} answers for the region {region_preference}. "
        f"It was asked the following question: {prompt[:1000]} "
        f"These sentences belong to this model, this region and this question alone, and so that a copy under the name "
        f"of another one shows, they carry the number {mark}. {AWKWARD_TEXT}"
    )


def reply(
    behaviour: Behaviour | None,
    request: InferenceRequest,
    providers: Sequence[Provider],
    models: Collection[str] | None,
) -> Reply:
    """The answer that ``behaviour`` gives, or the echo; ``models`` None means that every model is known."""
    provider = serving(providers, request.region_preference)
    match behaviour:
        case Status(status, body, headers):
            content = {"detail": _phrase(status)} if body is None else body
            result = _refusal(as_json(content, status, headers), behaviour.outcome)
        case NotJson(text):
            result = Reply(Response(text, media_type="text/html"), behaviour.outcome, 200)
        case Raw():
            result = Reply(Pieces(behaviour), behaviour.outcome, 200)
        case Drop():
            result = Reply(HangUp(), behaviour.outcome, None)
        case Unsuccessful(error, error_code, named):
            named = named or (provider.name if provider else None)
            content = _failure(error, error_code, request, provider, named)
            result = Reply(content, behaviour.outcome, 200, provider=named, words=error)
        case _ if provider is None:
            result = _refusal(as_json({"detail": "No healthy providers available"}, 503), "no_provider")
        case _ if models is not None and request.model not in models:
            error = f"Unknown model: {request.model}"
            content = _failure(error, None, request, provider, provider.name)
            result = Reply(content, "unknown_model", 200, provider=provider.name, words=error)
        case _:
            result = _answer(behaviour, request, provider, providers)
    return result


def _answer(
    behaviour: Behaviour | None, request: InferenceRequest, provider: Provider, providers: Sequence[Provider]
) -> Reply:
    if isinstance(behaviour, Elsewhere):
        name = REGIONS.get(behaviour.region, behaviour.region)
        provider = next((entry for entry in providers if entry.region == name), Provider(name))
    answer = behaviour if isinstance(behaviour, Answer) else Answer()
    text = echo(request.model, request.region_preference, request.prompt) if answer.text is None else answer.text
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
            **_metadata(request, provider),
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
    metadata: Any = body.get("metadata")
    return Reply(in_pieces(body), outcome, 200, sent if isinstance(sent, str) else None, named, metadata)


def _refusal(response: Response, outcome: str) -> Reply:
    """A reply whose words are its whole body."""
    return Reply(response, outcome, response.status_code, words=bytes(response.body).decode())


def _failure(
    error: str, error_code: str | None, request: InferenceRequest, provider: Provider | None, named: str | None
) -> Response:
    return as_json(
        {
            "success": False,
            "response": None,
            "error": error,
            **({} if error_code is None else {"error_code": error_code}),
            "provider_used": named,
            "inference_time": 0.0,
            "cost_estimate": 0.0,
            "metadata": _metadata(request, provider) if provider else {},
        }
    )


def _metadata(request: InferenceRequest, provider: Provider) -> dict[str, Any]:
    named = {"provider_type": provider.type, "region": provider.region, "model": request.model}
    # The answers of one region have no receipt.
    receipt = {} if provider.region == REGIONS["US"] else {"receipt": {**AWKWARD, "units": 2**64 + 1, "cost": 0.1}}
    return {**AWKWARD, **named, **receipt}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"
