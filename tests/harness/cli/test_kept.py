"""``--keep`` stays after the verdict with all that the run had, until Ctrl-C, and leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from beacon.checkout import ROOT
from gate.core.waiting import wait

SELECTED = "test_health_lists_each_service or test_list_of_jobs_shows_each_job"
STAYS = "The curl of a finding needs"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run with ``--keep``, in a session of its own, as that of a terminal."""
    words = ["--keep", "--workers", "1", "--report-dir", str(tmp_path), "-k", SELECTED]
    with subprocess.Popen(
        [sys.executable, "-m", "beacon", *words],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as gate:
        yield gate
        if gate.poll() is None:
            os.killpg(gate.pid, signal.SIGINT)


def addresses(gate: subprocess.Popen[str]) -> list[str]:
    """The addresses that a run prints when it stays; it has printed its verdict by then."""
    assert gate.stdout
    lines: list[str] = []
    for line in gate.stdout:
        lines.append(line)
        if line.startswith(STAYS):
            break
    text = "".join(lines)
    assert "PASS" in text.partition("Kept up until Ctrl-C:")[0], text
    return re.findall(r"(?:http|postgresql)://[^\s']+", text.partition("Kept up until Ctrl-C:")[2])


def closed(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.full)])
def test_run_stays_with_its_rows_and_leaves_nothing(kept: subprocess.Popen[str], number: int) -> None:
    base_url, database_url, router_url = addresses(kept)
    jobs = httpx.get(f"{base_url}/api/v1/jobs").json()["jobs"]
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT jobspec_id FROM jobs").fetchall()
    assert jobs
    assert {job["id"] for job in jobs} == {name for (name,) in rows}
    assert not closed(router_url)
    if number == signal.SIGINT:
        os.killpg(kept.pid, number)  # as a terminal sends it, to the whole group
        assert kept.wait(60) == 0
    else:
        kept.kill()
    for address in (base_url, database_url, router_url):
        wait("its end", lambda address=address: closed(address), until=bool, kind="resume")  # type: ignore[misc]  # the loop's own address
