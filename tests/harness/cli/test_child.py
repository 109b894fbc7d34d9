"""The suite as a process of the gate: what is seen of it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gate.cli.child import Child, started
from gate.core.waiting import wait

ENDING = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: [print(number, flush=True) for number in range(20000)] and exit(0))
print("begun", flush=True)
time.sleep(60)
"""
SUITE = "import subprocess as s; print(s.Popen(['cat'], stdin=s.PIPE).pid, flush=True); input()"


def test_stopped_worker_of_the_suite_is_noticed_until_it_goes_on(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SUITE], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        child = Child(process, tmp_path / "output", str, verbose=True)
        worker = int(wait("its first line", lambda: "".join(child.notes), until=bool))
        assert not child.stopped(0)
        os.kill(worker, signal.SIGSTOP)
        assert wait("a stopped worker", lambda: child.stopped(0), until=bool)
        assert not child.stopped(3600)
        os.kill(worker, signal.SIGCONT)
        assert not wait("a worker that goes on", lambda: child.stopped(0), until=lambda stopped: not stopped)
        os.kill(worker, signal.SIGSTOP)
        child.kill()
        assert process.wait() == -signal.SIGKILL
    wait("the end of the worker", lambda: psutil.pid_exists(worker), until=lambda there: not there)


def test_output_of_a_suite_is_read_to_its_end_when_its_screen_fails(tmp_path: Path) -> None:
    output = tmp_path / "output"
    command = [sys.executable, "-c", ENDING]
    with pytest.raises(BrokenPipeError), started(command, tmp_path, {}, output, str, verbose=True) as child:
        wait("its first line", lambda: list(child.notes), until=bool)
        raise BrokenPipeError

    assert output.read_text(encoding="utf-8").splitlines() == ["begun", *map(str, range(20000))]
