"""Generates sequences, and makes one that shows a fault short: Hypothesis does both."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from gate.evidence import Evidence
from gate.findings import Finding
from gate.fuzz.campaign import Tally, Violation
from gate.fuzz.probe import Probe
from gate.fuzz.replay import Replay
from gate.fuzz.sequences import ACTIONS, Step, perform
from gate.fuzz.shot import Shot
from gate.scenario import CROSS_REGION, STANDARD

LONGEST, MOST_JOBS = 12, 3
MOST_CAUSES = 3
"""Different findings after which a walk ends: each takes a shrinking."""

SUBMIT = st.fixed_dictionaries(
    {
        "do": st.just("submit"),
        "workflow": st.sampled_from([STANDARD, CROSS_REGION]),
        "regions": st.integers(1, 3),
        "models": st.integers(1, 2),
        "questions": st.integers(1, 2),
    }
)
ACT = st.fixed_dictionaries({"do": st.sampled_from(sorted(ACTIONS)), "job": st.integers(0, MOST_JOBS - 1)})
STEPS = st.tuples(SUBMIT, st.lists(st.one_of(ACT, ACT, ACT, SUBMIT, st.just({"do": "list"})), max_size=LONGEST))


class _Shown(Exception):  # noqa: N818 (what Hypothesis makes small)
    """A sequence showed a fault."""


class Walks:
    """Sequences for one seed; which there are does not depend on what the runner answers."""

    def __init__(self, probe: Probe, seed: int, name: str, directory: Path) -> None:
        self.probe = probe
        self.seed = seed
        self.name = name
        self.directory = directory
        self.tally = Tally(f"sequences {name}")
        self._known: set[tuple[str, str]] = set()

    def run(self, number: int, seconds: float = 0.0) -> list[Violation]:
        """Walks ``number`` sequences, and more until ``seconds`` are over; returns what is wrong, made short."""
        started = time.perf_counter()
        found: list[Violation] = []
        for turn in count():
            if turn and time.perf_counter() - started >= seconds:
                break
            while len(found) < MOST_CAUSES and (one := self._turn(turn, number)):
                found.append(one)
        self.tally.seconds = time.perf_counter() - started
        return found

    def _turn(self, turn: int, number: int) -> Violation | None:
        shown: tuple[Finding, list[Step]] | None = None

        @hypothesis.seed(zlib.crc32(f"{self.seed} {self.name} {turn}".encode()))
        @hypothesis.settings(
            max_examples=number,
            phases=[Phase.generate, Phase.shrink],
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            verbosity=hypothesis.Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(steps=STEPS)
        def walk(steps: tuple[Mapping[str, Any], list[Mapping[str, Any]]]) -> None:
            nonlocal shown
            sequence = [steps[0], *steps[1]]
            self.tally.cases += len(sequence)
            fresh = [one for one in perform(self.probe, sequence) if (one.code, one.where) not in self._known]
            # Shrinking keeps to the finding that it began with.
            same = [one for one in fresh if shown is None or (one.code, one.where) == (shown[0].code, shown[0].where)]
            if same:
                shown = (same[0], sequence)
                raise _Shown

        with suppress(_Shown, hypothesis.errors.Flaky):
            walk()
        if shown is None:
            return None
        finding, sequence = shown
        self._known.add((finding.code, finding.where))
        return self._violation(finding, sequence)

    def _violation(self, finding: Finding, steps: list[Step]) -> Violation:
        replay = Replay(finding.code, finding.where, self.seed, None, steps)
        path = replay.write(self.directory)
        scenario = self.probe.scenario
        perform(self.probe, steps)
        told = [str(finding), *(f"    step     {json.dumps(step)}" for step in steps)]
        told += [f"    seed     {self.seed}", f"    replay   ./scripts/gate --replay {path}"]
        evidence = (
            scenario.evidence("\n".join(told)) if scenario.exchanges else Evidence(self.probe.test, "\n".join(told))
        )
        return Violation(finding, Shot("", "GET", "/"), evidence, path)
