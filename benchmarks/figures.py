"""Benchmarks of a gate, its parts, and the reference runner."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from beacon import jobs
from beacon.api import CROSS_REGION_JOBS, JOBS, Api
from beacon.pack import pack
from beacon.regions import REGIONS
from benchmarks.measuring import Figure, cost, system, target
from benchmarks.measuring import gate as gate_cost
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.ids import Ids
from gate.core.settings import WITHOUT_ORACLES
from gate.core.waiting import wait
from gate.targets import System
from gate.verdict.verdict import read

CLIENTS, SUBMISSIONS = 8, 160
SIZES = ((1, 1, 1), (2, 2, 2), (3, 3, 2), (3, 3, 8))


def start_up(runs: int) -> Iterator[Figure]:
    """Measure the start of target and runner: cold builds the database, warm takes it from the cache."""
    for name, warm, goal in (("cold", False, "<= 3.0"), ("warm", True, "<= 1.5")):
        with target(warm=warm) as embedded:  # fills the cache for warm runs, and the file system's for both
            embedded.start()
        times = []
        for _ in range(runs):
            with target(warm=warm) as embedded:
                started = time.perf_counter()
                running = embedded.system(embedded.start())
                times.append(time.perf_counter() - started)
                running.close()
        yield Figure(f"target ready, {name}", times, "s", goal)


def clone(runs: int) -> Iterator[Figure]:
    """Measure the creation of a fresh, migrated database."""
    with target() as embedded:
        shared = embedded.start()
        times = []
        for _ in range(runs * 8):
            started = time.perf_counter()
            embedded.database(shared)
            times.append((time.perf_counter() - started) * 1000)
    yield Figure("fresh database", times, "ms", "<= 15")


def gate(runs: int) -> Iterator[Figure]:
    """Measure a whole gate: its time, and the peak memory of its process and all that it starts."""
    for depth, goal in (("smoke", "<= 12"), ("ci", "<= 120")):
        costs = [gate_cost("--depth", depth, f"--seed={seed}") for seed in range(runs)]
        yield Figure(f"gate, depth {depth}", [each.seconds for each in costs], "s", goal)
        yield Figure(f"gate, depth {depth}: memory at its peak", [each.megabytes for each in costs], "MB", "<= 600")


def submit(runs: int) -> Iterator[Figure]:
    """Measure latency and throughput of submissions by concurrent clients, in both workflows."""
    with system() as running:
        ids = Ids(os.urandom(4).hex(), "bench")
        for workflow in ("standard", "cross-region"):
            bursts = []
            for _ in range(runs):
                bursts.append(_burst(running, workflow, [jobs.spec(ids()) for _ in range(SUBMISSIONS)]))
                _drain(running)
            latencies = [statistics.median(measured) * 1000 for measured, _ in bursts]
            yield Figure(f"submit {workflow}, p50 at {CLIENTS} clients", latencies, "ms", "<= 10")
            yield Figure(f"submit {workflow}, throughput", [SUBMISSIONS / seconds for _, seconds in bursts], "1/s")


def _burst(running: System, workflow: str, specs: Sequence[jobs.Spec]) -> tuple[list[float], float]:
    """Latencies, and seconds in all, of submissions by all clients at once.

    The clients are as lean as possible and have a process of their own, so that the runner is measured and not the
    interpreter that they would share with the router stand-in.
    """
    path = JOBS if workflow == "standard" else CROSS_REGION_JOBS
    bodies = [json.dumps(spec if workflow == "standard" else jobs.wrap(spec)) for spec in specs]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(int).result()  # it has started when the clock does
        return process.submit(_clients, running.base_url, path, bodies).result()


def _clients(base_url: str, path: str, bodies: Sequence[str]) -> tuple[list[float], float]:
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        batches = pool.map(partial(_client, base_url, path), [bodies[number::CLIENTS] for number in range(CLIENTS)])
        latencies = [latency for batch in batches for latency in batch]
    return latencies, time.perf_counter() - started


def _client(base_url: str, path: str, bodies: Sequence[str]) -> list[float]:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    latencies = []
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        latencies.append(time.perf_counter() - started)
        if response.status != 202:
            raise GateError(f"A submission was not accepted: {response.status} {text[:300]!r}.")
    connection.close()
    return latencies


def _drain(running: System) -> None:
    client = Client(running.base_url, lambda _: None)
    wait(
        "every job terminal",
        lambda: {job["status"] for job in client.get(JOBS, limit=200).json["jobs"]},
        until=lambda statuses: not statuses & {"queued", "running"},
        kind="resume",
    )
    client.close()


def growth(runs: int) -> Iterator[Figure]:
    """Measure the time from submission to terminal by the size of the job; the router answers at once."""
    with system() as running:
        ids = Ids(os.urandom(4).hex(), "bench")
        client = Client(running.base_url, lambda _: None)
        api = Api(client)
        for regions, models, questions in SIZES:
            times = []
            for _ in range(runs):
                spec = jobs.spec(
                    ids(),
                    regions=REGIONS[:regions],
                    models=jobs.MODELS[:models],
                    questions=jobs.QUESTIONS[:questions],
                )
                times.append(_to_terminal(api, spec))
            yield Figure(f"job {regions}x{models}x{questions}, to terminal", times, "s", "<= 1.0")
        client.close()


def _to_terminal(api: Api, spec: jobs.Spec) -> float:
    started = time.perf_counter()
    api.submit_cross_region(jobs.wrap(spec))
    wait(
        "the job terminal",
        lambda: api.job(spec["id"]).json["status"],
        until=lambda status: status == "completed",
    )
    return time.perf_counter() - started


def oracles(runs: int) -> Iterator[Figure]:
    """Measure what judging by all oracles adds to the suite, each run side by side with one without them."""
    pairs = [(_suite(seed), _suite(seed, **{WITHOUT_ORACLES: "1"})) for seed in range(runs)]
    yield Figure("suite with all oracles", [judged for judged, _ in pairs], "s")
    yield Figure("suite without oracles", [bare for _, bare in pairs], "s")
    yield Figure("cost of all oracles", [(judged / bare - 1) * 100 for judged, bare in pairs], "%", "<= 25")


def _suite(seed: int, **env: str) -> float:
    """Seconds of the tests in one worker, by the suite's own clock."""
    with tempfile.TemporaryDirectory() as directory:
        words = [
            "-q",
            "--workers=1",
            f"--seed={seed}",
            f"--report-dir={directory}",
            *pack().suite.words,
            "--ignore=tests/fuzz",
        ]
        cost("-m", "pytest", *words, check=False, **env)  # a run without oracles never passes
        verdict = read(Path(directory))
    if verdict.counts.failed or verdict.counts.errors or not verdict.counts.passed:
        raise GateError("The suite did not pass, so its time means nothing.", "Run ./scripts/gate.")
    return verdict.duration_seconds
