"""Figures: what a run of the gate costs, and what the reference runner can do."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from beacon import jobs
from beacon.api import CROSS_REGION_JOBS, JOBS, Api
from beacon.checkout import MIGRATE_COMMAND, ROOT, RUNNER_COMMAND
from beacon.pack import pack
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.settings import WITHOUT_ORACLES
from gate.core.waiting import wait
from gate.targets import RunnerSpec, System
from gate.targets.embedded import EmbeddedTarget
from gate.verdict.verdict import Verdict

CLIENTS, SUBMISSIONS = 8, 160
SIZES = ((1, 1, 1), (2, 2, 2), (3, 3, 2), (3, 3, 8))
RUNNER = RunnerSpec(RUNNER_COMMAND, MIGRATE_COMMAND)

Figure = tuple[str, list[float], str, str]  # what, measured, unit, what to reach
Benchmark = Callable[[int], Iterator[Figure]]


@contextmanager
def target(*, warm: bool = True) -> Iterator[EmbeddedTarget]:
    """An embedded target that is taken down afterwards; it is not started yet."""
    made = EmbeddedTarget(RUNNER, warm=warm, keep=False, root=ROOT, say=lambda _: None)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def system() -> Iterator[System]:
    """A ready runner on a fresh database."""
    with target() as made:
        running = made.system(made.start())
        try:
            yield running
        finally:
            running.close()


def start_up(runs: int) -> Iterator[Figure]:
    """From nothing to a ready runner: cold builds the database, warm takes it from the cache."""
    for name, warm, limit in (("cold", False, "<= 3.0"), ("warm", True, "<= 1.5")):
        with target(warm=warm) as made:  # fills the cache for the warm runs, and the file system's for both
            made.start()
        measured = []
        for _ in range(runs):
            with target(warm=warm) as made:
                started = time.perf_counter()
                running = made.system(made.start())
                measured.append(time.perf_counter() - started)
                running.close()
        yield f"target ready, {name}", measured, "s", limit


def clone(runs: int) -> Iterator[Figure]:
    """A fresh, migrated database."""
    with target() as made:
        shared = made.start()
        measured = []
        for _ in range(runs * 8):
            started = time.perf_counter()
            made.database(shared)
            measured.append((time.perf_counter() - started) * 1000)
    yield "fresh database", measured, "ms", "<= 15"


def gate(runs: int) -> Iterator[Figure]:
    """The whole process of a gate, and the memory that it and all it starts hold at their peak."""
    for depth, limit in (("smoke", "<= 12"), ("ci", "<= 120")):
        times, peaks = [], []
        for seed in range(runs):
            with tempfile.TemporaryDirectory() as reports:
                command = [
                    sys.executable,
                    "-m",
                    "beacon",
                    "--depth",
                    depth,
                    f"--seed={seed}",
                    f"--report-dir={reports}",
                ]
                started = time.perf_counter()
                with (
                    Path(reports, "out").open("wb") as out,
                    subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process,
                ):
                    peaks.append(peak(process))
                times.append(time.perf_counter() - started)
                if process.returncode:
                    raise GateError(f"The gate ended with {process.returncode}, so its time means nothing.")
        yield f"gate, depth {depth}", times, "s", limit
        yield f"gate, depth {depth}: memory at its peak", peaks, "MB", "<= 600"


def peak(process: subprocess.Popen[bytes]) -> float:
    """Most memory that the process and its descendants held together, in MB; shared pages are shared out (PSS)."""
    most = 0.0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        held = 0
        for one in [root, *_descendants(root)]:
            try:
                held += one.memory_full_info().pss
            except (psutil.Error, AttributeError):
                continue  # it ended meanwhile
        most = max(most, held / 1e6)
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    return most


def _descendants(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []


def submit(runs: int) -> Iterator[Figure]:
    """Latency and throughput of submissions by concurrent clients, through both workflows."""
    with system() as running:
        ids = jobs.Ids(os.urandom(4).hex(), "bench")
        for workflow in ("standard", "cross-region"):
            latencies, rates = [], []
            for _ in range(runs):
                latency, rate = _burst(running, workflow, [jobs.spec(ids()) for _ in range(SUBMISSIONS)])
                latencies.append(latency)
                rates.append(rate)
                _drain(running)
            yield f"submit {workflow}, p50 at {CLIENTS} clients", latencies, "ms", "<= 10"
            yield f"submit {workflow}, throughput", rates, "1/s", ""


def _burst(running: System, workflow: str, specs: Sequence[jobs.Spec]) -> tuple[float, float]:
    """Median latency in ms and rate per second of submissions by all clients at once.

    The clients are as lean as they can be and have a process of their own: what is measured is the runner, not the
    interpreter that they would otherwise share with the router stand-in.
    """
    path = JOBS if workflow == "standard" else CROSS_REGION_JOBS
    bodies = [json.dumps(spec if workflow == "standard" else jobs.wrap(spec)) for spec in specs]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(int).result()  # it has started when the clock does
        measured, seconds = process.submit(_clients, running.base_url, path, bodies).result()
    return statistics.median(measured) * 1000, len(bodies) / seconds


def _clients(base_url: str, path: str, bodies: Sequence[str]) -> tuple[list[float], float]:
    """Latencies, and seconds in all, of as many clients as there are to be, each sending one body after the other."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        batches = [bodies[number::CLIENTS] for number in range(CLIENTS)]
        measured = [one for batch in pool.map(partial(_client, base_url, path), batches) for one in batch]
    return measured, time.perf_counter() - started


def _client(base_url: str, path: str, bodies: Sequence[str]) -> list[float]:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    measured = []
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        measured.append(time.perf_counter() - started)
        if answer.status != 202:
            raise GateError(f"A submission was not accepted: {answer.status} {text[:300]!r}.")
    connection.close()
    return measured


def _drain(running: System) -> None:
    client = Client(running.base_url, lambda _: None)
    wait(
        "every job terminal",
        lambda: {job["status"] for job in client.get("/api/v1/jobs", limit=200).json["jobs"]},
        until=lambda statuses: not statuses & {"queued", "running"},
        kind="resume",
    )
    client.close()


def growth(runs: int) -> Iterator[Figure]:
    """Time from submission to terminal by the size of the job, with a router that answers at once."""
    with system() as running:
        ids = jobs.Ids(os.urandom(4).hex(), "bench")
        client = Client(running.base_url, lambda _: None)
        api = Api(client)
        for regions, models, questions in SIZES:
            measured = []
            for _ in range(runs):
                spec = jobs.spec(
                    ids(),
                    regions=jobs.REGIONS[:regions],
                    models=jobs.MODELS[:models],
                    questions=jobs.QUESTIONS[:questions],
                )
                started = time.perf_counter()
                api.submit_cross_region(jobs.wrap(spec))
                wait(
                    "the job terminal",
                    lambda job_id=spec["id"]: api.job(job_id).json["status"],  # type: ignore[misc]
                    until=lambda status: status == "completed",
                )
                measured.append(time.perf_counter() - started)
            yield f"job {regions}x{models}x{questions}, to terminal", measured, "s", "<= 1.0"
        client.close()


def oracles(runs: int) -> Iterator[Figure]:
    """What judging by all oracles adds to the suite, each run side by side with one without them."""
    with_them, without, shares = [], [], []
    for seed in range(runs):
        pair = [_suite(seed, environment) for environment in ({}, {WITHOUT_ORACLES: "1"})]
        with_them.append(pair[0])
        without.append(pair[1])
        shares.append((pair[0] / pair[1] - 1) * 100)
    yield "suite with all oracles", with_them, "s", ""
    yield "suite without oracles", without, "s", ""
    yield "cost of all oracles", shares, "%", "<= 25"


def _suite(seed: int, environment: Mapping[str, str]) -> float:
    """Seconds that the tests take in one worker, by the suite's own clock."""
    with tempfile.TemporaryDirectory() as directory:
        words = [
            "-q",
            "--workers=1",
            f"--seed={seed}",
            f"--report-dir={directory}",
            *pack().suite.words,
            "--ignore=tests/fuzz",
        ]
        subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        verdict = Verdict.model_validate_json(Path(directory, "verdict.json").read_text(encoding="utf-8"))
    if verdict.counts.failed or verdict.counts.errors or not verdict.counts.passed:
        raise GateError("The suite did not pass, so its time means nothing.", "Run ./scripts/gate.")
    return verdict.duration_seconds


def fuzz(runs: int) -> Iterator[Figure]:
    """Fuzzing with all oracles beside the stock command line with the same phases, on the same runner in turn."""
    from benchmarks import fuzzing as bench  # noqa: PLC0415 (its libraries would slow down every other benchmark)

    rates, stock, ratios, shares = [], [], [], []
    with system() as running:
        for seed in range(runs):
            mine, other = bench.ours(running, seed), bench.stock(running, seed)
            rates.append(mine.rate)
            stock.append(other.rate)
            ratios.append(mine.rate / other.rate)
            shares.append(mine.judging / mine.seconds * 100)
    yield "fuzzing with all oracles", rates, "cases/s", ""
    yield "st run, same phases", stock, "cases/s", ""
    yield "fuzzing / st run", ratios, "", ">= 0.8"
    yield "oracles' share of the fuzzing", shares, "%", ""
    yield "fuzzing at depth ci", [bench.whole(seed) for seed in range(runs)], "s", "<= 120"
    yield "first finding, accepted jobs answered 500", [bench.first_finding(seed) for seed in range(runs)], "s", "<= 5"


def backfill(runs: int) -> Iterator[Figure]:
    """Historical jobs that get their analysis."""
    from benchmarks.backfill import measure  # noqa: PLC0415 (it measures with the tools of this module)

    return measure(runs)


def containers(runs: int) -> Iterator[Figure]:
    """The containers target."""
    from benchmarks.containers import measure  # noqa: PLC0415 (as above)

    return measure(runs)


BENCHMARKS: dict[str, Benchmark] = {
    "start-up": start_up,
    "clone": clone,
    "gate": gate,
    "submit": submit,
    "growth": growth,
    "oracles": oracles,
    "fuzz": fuzz,
    "backfill": backfill,
    "containers": containers,
}
NEED_MORE = {"containers"}
"""Benchmarks that need what not every machine has; they run when they are named."""
