"""Benchmark of the fuzzing with all oracles, side by side with schemathesis: its command line, and a plain loop."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemathesis.core.failures import FailureGroup

from beacon.checkout import ROOT
from beacon.contract import PATH as PUBLISHED
from beacon.pack import pack
from benchmarks.measuring import Figure, cost, system
from gate.core.errors import GateError
from gate.core.ids import Ids
from gate.core.redaction import Redactor
from gate.fuzz.campaign import Campaign
from gate.fuzz.cases import Cases
from gate.fuzz.probe import Probe
from gate.session.session import Session
from gate.targets import System
from gate.verdict.journal import Journal

RANDOM = 20
"""Random cases of each operation, in addition to all examples and boundaries."""
FAULTY = ROOT / "tests" / "harness" / "support" / "faulty_runner.py"
"""Started with FAULT=fails: the reference runner, which answers an accepted job with 500."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Cases in the seconds from the first request on, and the seconds of those that oracles took.

    ``processor`` is the time of the fuzzer's own thread, so without service, database and stand-ins.
    """

    cases: int
    seconds: float
    judging: float = 0.0
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Cases a second."""
        return self.cases / self.seconds

    @property
    def each(self) -> float:
        """Milliseconds of processor time of a case."""
        return 1000 * self.processor / self.cases


def fuzz(runs: int) -> Iterator[Figure]:
    """Measure fuzzing and ``st run`` with the same phases in turn on one runner, and the time to a first finding."""
    with system() as running:
        pairs = [(_ours(running, seed), _stock(running, seed)) for seed in range(runs)]
        plain = [(_ours(running, seed), _plain(running, seed)) for seed in range(runs)]
    yield Figure("fuzzing with all oracles", [ours.rate for ours, _ in pairs], "cases/s")
    yield Figure("st run, same phases", [stock.rate for _, stock in pairs], "cases/s")
    yield Figure("fuzzing / st run", [ours.rate / stock.rate for ours, stock in pairs], "", ">= 0.8")
    yield Figure("processor time of a case, all oracles", [ours.each for ours, _ in plain], "ms")
    yield Figure("processor time of a case, call_and_validate", [loop.each for _, loop in plain], "ms")
    yield Figure("all oracles / call_and_validate", [ours.each / loop.each for ours, loop in plain], "", "<= 1.25")
    yield Figure("oracles' share of the fuzzing", [ours.judging / ours.seconds * 100 for ours, _ in pairs], "%")
    yield Figure("fuzzing at depth ci", [_whole(seed) for seed in range(runs)], "s", "<= 120")
    times = [_first_finding(seed) for seed in range(runs)]
    yield Figure("first finding, accepted jobs answered 500", times, "s", "<= 5")


def _ours(system: System, seed: int) -> Throughput:
    contract = pack().contract
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "journal.ndjson", Redactor())
        session = Session(pack(), system, Ids(os.urandom(4).hex(), "b"), journal)
        rules = pack().fuzzing
        cases = Cases(contract.document, seed, rules.plan.nothing_to_negate)
        probe = Probe(session, rules, "bench").prepare()
        statistics, processor = [], 0.0
        for operation in contract.operations:
            campaign = Campaign(probe, cases, operation.id, Path(directory))
            stored = list(cases.whole(operation.id, RANDOM))
            began = time.thread_time()
            campaign.send(stored)
            processor += time.thread_time() - began
            statistics.append(campaign.statistics)
        journal.close()
        session.client.close()
        if session.database:
            session.database.close()
    return Throughput(
        sum(each.cases for each in statistics),
        sum(each.seconds for each in statistics),
        sum(each.oracle_seconds for each in statistics),
        processor,
    )


def _plain(system: System, seed: int) -> Throughput:
    """A loop of ``call_and_validate`` over the same cases."""
    contract, plan = pack().contract, pack().fuzzing.plan
    cases = Cases(contract.document, seed, plan.nothing_to_negate)
    stored = [case for operation in contract.operations for case in cases.whole(operation.id, RANDOM)]
    started, began = time.perf_counter(), time.thread_time()
    for case in stored:
        with suppress(FailureGroup):
            case.call_and_validate(base_url=system.base_url)
    return Throughput(len(stored), time.perf_counter() - started, processor=time.thread_time() - began)


def _stock(system: System, seed: int) -> Throughput:
    """``st run`` by its own count of cases."""
    words = ["run", str(PUBLISHED), f"--url={system.base_url}", "--phases=examples,coverage,fuzzing", "--mode=all"]
    words += [f"--max-examples={RANDOM}", f"--seed={seed}", "--continue-on-failure", "--no-shrink", "--workers=1"]
    command = [str(Path(sys.executable).with_name("st")), *words, "--no-color", "--suppress-health-check=all"]
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        process = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    generated = re.search(r"([0-9,]+) generated", process.stdout)
    if not generated:
        raise GateError("st run reported no number of cases.", process.stdout[-500:] + process.stderr[-500:])
    phases = re.search(r"in ([0-9.]+)s =*\s*$", process.stdout)
    return Throughput(int(generated[1].replace(",", "")), float(phases[1]) if phases else seconds)


def _whole(seed: int) -> float:
    with tempfile.TemporaryDirectory() as reports:
        words = ["-q", "tests/fuzz", "--depth=ci", f"--seed={seed}", f"--report-dir={reports}"]
        return cost("-m", "pytest", *words).seconds


def _first_finding(seed: int) -> float:
    """Seconds from the start of the gate to its first finding on a runner that fails on accepted jobs."""
    with tempfile.TemporaryDirectory() as directory:
        words = ["-x", "--depth=smoke", f"--seed={seed}", f"--report-dir={directory}"]
        words += ["--runner-command", shlex.join([sys.executable, str(FAULTY)])]
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "beacon", *words],
            cwd=ROOT,
            env={**os.environ, "FAULT": "fails"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            lines = process.stdout or ()
            seconds = next((time.perf_counter() - started for line in lines if "BG-HTTP-001" in line), None)
            process.communicate()
    if seconds is None:
        raise GateError("The gate found nothing on a runner that fails on accepted jobs.", "Run it by hand.")
    return seconds
