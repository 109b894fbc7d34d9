"""The stand-in as a test sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Self

from beacon.router.app import Desk, application
from beacon.router.behaviours import Behaviour
from beacon.router.log import Call
from beacon.router.providers import DEFAULT_PROVIDERS, Provider, code, router_name
from beacon.router.rules import Rule
from beacon.router.serving import Serving
from beacon.router.wire import MODELS
from gate.core.waiting import NotReached, deadline
from gate.targets.service import StandIn


class Router:
    """An inference router that a test programs and that remembers what it was asked.

    It listens on ``host``, on a port of its own choice, from ``start`` to ``close``; a later ``start`` takes the same
    port again. What is not programmed is answered with the echo. Every method may be called from any thread.

    A job is named by the id that its runner sends as X-Trace-Id. A region is a published code (US, EU, ASIA, APAC) or
    the router's name for it; other text raises ValueError.
    """

    default_providers = DEFAULT_PROVIDERS

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._desk = Desk()
        self._serving: Serving | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Where it listens, also when it is closed; RuntimeError before the first start."""
        if not self._port:
            raise RuntimeError("the router stand-in was not started")
        return self._port

    @property
    def url(self) -> str:
        """Its address for clients on this machine; RuntimeError before the first start."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 (compared, not bound)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> Self:
        """Listens, and answers from now on. OSError where that cannot be, RuntimeError when it already does."""
        if self._serving is not None:
            raise RuntimeError("the router stand-in was started already")
        self._desk.closing = False
        self._serving = Serving(application(self._desk), self._host, self._port)
        self._port = self._serving.port
        return self

    def close(self) -> None:
        """Stops listening and closes all connections, also those that hang; safe to call twice. The log stays."""
        if self._serving is not None:
            self._desk.closing = True
            self._serving.stop()
            self._serving = None

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
        self._desk.rules.add(Rule(behaviour, job, _code(region), model, prompt, times))

    def providers(self, providers: Iterable[Provider], *, job: str | None = None) -> None:
        """Lists these providers, and lets only these answer; for one job or, where it has no list of its own, all."""
        self._desk.providers[job] = tuple(providers)

    def listed(self, job: str | None = None) -> tuple[Provider, ...]:
        """The providers that a job is told of."""
        return tuple(self._desk.providers_of(job))

    def providers_status(self, status: int, *, job: str | None = None) -> None:
        """Answers ``GET /providers`` with this status; 200 lists them again."""
        self._desk.providers_status[job] = status

    def models(self, names: Iterable[str] | None) -> None:
        """Knows these models only, or with None every model. ``gate.router.MODELS`` at first, and after a reset."""
        self._desk.models = None if names is None else frozenset(names)

    def calls(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The inference requests so far, in order of arrival, answered or not.

        Those that NoPath and PathOnly sent to a path that is not there are in ``misses``.
        """
        return self._desk.log.read(job, _code(region))

    def misses(self, job: str | None = None, region: str | None = None) -> list[Call]:
        """The inference requests that were answered 404 because NoPath or PathOnly said so."""
        return self._desk.misses.read(job, _code(region))

    def listings(self, job: str | None = None) -> int:
        """How often ``GET /providers`` was requested."""
        return sum(job in (None, one) for one in list(self._desk.listings))

    def waiting(self, job: str | None = None) -> int:
        """How many inference requests hang now, or take their latency."""
        return sum(call.waiting for call in self.calls(job))

    def wait_for_calls(
        self, number: int, *, job: str | None = None, region: str | None = None, timeout: float | None = None
    ) -> list[Call]:
        """Waits until there were ``number`` inference requests, answered or not, and returns all that there are.

        NotReached after ``timeout`` seconds, by default what one step may take.
        """
        return self.wait_for(
            lambda calls: len(calls) >= number, f"{number} router calls", job=job, region=region, timeout=timeout
        )

    def wait_for(
        self,
        enough: Callable[[list[Call]], bool],
        what: str = "the expected router calls",
        *,
        job: str | None = None,
        region: str | None = None,
        timeout: float | None = None,
    ) -> list[Call]:
        """Waits until ``enough`` holds for the calls of a job and a region; ``what`` names it in the error.

        NotReached after ``timeout`` seconds, by default what one step may take.
        """
        limit = deadline("step") if timeout is None else timeout
        of, log = _code(region), self._desk.log
        if not log.wait(enough, job, of, limit):
            seen = [f"  {c.at_utc:%H:%M:%S.%f} {c.job} {c.region_preference} {c.outcome}" for c in log.read(job, of)]
            whose = f"of {job or 'any job'}" + (f" in {of}" if of else "")
            raise NotReached("\n".join([f"{what} {whose} did not come within {limit:g} s; seen:", *seen[-20:]]))
        return log.read(job, of)

    def release(self, job: str | None = None) -> None:
        """Lets what hangs or takes its latency answer now; what is programmed so far makes nobody wait any more.

        With ``job`` the requests and rules of that job only.
        """
        self._desk.rules.release(job)

    def reset(self, job: str | None = None, *, keep_log: bool = False) -> None:
        """Releases what waits and forgets rules, providers and calls, of one job or all, as if just made."""
        desk = self._desk
        desk.rules.clear(job)
        if job is None:
            desk.providers.clear()
            desk.providers_status.clear()
            self.models(MODELS)
        else:
            desk.providers.pop(job, None)
            desk.providers_status.pop(job, None)
        if not keep_log:
            desk.log.clear(job)
            desk.misses.clear(job)
            desk.listings[:] = [] if job is None else [one for one in desk.listings if one != job]


def router_in(stand_ins: Mapping[str, StandIn]) -> Router | None:
    """The router stand-in among those of a system; None where the router is a real one."""
    return next((server for server in stand_ins.values() if isinstance(server, Router)), None)


def _code(region: str | None) -> str | None:
    return None if region is None else code(router_name(region))
