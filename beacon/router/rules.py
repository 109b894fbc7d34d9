"""Rules that choose the behaviour for a request, and the pauses that they cause."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from beacon.router.behaviours import Answer, Behaviour, Hang
from beacon.router.providers import code


@dataclass(eq=False, slots=True)
class Rule:
    """A behaviour and its conditions; None matches all. ``remaining`` counts its uses to come, None without a limit."""

    behaviour: Behaviour
    job: str | None = None
    region: str | None = None  # a published code
    model: str | None = None
    prompt: str | None = None
    remaining: int | None = None
    released: bool = False

    def matches(self, job: str | None, region_preference: str, model: str, prompt: str) -> bool:
        """Return whether the rule applies; a request without a trace id, which a runner may omit, may be of any job."""
        return (
            self.remaining != 0
            and (self.job is None or job in (None, self.job))
            and self.region in (None, code(region_preference))
            and self.model in (None, model)
            and (self.prompt is None or self.prompt in prompt)
        )


@dataclass(eq=False, slots=True)
class Pause:
    """A waiting request. ``seconds`` None means without limit; any thread may end it."""

    rule: Rule
    job: str | None
    seconds: float | None
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Ends the pause."""
        self.loop.call_soon_threadsafe(self.ended.set)


class Rules:
    """The rules of one stand-in; any thread may change them."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []  # the newest first
        self._pauses: set[Pause] = set()
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Adds a rule, which wins over all earlier ones."""
        with self._lock:
            self._rules.insert(0, rule)

    def choose(
        self, job: str | None, region_preference: str, model: str, prompt: str
    ) -> tuple[Behaviour | None, Pause | None]:
        """The behaviour for a request and the pause before it; None without a rule, or without a pause.

        The serving event loop calls this, and passes the pause to ``finish`` afterwards.
        """
        with self._lock:
            rule = next((r for r in self._rules if r.matches(job, region_preference, model, prompt)), None)
            if rule is None:
                return None, None
            if rule.remaining is not None:
                rule.remaining -= 1
            pause = None
            if not rule.released and isinstance(rule.behaviour, Hang):
                pause = Pause(rule, job, None)
            elif not rule.released and isinstance(rule.behaviour, Answer) and rule.behaviour.latency > 0:
                pause = Pause(rule, job, rule.behaviour.latency)
            if pause is not None:
                self._pauses.add(pause)
            return rule.behaviour, pause

    def finish(self, pause: Pause) -> None:
        """Removes a pause that has ended."""
        with self._lock:
            self._pauses.discard(pause)

    def release(self, job: str | None = None) -> None:
        """Ends the pauses of one job, or all, and keeps its rules from causing further ones."""
        with self._lock:
            for rule in self._rules:
                rule.released |= job in (None, rule.job)
            for pause in self._pauses:
                if job in (None, pause.job, pause.rule.job):
                    pause.end()

    def clear(self, job: str | None = None) -> None:
        """Releases the requests of one job, or all, and drops its rules."""
        self.release(job)
        with self._lock:
            self._rules = [] if job is None else [rule for rule in self._rules if rule.job != job]
