"""Generates sequences, and makes one that shows a fault short."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from beacon.sequences import ACTIONS, Step, perform
from beacon.states import CROSS_REGION, STANDARD
from gate.core.findings import Finding
from gate.fuzz.campaign import Progress, Tally, Violation
from gate.fuzz.probe import Probe
from gate.fuzz.replay import Replay, command
from gate.fuzz.request import Shot
from gate.fuzz.shrink import least

SHORTEST, LONGEST = 4, 14
MOST_CAUSES = 3
"""Different findings after which a walk ends: each takes a shrinking."""
TRIES, SECONDS = 120, 20.0
"""Limits of one shrinking: sequences, and time."""
SUBMITS_ONE_IN, LISTS_ONE_IN = 5, 8


def sequence(seed: int, part: str, number: int) -> list[Step]:
    """The ``number``-th sequence of a part: the first does everything to a job of each workflow, others are random."""
    rng = random.Random(f"{seed} {part} {number}")  # noqa: S311 (cases, not secrets)
    if number == 0:
        both = [_submit(rng, STANDARD), _submit(rng, CROSS_REGION)]
        rest: list[Step] = [{"do": action, "job": job} for action in sorted(ACTIONS) for job in range(len(both))]
        rest.append({"do": "list"})
        rng.shuffle(both)
        rng.shuffle(rest)
        return both + rest
    steps = [_submit(rng, rng.choice((STANDARD, CROSS_REGION)))]
    for _ in range(rng.randint(SHORTEST, LONGEST)):
        if rng.randrange(SUBMITS_ONE_IN) == 0:
            steps.append(_submit(rng, rng.choice((STANDARD, CROSS_REGION))))
        elif rng.randrange(LISTS_ONE_IN) == 0:
            steps.append({"do": "list"})
        else:
            steps.append({"do": rng.choice(sorted(ACTIONS)), "job": rng.randrange(LONGEST)})
    return steps


def _submit(rng: random.Random, workflow: str) -> Step:
    sizes = {"regions": rng.randint(1, 3), "models": rng.randint(1, 2), "questions": rng.randint(1, 2)}
    return {"do": "submit", "workflow": workflow, **sizes}


class Walks:
    """Sequences for one seed; which there are does not depend on what the runner answers."""

    def __init__(
        self, probe: Probe, seed: int, name: str, directory: Path, progress: Progress = lambda _: None
    ) -> None:
        self.probe = probe
        self.seed = seed
        self.name = name
        self.directory = directory
        self.progress = progress
        self.tally = Tally(f"sequences {name}")
        self._known: set[tuple[str, str]] = set()

    def run(self, number: int, seconds: float = 0.0) -> list[Violation]:
        """Walks ``number`` sequences, and more until ``seconds`` are over; returns what is wrong, made short."""
        started = time.perf_counter()
        found: list[Violation] = []
        hashed = hashlib.sha256()
        for turn in count():
            if turn >= number and time.perf_counter() - started >= seconds:
                break
            steps = sequence(self.seed, self.name, turn)
            hashed.update(json.dumps(steps).encode())
            found += self._walk(steps, MOST_CAUSES - len(found))
            self.tally.seconds = time.perf_counter() - started
            self.progress(lambda turn=turn: f"{self.tally}; sequence {turn + 1} is done")  # type: ignore[misc]  # the loop's
            if len(found) >= MOST_CAUSES:
                break
        self.tally.seconds = time.perf_counter() - started
        self.tally.digest = hashed.hexdigest()[:16]
        return found

    def _walk(self, steps: Sequence[Step], most: int) -> list[Violation]:
        """At most ``most`` of the findings on one sequence that none before it had."""
        fresh = {(one.code, one.where): one for one in self._perform(steps)}
        found = [one for key, one in fresh.items() if key not in self._known][:most]
        self._known |= fresh.keys()
        return [self._violation(one, steps) for one in found]

    def _perform(self, steps: Sequence[Step]) -> list[Finding]:
        self.tally.cases += len(steps)
        return perform(self.probe, steps)

    def _violation(self, finding: Finding, steps: Sequence[Step]) -> Violation:
        wanted = Replay(finding.code, finding.where, self.seed)
        short = least(steps, _shorter, lambda some: any(map(wanted.is_it, self._perform(some))), TRIES, SECONDS)
        replay = Replay(finding.code, finding.where, self.seed, None, short)
        path = replay.write(self.directory)
        record = self.probe.scenario.record
        shown = next((one for one in perform(self.probe, short) if replay.is_it(one)), finding)
        steps_told = [f"    step     {json.dumps(step)}" for step in short]
        told = "\n".join([str(shown), *steps_told, f"    seed     {self.seed}", f"    replay   {command(path)}"])
        # Of all steps, not of the one request that it shows in: each may be what leads to it.
        whole = [replace(shown, request="")]
        evidence = self.probe.session.evidence(record, told, whole)
        return Violation(finding, Shot("", "GET", "/"), evidence, path)


def _shorter(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Sequences that are a little simpler: parts go first, large ones before small ones, then numbers get small."""
    length = len(steps) // 2
    while length:
        for place in range(0, len(steps), length):
            yield [*steps[:place], *steps[place + length :]]
        length //= 2
    for place, step in enumerate(steps):
        for name, low in (("job", 0), ("regions", 1), ("models", 1), ("questions", 1)):
            if step.get(name, low) != low:
                yield [*steps[:place], {**step, name: low}, *steps[place + 1 :]]
