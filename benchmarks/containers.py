"""Benchmark of the containers target, side by side with the embedded target."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from beacon.service import SERVICE
from benchmarks.measuring import Figure, gate
from gate.targets import sweep
from gate.targets.containers import ContainersTarget
from gate.targets.engine import connect


def containers(runs: int) -> Iterator[Figure]:
    """Measure start-up, single and concurrent gates, and leftovers on the engine; the images must exist."""
    yield Figure("containers ready", [_ready() for _ in range(runs)], "s", "<= 8")
    yield Figure("gate in containers, depth smoke", [_gate("smoke", seed) for seed in range(runs)], "s", "<= 25")
    with ThreadPoolExecutor(2) as pool:
        yield Figure("two of these at once, each", list(pool.map(lambda seed: _gate("smoke", seed), range(2))), "s")
    times = [(_gate("ci", seed), _gate("ci", seed, "embedded")) for seed in range(runs)]
    yield Figure("gate in containers, depth ci", [contained for contained, _ in times], "s")
    shares = [contained / embedded for contained, embedded in times]
    yield Figure("depth ci, in containers / embedded", shares, "", "<= 1.3")
    yield Figure("left on the engine", [float(len(sweep.objects(connect(), sweep.RUN)))], "", "0")


def _ready() -> float:
    target = ContainersTarget(SERVICE, say=lambda _: None)
    try:
        started = time.perf_counter()
        target.system(target.start()).close()
        return time.perf_counter() - started
    finally:
        target.stop()


def _gate(depth: str, seed: int, target: str = "containers") -> float:
    return gate(f"--target={target}", f"--depth={depth}", f"--seed={seed}").seconds
