"""The router stand-in that tests use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from beacon.router.app import State, application
from beacon.router.behaviours import Behaviour, Hang, Raw
from beacon.router.log import Call
from beacon.router.providers import DEFAULT_PROVIDERS, Provider, code, router_name
from beacon.router.rules import Rule
from beacon.router.serving import Serving
from beacon.router.wire import MODELS, PATHS, echo
from gate.core.waiting import NotReached, deadline
from gate.targets.service import StandIn

ECHO_SECONDS = 10.0
_right: list[bool] = []
"""An entry where a stand-in of this process answered right; a wrong answer may be a test's doing, and is not kept."""


def misanswers() -> str:
    """The end of a sentence where a stand-in that nobody programmed answers or logs something else than the echo.

    It is asked by the standard library: an image that has the stand-in and not the gate lacks other clients.
    """
    if _right:
        return ""
    asked = {"model": min(MODELS), "prompt": "Is this the echo?", "region_preference": "us-east"}
    limits = {"temperature": 0.5, "max_tokens": 100, "cost_priority": False}
    with Router() as router:
        connection = HTTPConnection(urlsplit(router.url).netloc, timeout=ECHO_SECONDS)
        try:
            connection.request("POST", PATHS[0], json.dumps(asked | limits), {"Content-Type": "application/json"})
            text = connection.getresponse().read()
        except OSError:  # which tells of this machine's network, not of what it would answer
            return ""
        finally:
            connection.close()
        texts = {_response(text), *(call.text for call in router.calls())}
    if texts != {echo(asked["model"], asked["region_preference"], asked["prompt"])}:
        return "answers or logs another text than the echo"
    _right.append(True)
    return ""


def _response(text: bytes) -> object:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer.get("response") if isinstance(answer, dict) else None


class Router:
    """An inference router that a test programs and that logs its requests.

    It listens on ``host``, on ``port`` or one of its own choice, from ``start`` to ``close``; a later ``start`` takes
    the same port again. A request that no rule matches gets the echo. Every method may be called from any thread.

    A job is named by the id that its runner sends as X-Trace-Id. A region is a published code (US, EU, ASIA, APAC) or
    the router's name for it; other text raises ValueError.
    """

    default_providers = DEFAULT_PROVIDERS

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._state = State()
        self._serving: Serving | None = None
        self._port = port

    @property
    def port(self) -> int:
        """The port, kept when the stand-in is closed; RuntimeError before the first start."""
        if not self._port:
            raise RuntimeError("the router stand-in was not started")
        return self._port

    @property
    def url(self) -> str:
        """The address for clients on this machine; RuntimeError before the first start."""
        host = ip_address(self._host)
        if host.is_unspecified:
            host = ip_address("127.0.0.1" if host.version == 4 else "::1")
        return f"http://{f'[{host}]' if host.version == 6 else host}:{self.port}"

    def start(self) -> Self:
        """Starts to listen; OSError where the port is taken, RuntimeError where it was started already."""
        if self._serving is not None:
            raise RuntimeError("the router stand-in was started already")
        self._state.closing = False
        self._serving = Serving(application(self._state), self._host, self._port)
        self._port = self._serving.port
        return self

    def close(self) -> None:
        """Stops listening and closes all connections, hanging ones too; safe to call twice. The log stays."""
        if self._serving is not None:
            self._state.closing = True
            self._serving.stop()
            self._serving = None

    def trouble(self) -> str:
        """The end of a sentence that says why its answers mean nothing; empty while they do."""
        return self._serving.trouble() or misanswers() if self._serving else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def on(
        self,
        behaviour: Behaviour,
        *,
        job: str | None = None,
        region: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        times: int | None = None,
    ) -> None:
        """Applies ``behaviour`` to inference requests that match, at most ``times`` times.

        Of the rules that match, the newest wins. ``prompt`` is a part of the prompt. A request without X-Trace-Id
        matches rules of any job.
        """
        if times is not None and times < 1:
            raise ValueError(f"times is {times}: a rule applies at least once")
        self._state.rules.add(Rule(behaviour, job, _code(region), model, prompt, times))

    def providers(self, providers: Iterable[Provider], *, job: str | None = None) -> None:
        """Sets the providers that are listed and answer: for one job, or for all jobs without a list of their own."""
        self._state.providers[job] = tuple(providers)

    def listed(self, job: str | None = None) -> tuple[Provider, ...]:
        """The providers that are listed for a job; none of those in raw bytes."""
        return () if job in self._state.providers_raw else tuple(self._state.providers_of(job))

    def providers_status(self, status: int, *, job: str | None = None) -> None:
        """Answers ``GET /providers`` with this status; 200 lists them again."""
        self._state.providers_status[job] = status

    def providers_raw(self, raw: Raw | Hang, *, job: str) -> None:
        """Answers ``GET /providers`` of a job with these bytes, or never."""
        self._state.providers_raw[job] = raw

    def health_status(self, status: int | None) -> None:
        """Answers ``GET /health`` with this status until a reset; never where it is None."""
        self._state.health_status = status

    def models(self, names: Iterable[str] | None) -> None:
        """Sets the known models; None means every model. The default, also after a reset, is ``MODELS``."""
        self._state.models = None if names is None else frozenset(names)

    def calls(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The inference requests so far, in order of arrival, answered or not.

        Requests that NoPath and PathOnly answered with 404 are in ``misses``.
        """
        return self._state.log.read(job, _code(region))

    def misses(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The inference requests that NoPath or PathOnly answered with 404."""
        return self._state.misses.read(job, _code(region))

    def listings(self, job: str | None = None) -> int:
        """The number of requests of ``GET /providers``."""
        return sum(job in (None, listed) for listed in list(self._state.listings))

    def waiting(self, job: str | None = None) -> int:
        """The number of inference requests that hang now, or whose latency is not over."""
        return sum(call.waiting for call in self.calls(job))

    def wait_for_calls(
        self, number: int, *, job: str | None = None, region: str | None = None, timeout: float | None = None
    ) -> list[Call]:
        """Waits for ``number`` inference requests, answered or not, and returns all so far.

        NotReached after ``timeout`` seconds, by default the limit of one step.
        """
        return self.wait_for(
            lambda calls: len(calls) >= number, f"{number} router calls", job=job, region=region, timeout=timeout
        )

    def wait_for(
        self,
        enough: Callable[[list[Call]], bool],
        name: str = "the expected router calls",
        *,
        job: str | None = None,
        region: str | None = None,
        timeout: float | None = None,
    ) -> list[Call]:
        """Waits until ``enough`` holds for the calls of a job and a region; ``name`` is for the error.

        NotReached after ``timeout`` seconds, by default the limit of one step.
        """
        limit = deadline("step") if timeout is None else timeout
        of, log = _code(region), self._state.log
        if not log.wait(enough, job, of, limit):
            seen = [f"  {c.at_utc:%H:%M:%S.%f} {c.job} {c.region_preference} {c.outcome}" for c in log.read(job, of)]
            calls = f"of {job or 'any job'}" + (f" in {of}" if of else "")
            raise NotReached("\n".join([f"{name} {calls} did not come within {limit:g} s; seen:", *seen[-20:]]))
        return log.read(job, of)

    def release(self, job: str | None = None) -> None:
        """Answers all waiting requests now; the rules so far pause no further request.

        With ``job``, this applies to the requests and rules of that job only.
        """
        self._state.rules.release(job)

    def reset(self, job: str | None = None, *, keep_log: bool = False) -> None:
        """Releases waiting requests and drops rules, providers and calls, of one job or all."""
        state = self._state
        state.rules.clear(job)
        if job is None:
            state.providers.clear()
            state.providers_status.clear()
            state.providers_raw.clear()
            self.models(MODELS)
            self.health_status(200)
        else:
            state.providers.pop(job, None)
            state.providers_status.pop(job, None)
            state.providers_raw.pop(job, None)
        if not keep_log:
            state.log.clear(job)
            state.misses.clear(job)
            state.listings[:] = [] if job is None else [listed for listed in state.listings if listed != job]


def router_in(stand_ins: Mapping[str, StandIn]) -> Router | None:
    """The router stand-in among those of a system; None where the router is a real one."""
    return next((server for server in stand_ins.values() if isinstance(server, Router)), None)


def _code(region: str | None) -> str | None:
    return None if region is None else code(router_name(region))
