"""Tools of the benchmarks: a figure, a running system, and the cost of a command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from beacon.checkout import ROOT
from beacon.service import SERVICE
from gate.core.errors import GateError
from gate.targets import System
from gate.targets.embedded import EmbeddedTarget
from gate.targets.service import Service


class Figure(NamedTuple):
    """A measured quantity; ``goal`` is the bound that its median should meet."""

    name: str
    values: list[float]
    unit: str = ""
    goal: str = ""


class Cost(NamedTuple):
    """Time in seconds, and peak memory of a command with all its descendants in MB."""

    seconds: float
    megabytes: float


@contextmanager
def target(service: Service = SERVICE, *, warm: bool = True) -> Iterator[EmbeddedTarget]:
    """Yield an embedded target that is not started yet; it is stopped afterwards."""
    embedded = EmbeddedTarget(service, warm=warm, say=lambda _: None)
    try:
        yield embedded
    finally:
        embedded.stop()


@contextmanager
def system(service: Service = SERVICE, *, warm: bool = True) -> Iterator[System]:
    """Yield a ready runner on a fresh database."""
    with target(service, warm=warm) as embedded:
        running = embedded.system(embedded.start())
        try:
            yield running
        finally:
            running.close()


def cost(*words: str, check: bool = True, **env: str) -> Cost:
    """Return the cost of ``python words...`` with these environment variables; with ``check`` GateError if it fails."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory, "output")
        started = time.perf_counter()
        with (
            output.open("wb") as file,
            subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env={**os.environ, **env}, stdout=file, stderr=file
            ) as process,
        ):
            megabytes = _peak(process)
        seconds = time.perf_counter() - started
        if check and process.returncode:
            lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
            message = f"{' '.join(words[:3])} ended with code {process.returncode}, so its time means nothing."
            raise GateError(message, log=tuple(lines[-15:]))
    return Cost(seconds, megabytes)


def gate(*options: str) -> Cost:
    """Return the cost of a whole gate that passes."""
    with tempfile.TemporaryDirectory() as reports:
        return cost("-m", "beacon", *options, f"--report-dir={reports}")


def _peak(process: subprocess.Popen[bytes]) -> float:
    """Peak memory of the process and its descendants in MB; each shared page is divided among its users (PSS)."""
    peak = 0.0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        held = 0
        for member in [root, *_descendants(root)]:
            try:
                held += member.memory_full_info().pss
            except (psutil.Error, AttributeError):
                continue  # it has ended meanwhile
        peak = max(peak, held / 1e6)
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    return peak


def _descendants(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []
