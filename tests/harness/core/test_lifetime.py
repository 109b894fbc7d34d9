"""Processes and directories of a run end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gate.core import guard, lifetime
from gate.core.waiting import wait

GATE = """
import os, subprocess, sys
from gate.core.lifetime import Lifetime
run = Lifetime()
os.environ.update(run.environment)
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
stubborn = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
born = [subprocess.Popen(sleep), subprocess.Popen(stubborn, start_new_session=True)]
spared = subprocess.Popen(sleep, env={**os.environ, "GATE_RUN_IDS": ""})
print(run.directory, spared.pid, *(process.pid for process in born), flush=True)
sys.stdin.read()
run.close()
"""


@pytest.mark.parametrize("killed", [True, False])
def test_processes_and_directory_end_with_the_gate(killed: bool) -> None:
    """Those in a session of their own too, and those alone that are marked as the run's."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", GATE], stdin=pipe, stdout=pipe, env=env, text=True) as gate:
        assert gate.stdout
        directory, spared, *pids = gate.stdout.readline().split()
        if killed:
            gate.send_signal(signal.SIGKILL)
    gone = wait("the end", lambda: not (any(map(alive, pids)) or Path(directory).exists()), until=bool, kind="step")
    assert (gone, alive(spared)) == (True, True)
    os.kill(int(spared), signal.SIGKILL)


def alive(pid: str) -> bool:
    return psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE


def test_sweep_removes_what_no_living_run_holds(tmp_path: Path) -> None:
    """A directory counts as held by whoever inherited the lock, and one of another name is nobody's business."""
    names = ("gate-run-held", "gate-run-stale", "other")
    held, *others = [lifetime.locked(tmp_path / name) for name in names]
    for lock in others:
        os.close(lock)
    (tmp_path / names[1] / "file").touch()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[held]):
        os.close(held)
        guard.sweep([tmp_path])
        assert sorted(path.name for path in tmp_path.iterdir()) == [names[0], names[2]]
    guard.sweep([tmp_path])
    assert [path.name for path in tmp_path.iterdir()] == [names[2]]
