"""Throughput of the fuzzing, oracles included, side by side with the stock command line of schemathesis."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from beacon.checkout import ROOT
from beacon.contract import PATH as PUBLISHED
from beacon.contract import published
from beacon.jobs import Ids
from gate.core.errors import GateError
from gate.core.redaction import Redactor
from gate.fuzz.campaign import Campaign
from gate.fuzz.cases import Cases
from gate.fuzz.probe import Probe
from gate.session.session import Session
from gate.targets import System
from gate.verdict.journal import Journal

RANDOM = 20
"""Random cases of each operation; all examples and all boundaries come on top."""
FAILS = ROOT / "tests" / "harness" / "faulty_runner.py"
"""Started with FAULT=fails: the reference runner, which answers an accepted job with 500."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """One measurement, without what comes before the first request."""

    cases: int
    seconds: float
    judging: float = 0.0

    @property
    def rate(self) -> float:
        """Cases a second."""
        return self.cases / self.seconds


def ours(system: System, seed: int) -> Throughput:
    """All operations with all oracles."""
    contract = published()
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "journal.ndjson", Redactor())
        session = Session(system, contract, Ids(os.urandom(4).hex(), "b"), journal)
        cases = Cases(contract.document, seed)
        probe = Probe(session, "bench").prepare()
        tallies = []
        for operation in contract.operations:
            campaign = Campaign(probe, cases, operation.id, Path(directory))
            campaign.send(cases.whole(operation.id, RANDOM))
            tallies.append(campaign.tally)
        journal.close()
        session.client.close()
        if session.database:
            session.database.close()
    return Throughput(
        sum(one.cases for one in tallies),
        sum(one.seconds for one in tallies),
        sum(one.oracle_seconds for one in tallies),
    )


def stock(system: System, seed: int) -> Throughput:
    """``st run`` with the same phases, by its own count of cases; GateError where it does not tell one."""
    words = ["run", str(PUBLISHED), f"--url={system.base_url}", "--phases=examples,coverage,fuzzing", "--mode=all"]
    words += [f"--max-examples={RANDOM}", f"--seed={seed}", "--continue-on-failure", "--no-shrink", "--workers=1"]
    command = [str(Path(sys.executable).with_name("st")), *words, "--no-color", "--suppress-health-check=all"]
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    counted = re.search(r"([0-9,]+) generated", ended.stdout)
    if not counted:
        raise GateError("st run told no number of cases.", ended.stdout[-500:] + ended.stderr[-500:])
    phases = re.search(r"in ([0-9.]+)s =*\s*$", ended.stdout)
    return Throughput(int(counted[1].replace(",", "")), float(phases[1]) if phases else seconds)


def whole(seed: int) -> float:
    """Seconds that all fuzzing at depth ci takes, as a process; GateError where it finds anything."""
    with tempfile.TemporaryDirectory() as directory:
        words = ["-q", "tests/fuzz", "--depth=ci", f"--seed={seed}", f"--report-dir={directory}"]
        started = time.perf_counter()
        ended = subprocess.run([sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, check=False)
        seconds = time.perf_counter() - started
    if ended.returncode:
        raise GateError(f"Seed {seed} does not pass, so its time means nothing.", ended.stdout[-500:].decode())
    return seconds


def first_finding(seed: int) -> float:
    """Seconds from the start of the gate until it shows its first finding on a runner that fails on accepted jobs."""
    with tempfile.TemporaryDirectory() as directory:
        words = ["-x", "--depth=smoke", f"--seed={seed}", f"--report-dir={directory}"]
        words += ["--runner-command", shlex.join([sys.executable, str(FAILS)])]
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
            shown = next((time.perf_counter() - started for line in lines if "BG-HTTP-001" in line), None)
            process.communicate()
    if shown is None:
        raise GateError("The gate found nothing on a runner that fails on accepted jobs.", "Run it by hand.")
    return shown
