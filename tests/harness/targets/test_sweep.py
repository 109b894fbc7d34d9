"""Labels decide which objects belong to a run that is gone, and nothing else is removed."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

import docker
import psutil
import pytest

from gate.targets import sweep
from tests.harness.support.engine import engine, names_of

OURS = sweep.labels("run")[sweep.OWNER]
PLACE = OURS.partition(":")[0]


def gone() -> str:
    """The owner label of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        born = psutil.Process(process.pid).create_time()
    return f"{PLACE}:{process.pid}:{born:.0f}"


STALE = {
    "ours": (OURS, 1e9, False),
    "gone": (gone(), 0, True),
    "its number taken by another process": (f"{PLACE}:{os.getpid()}:1", 0, True),
    "elsewhere, young": ("elsewhere:1:1", sweep.STRANGER_SECONDS - 1, False),
    "elsewhere, old": ("elsewhere:1:1", sweep.STRANGER_SECONDS + 1, True),
    "no owner, young": ("", 0, False),
    "unreadable": (f"{PLACE}:x:y", 0, True),
}


@pytest.mark.parametrize(("owner", "age", "expected"), STALE.values(), ids=STALE)
def test_object_is_stale_once_its_process_is_gone(owner: str, age: float, expected: bool) -> None:
    """A process of this machine is looked up; objects of another machine get time."""
    assert sweep.stale(owner, age) is expected


@pytest.fixture
def runs() -> Iterator[dict[str, str]]:
    """A network and a volume each of a run that is gone, and of one that goes on."""
    client = engine()
    created = {name: secrets.token_hex(4) for name in ("gone", "living")}
    owners = {"gone": gone(), "living": OURS}
    for name, run in created.items():
        labels = {sweep.RUN: run, sweep.OWNER: owners[name]}
        client.networks.create(f"gate-test-{run}", labels=labels)
        client.volumes.create(f"gate-test-{run}", labels=labels)
    yield created
    for run in created.values():
        sweep.remove(client, run)


def test_next_run_removes_stale_objects_and_nothing_else(runs: dict[str, str]) -> None:
    """Objects of a killed run go; those of a run that goes on stay."""
    client: docker.DockerClient = engine()
    sweep.sweep(client)  # another worker's may have been first
    assert {name: len(names_of(client, run)) for name, run in runs.items()} == {"gone": 0, "living": 2}
