"""The inference router: which providers it has, and one call of one model."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Literal, NoReturn

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from runner.client import session
from runner.shortage import is_shortage

ROUTER_REGIONS: Final[Mapping[str, str]] = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
"""The router's name of each region; everywhere else the codes are used."""

FailureType = Literal[
    "http",
    "timeout",
    "network",
    "invalid_response",
    "router",
    "empty_response",
    "region_mismatch",
    "no_provider",
    "runner",
]

_PATHS: Final = ("/inference", "/api/v1/inference", "/api/inference", "/v1/inference")
_TEMPERATURE: Final = 0.1
_MAX_TOKENS: Final = 500
_MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
LARGE_BYTES: Final = 256 * 1024
"""Size from which an answer is read in turns, and worked on off the event loop."""
_MAX_TEXT: Final = 2000
_LISTING_SECONDS: Final = 10.0
_SHORTAGE_SECONDS: Final = 0.2


@dataclass
class Failure(Exception):  # noqa: N818 - the field's name for it, and that of the member it is stored in
    """Why a call brought no answer.

    Attributes:
        code: one of the ROUTER_* codes.
        type: the kind of failure.
        message: what happened, for people.
        transient: whether the same call may well succeed later.
        http_status: of the router's answer, if there was one.
        provider: who failed, if the router said so.
        router_error: the router's own words, if there were any.

    """

    code: str
    type: FailureType
    message: str
    transient: bool
    http_status: int | None = None
    provider: str | None = None
    router_error: str | None = None


@dataclass(frozen=True)
class Provider:
    """An entry of the router's list of providers."""

    name: str
    type: str
    region: str
    healthy: bool


@dataclass(frozen=True)
class Answer:
    """The answer of a model.

    Attributes:
        text: never empty, and free of what Postgres cannot store (U+0000, lone surrogates).
        provider: who answered, as the router says.
        metadata: the router's metadata; may be empty.

    """

    text: str
    provider: str | None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A call and what goes on around it.

    Attributes:
        trace_id: sent as X-Trace-Id.
        key: sent as Idempotency-Key; another one for each call.
        sent: is set when the request has been sent.
        room: left when the answer has been stored; a large one takes the place of others until then.

    """

    trace_id: str
    key: str
    sent: asyncio.Event
    room: AsyncExitStack


class LargeAnswers:
    """Turns of answers that are large: a few are read at a time, and one is parsed and stored."""

    def __init__(self) -> None:
        self.reading = asyncio.Semaphore(3)
        self.working = asyncio.Lock()


class Router:
    """A client of the inference router, to be made where an event loop runs, and to be entered before use.

    Args:
        base_url: without a trailing path of an operation.
        timeout_seconds: how long one call of a model may take in all.

    """

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self.large = LargeAnswers()
        self._url = base_url.rstrip("/")
        self._path = _PATHS[0]
        tracing = aiohttp.TraceConfig()
        tracing.on_request_chunk_sent.append(_sent)
        self._client = session(tracing)

    async def __aenter__(self) -> "Router":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def providers(self, trace_id: str) -> list[Provider] | None:
        """The router's providers in its own order, or None when it gives no list: then each call has to find out.

        Args:
            trace_id: sent as X-Trace-Id.

        """
        try:
            async with asyncio.timeout(min(_LISTING_SECONDS, self._timeout)):
                headers = {"X-Trace-Id": trace_id}
                request = self._client.get(f"{self._url}/providers", headers=headers, allow_redirects=False)
                async with request as response:
                    good = 200 <= response.status < 300
                    listed = clean(json.loads(await response.read())["providers"]) if good else None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, RecursionError):
            return None
        if not isinstance(listed, list):
            return None
        return [
            Provider(entry["name"][:255], str(entry.get("type", "")), entry["region"], entry.get("healthy") is True)
            for entry in listed
            if isinstance(entry, dict)
            and isinstance(entry.get("name"), str)
            and entry["name"]
            and isinstance(entry.get("region"), str)
        ]

    async def infer(self, model: str, prompt: str, region: str, call: Call) -> Answer:
        """Ask a model.

        Args:
            model: its id.
            prompt: the text that it gets.
            region: canonical code of the region that it must run in.
            call: its names, and what goes on around it.

        Raises:
            Failure: there is no answer, or it is not one that may be used.

        """
        body = {
            "model": model,
            "prompt": prompt,
            "temperature": _TEMPERATURE,
            "max_tokens": _MAX_TOKENS,
            "region_preference": ROUTER_REGIONS.get(region, region),
            "cost_priority": False,
        }
        try:
            async with asyncio.timeout(self._timeout) as limit:
                status, content = await self._patiently(body, call)
        except TimeoutError as error:
            if not limit.expired():
                raise Failure("ROUTER_NETWORK", "network", _words(error), transient=True) from error
            message = f"no answer within {self._timeout:g} s"
            raise Failure("ROUTER_TIMEOUT", "timeout", message, transient=True) from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, ContentEncodingError):
                _invalid(f"the answer cannot be decoded: {_words(error.__cause__)}", None)
            message = f"the call failed: {_words(error)}"
            raise Failure("ROUTER_NETWORK", "network", message, transient=True) from error
        if len(content) <= LARGE_BYTES:
            return _read(status, content, region)
        await call.room.enter_async_context(self.large.working)
        return await asyncio.to_thread(_read, status, content, region)

    async def _patiently(self, body: Mapping[str, object], call: Call) -> tuple[int, bytearray]:
        """Make a call; where this process has no room to begin it, again a little later: the router is not to blame."""
        while True:
            try:
                return await self._post(body, call)
            except OSError as error:
                if call.sent.is_set() or not is_shortage(error):
                    raise
            await asyncio.sleep(_SHORTAGE_SECONDS)

    async def _post(self, body: Mapping[str, object], call: Call) -> tuple[int, bytearray]:
        headers = {"X-Trace-Id": call.trace_id, "Idempotency-Key": call.key}
        # Routers of different releases have the operation at different paths; the one that was found is kept.
        status, content = 404, bytearray()
        for path in (self._path, *(path for path in _PATHS if path != self._path)):
            request = self._client.post(
                f"{self._url}{path}", json=body, headers=headers, allow_redirects=False, trace_request_ctx=call.sent
            )
            async with request as response:
                status, content = response.status, await self._content(response, call.room)
            if status != 404:
                self._path = path
                break
        return status, content

    async def _content(self, response: aiohttp.ClientResponse, room: AsyncExitStack) -> bytearray:
        content, large = bytearray(), False
        async for part in response.content.iter_any():
            content += part
            if len(content) > _MAX_ANSWER_BYTES:
                _invalid(f"the answer is longer than {_MAX_ANSWER_BYTES} bytes", response.status)
            if len(content) > LARGE_BYTES and not large:
                large = True
                await room.enter_async_context(self.large.reading)  # meanwhile the rest waits at the router
        return content


async def _sent(
    _: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestChunkSentParams
) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.set()


def _read(status: int, content: bytearray, region: str) -> Answer:
    if not 200 <= status < 300:
        words = _plain(content.decode(errors="replace"))
        message = f"the router answered {status}" + (f": {words}" if words else "")
        transient = status >= 500 or status in (408, 425, 429)
        code = f"ROUTER_HTTP_{status}"
        raise Failure(code, "http", message, transient=transient, http_status=status, router_error=words or None)
    try:
        body = clean(json.loads(content, parse_constant=_constant))
    except (ValueError, RecursionError) as error:
        _invalid(f"the answer is not JSON: {_words(error)}", status)
    if not isinstance(body, dict) or not isinstance(body.get("success"), bool):
        _invalid("the answer is not an object with a boolean member success", status)
    provider = body.get("provider_used")
    provider = provider[:255] if isinstance(provider, str) and provider else None
    if body["success"] is False:
        words = _plain(body["error"]) if isinstance(body.get("error"), str) else ""
        message = f"the router reported a failure: {words or 'no reason given'}"
        raise Failure("ROUTER_ERROR", "router", message, True, status, provider, words or None)
    return _accept(body, status, provider, region)


def _accept(body: dict[str, Any], status: int, provider: str | None, region: str) -> Answer:
    text = body.get("response")
    if text is not None and not isinstance(text, str):
        _invalid("the member response is not a string", status, provider)
    if text is None or not text.strip():
        message = "the router reported success with an empty response"
        raise Failure("ROUTER_EMPTY_RESPONSE", "empty_response", message, False, status, provider)
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    ran_in = metadata.get("region")
    if isinstance(ran_in, str) and ran_in and ran_in.lower() not in (region.lower(), ROUTER_REGIONS.get(region)):
        message = f"asked for {ROUTER_REGIONS.get(region, region)}, but the model ran in {_plain(ran_in)}"
        raise Failure("ROUTER_REGION_MISMATCH", "region_mismatch", message, False, status, provider)
    return Answer(text, provider, metadata)


def _invalid(message: str, status: int | None, provider: str | None = None) -> NoReturn:
    raise Failure("ROUTER_JSON_ERROR", "invalid_response", message, False, status, provider)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _words(error: BaseException) -> str:
    # Where an error has a message, its text also has the address of the router.
    return _plain(str(getattr(error, "message", "") or error)) or type(error).__name__


def _plain(text: str) -> str:
    return str(clean(text)).strip()[:_MAX_TEXT]


def _storable(text: str) -> bool:
    """Return whether a text has neither U+0000 nor a lone surrogate."""
    with suppress(UnicodeEncodeError):
        return "\x00" not in text and (text.isascii() or bool(text.encode()))
    return False


def clean(value: Any) -> Any:
    """A JSON value without what Postgres cannot store in JSONB.

    U+0000 and lone surrogates become U+FFFD. Numbers beyond the range of a float become null, as JSON has no infinity.
    """
    if isinstance(value, str):
        if _storable(value):
            return value
        return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value
