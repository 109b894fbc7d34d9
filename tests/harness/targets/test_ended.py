"""A system says how its service ended by itself, and what it lacks."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import psycopg
import pytest

from gate.core.database import Database
from gate.core.waiting import wait
from gate.targets import Ended, embedded
from tests.harness.targets.test_embedded_target import target


def test_system_says_what_ended_and_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that the gate itself killed has not ended; a backend that is killed takes every session with it."""
    running = target()
    with closing(running.system(running.start())) as system:
        assert (system.ended(), system.trouble()) == (None, "")
        os.kill(system.pid, signal.SIGSTOP)
        assert "stopped from outside" in wait("the stop", system.trouble, until=bool)
        os.kill(system.pid, signal.SIGCONT)
        wait("the end of the stop", system.trouble, until=lambda trouble: not trouble)
        os.kill(system.pid, signal.SIGSEGV)
        assert system.ended(10) == Ended(-signal.SIGSEGV, system.log())
        system.start()
        system.kill()
        assert system.ended() is None

        assert system.database_url
        with closing(Database(system.database_url)) as database, psycopg.connect(system.database_url) as other:
            assert database.trouble() == ""
            os.kill(other.info.backend_pid, signal.SIGKILL)
            assert "has ended or refuses" in wait("the end", database.trouble, until=bool)

        monkeypatch.setattr(embedded, "FREE_NEEDED", 2**60)
        assert "is full" in system.trouble()
    running.stop()
