"""Processes of this machine, which may end while they are looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate.core import resources


def test_children_of_a_process_are_those_that_it_started() -> None:
    if not Path("/proc/thread-self/children").exists():  # a system that does not say it
        assert resources.children(os.getpid()) == []
        return
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        assert child.pid in resources.children(os.getpid())
        assert resources.children(child.pid) == []
        child.communicate()
    assert child.pid not in resources.children(os.getpid())


def test_process_that_ends_while_it_is_looked_at_has_no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    def glob(path: Path, pattern: str) -> Iterator[Path]:
        yield path / pattern.replace("*", str(os.getpid()))
        raise ProcessLookupError

    monkeypatch.setattr(Path, "glob", glob)
    assert resources.children(os.getpid()) == []
