"""What the containers target costs, beside the embedded one, and whether it leaves anything on the engine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from beacon.checkout import ROOT, RUNNER_IMAGE
from benchmarks.figures import Figure
from gate.core.errors import GateError
from gate.targets import sweep
from gate.targets.containers import ContainersTarget
from gate.targets.engine import connect
from gate.targets.stack import RunnerImage


def measure(runs: int) -> Iterator[Figure]:
    """Start-up, gates one after the other and two at once, and the engine afterwards; images are there already."""
    yield "containers ready", [_ready() for _ in range(runs)], "s", "<= 8"
    yield "gate in containers, depth smoke", [_gate("smoke", seed, "containers") for seed in range(runs)], "s", "<= 25"
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda seed: _gate("smoke", seed, "containers"), range(2)))
    yield "two of these at once, each", both, "s", ""
    shares, times = [], []
    for seed in range(runs):
        times.append(_gate("ci", seed, "containers"))
        shares.append(times[-1] / _gate("ci", seed, "embedded"))
    yield "gate in containers, depth ci", times, "s", ""
    yield "depth ci, in containers / embedded", shares, "", "<= 1.3"
    yield "left on the engine", [float(len(sweep.things(connect(), sweep.RUN)))], "", "0"


def _ready() -> float:
    """Seconds from nothing to a ready runner."""
    target = ContainersTarget(RunnerImage(RUNNER_IMAGE), root=ROOT, say=lambda _: None)
    try:
        started = time.perf_counter()
        target.system(target.start()).close()
        return time.perf_counter() - started
    finally:
        target.stop()


def _gate(depth: str, seed: int, target: str) -> float:
    """Seconds that a whole gate takes."""
    with tempfile.TemporaryDirectory() as reports:
        words = [f"--target={target}", f"--depth={depth}", f"--seed={seed}", f"--report-dir={reports}"]
        started = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "beacon", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        last = tuple(ended.stdout.splitlines()[-15:])
        raise GateError(f"The gate ended with {ended.returncode}, so its time means nothing.", log=last)
    return time.perf_counter() - started
