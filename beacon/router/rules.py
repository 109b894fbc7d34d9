"""Which behaviour applies to which request, and who waits because of it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from beacon.router.behaviours import Answer, Behaviour, Hang
from beacon.router.providers import code


@dataclass(eq=False, slots=True)
class Rule:
    """A behaviour with the requests that it is for; None matches all. ``left`` is how often it may still apply."""

    behaviour: Behaviour
    job: str | None = None
    region: str | None = None  # a published code
    model: str | None = None
    prompt: str | None = None
    left: int | None = None
    released: bool = False

    def matches(self, job: str | None, region_preference: str, model: str, prompt: str) -> bool:
        """Whether it applies; a request without a trace id may be of any job, as not every runner sends one."""
        return (
            self.left != 0
            and (self.job is None or job in (None, self.job))
            and self.region in (None, code(region_preference))
            and self.model in (None, model)
            and (self.prompt is None or self.prompt in prompt)
        )


@dataclass(eq=False, slots=True)
class Pause:
    """A request that waits. ``seconds`` None is for ever; it may be ended from any thread."""

    rule: Rule
    job: str | None
    seconds: float | None
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Lets the request go on."""
        self.loop.call_soon_threadsafe(self.ended.set)


class Rules:
    """The rules of one stand-in; any thread may change them."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []  # the newest first
        self._pauses: set[Pause] = set()
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Adds the rule that wins over all others."""
        with self._lock:
            self._rules.insert(0, rule)

    def choose(
        self, job: str | None, region_preference: str, model: str, prompt: str
    ) -> tuple[Behaviour | None, Pause | None]:
        """The behaviour that applies to a request, None without one, and the pause that it begins with, if any.

        To be called by the loop that serves; ``finish`` takes the pause back.
        """
        with self._lock:
            rule = next((one for one in self._rules if one.matches(job, region_preference, model, prompt)), None)
            if rule is None:
                return None, None
            if rule.left is not None:
                rule.left -= 1
            pause = None
            if not rule.released and isinstance(rule.behaviour, Hang):
                pause = Pause(rule, job, None)
            elif not rule.released and isinstance(rule.behaviour, Answer) and rule.behaviour.latency > 0:
                pause = Pause(rule, job, rule.behaviour.latency)
            if pause is not None:
                self._pauses.add(pause)
            return rule.behaviour, pause

    def finish(self, pause: Pause) -> None:
        """The request waits no more."""
        with self._lock:
            self._pauses.discard(pause)

    def release(self, job: str | None = None) -> None:
        """Ends the pauses of one job, or all, and lets the rules of it pause no more."""
        with self._lock:
            for rule in self._rules:
                rule.released |= job in (None, rule.job)
            for pause in self._pauses:
                if job in (None, pause.job, pause.rule.job):
                    pause.end()

    def clear(self, job: str | None = None) -> None:
        """Releases, and drops the rules."""
        self.release(job)
        with self._lock:
            self._rules = [] if job is None else [rule for rule in self._rules if rule.job != job]
