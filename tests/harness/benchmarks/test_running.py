"""Work of the benchmarks ends together, and every command under a watchdog."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.running import Stopped, run_all, run_command
from gate.core.waiting import wait

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
CONSOLE = Console(quiet=True)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_command_returns_its_exit_code_and_output(tmp_path: Path) -> None:
    command = python("import sys; print('a line'); sys.exit(7)")
    assert run_command(command, tmp_path, 60, threading.Event()) == (7, "a line")


def test_command_does_not_get_the_dropped_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_SECRET", "x")
    command = python("import os; print('GATE_SECRET' in os.environ, os.environ['MORE'])")
    given = {"MORE": "y"}
    assert run_command(command, tmp_path, 60, threading.Event(), drop=["GATE_"], env=given) == (0, "False y")


def test_command_ends_as_soon_as_enough_is_known(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code, _ = run_command(
        python(SLEEP), tmp_path, 60, threading.Event(), log=log, enough=lambda: log.exists() and log.read_text()
    )
    assert code is None


def test_command_beyond_its_limit_times_out(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        run_command(python(SLEEP), tmp_path, 0, threading.Event())


def test_error_in_one_piece_of_work_ends_all_others(tmp_path: Path) -> None:
    stop, log = threading.Event(), tmp_path / "log"
    ended: list[type[BaseException]] = []

    def sleep() -> None:
        try:
            run_command(python(SLEEP), tmp_path, 60, stop, log=log)
        except Stopped as error:
            ended.append(type(error))
            raise

    def fail() -> None:
        wait("the other command", log.exists, until=bool)
        raise ValueError

    work: dict[str, Callable[[], None]] = {"sleep": sleep, "fail": fail, "waiting": sleep}
    with pytest.raises(ValueError):
        run_all(work, 2, stop, lambda _: None, CONSOLE)
    assert set(ended) == {Stopped}


def test_results_are_handed_on_as_they_come() -> None:
    results: list[int] = []
    run_all({"one": lambda: 1, "two": lambda: 2}, 1, threading.Event(), results.append, CONSOLE)
    assert sorted(results) == [1, 2]
