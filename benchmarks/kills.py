"""Kills the gate at random moments and looks for what outlives it."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console

from beacon.checkout import ROOT
from benchmarks.command_line import positive
from gate.core.errors import Exit
from gate.core.guard import PREFIX
from gate.core.lifetime import MEMORY, SHARED

MARK = "BEACON_GATE_KILLED_RUN"
LEFT_SECONDS = 2.0
END_SECONDS = 60.0
"""Seconds that a gate may take to end once another of its processes was killed."""
LATEST_SECONDS = 20.0
"""The last moment of a run at which it is killed; a smoke run takes about as long."""
VICTIMS = ("gate", "controller", "worker")


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill: who was killed and when, and what lived on."""

    victim: str
    moment: float
    processes: list[str]
    seconds: float  # until everything was gone


def kills(words: Sequence[str], console: Console) -> int:
    """Kill runs of the gate, print a line for each and a summary, and return 1 if anything was left."""
    parser = argparse.ArgumentParser(prog="bench kills", description="Kills the gate and looks for what outlives it.")
    parser.add_argument("--number", type=positive, default=10, metavar="N", help="how many runs (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default: 0)")
    parser.add_argument("--victim", choices=VICTIMS, default="gate", help="process to kill (default: gate)")
    parser.add_argument("--workers", type=positive, default=2, metavar="N", help="of each run (default: 2)")
    values = parser.parse_args(words)
    chance = random.Random(values.seed)
    before = directories()
    left = 0
    for number in range(1, values.number + 1):
        kill = killed_run(values.victim, chance.uniform(0, LATEST_SECONDS), values.workers)
        left += bool(kill.processes)
        lived = f"LEFT: {'; '.join(kill.processes)}" if kill.processes else f"gone after {kill.seconds:.2f} s"
        console.print(f"{number:4} {kill.victim} killed after {kill.moment:5.2f} s: {lived}", markup=False)
    killed_run("gate", LATEST_SECONDS / 4, values.workers)  # the start of a run removes what earlier ones left
    stale = sorted(map(str, directories() - before))
    console.print(f"{values.number} kills: {left} left processes, {len(stale)} directories {' '.join(stale)}".rstrip())
    return Exit.BROKEN if left or stale else Exit.PASS


def killed_run(victim: str, moment: float, workers: int) -> Kill:
    """Start a run, kill one of its processes after some seconds, and look for the others."""
    mark = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="killed-run-") as reports:
        options = ("--depth", "smoke", f"--workers={workers}", f"--report-dir={reports}")
        command = [sys.executable, "-m", "beacon", *options]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, MARK: mark}, stdout=quiet, stderr=quiet)
        gate = psutil.Process(process.pid)
        started = time.monotonic()
        target = None
        while process.poll() is None and target is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.01, min(0.05, started + moment - time.monotonic())))
            if time.monotonic() >= started + moment:
                target = _victim(gate, victim)
        moment = time.monotonic() - started
        doomed = {*of_run(mark), *_descendants(gate)} - {gate}
        if target is not None and victim == "worker":  # the gate then ends the others, with a verdict
            doomed = {target, *_descendants(target)}
        if target is not None:
            target.kill()
        if victim == "gate":
            process.wait()
        seconds, survivors = _gone(lambda: filter(_alive, doomed))
        survivors += _end(process)
        survivors += _gone(lambda: of_run(mark))[1]
    return Kill(victim, moment, survivors, seconds)


def _gone(living: Callable[[], Iterable[psutil.Process]]) -> tuple[float, list[str]]:
    """The seconds until nothing lives, and what does after LEFT_SECONDS, which is killed."""
    began = time.monotonic()
    while (alive := set(living())) and time.monotonic() < began + LEFT_SECONDS:
        psutil.wait_procs(alive, timeout=0.02)  # meanwhile they may start others
    seconds, survivors = time.monotonic() - began, []
    for process in alive:
        survivors.append(f"{process.pid} {' '.join(_words(process))[:80]}")
        with contextlib.suppress(psutil.Error):
            process.kill()
    return seconds, survivors


def _end(process: subprocess.Popen[bytes]) -> list[str]:
    """Wait for the gate itself, which still writes a verdict where another process was killed."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return ["the gate"]
    return []


def of_run(mark: str) -> set[psutil.Process]:
    """Living processes with a mark in their environment."""
    marked: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and _alive(process):
                marked.add(process)
        except psutil.Error:  # it has ended, or is somebody else's
            continue
    return marked


def directories() -> set[Path]:
    """Directories of browsers, and those of runs that no living process holds."""
    roots, names = {Path(tempfile.gettempdir()), MEMORY, SHARED}, (PREFIX, "playwright", ".org.chromium")
    paths = {path for root in roots for name in names for path in root.glob(f"{name}*")}
    return {path for path in paths if not (path.name.startswith(PREFIX) and _held(path))}


def _held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:  # it is gone
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _victim(gate: psutil.Process, name: str) -> psutil.Process | None:
    """The process to kill; None where it has not started yet."""
    if name == "gate":
        return gate
    controllers = [child for child in _children(gate) if "pytest" in _words(child)]
    if name == "controller" or not controllers:
        return next(iter(controllers), None)
    return next(
        (child for child in _children(controllers[0]) if any("exec(eval" in word for word in _words(child))), None
    )


def _children(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return process.children(recursive=recursive)
    except psutil.Error:
        return []


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    return _children(process, recursive=True)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
