"""Connections that end, on either side, leave nothing behind and are taken up again."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from functools import partial
from typing import LiteralString
from urllib.parse import urlsplit

import pytest

from beacon.api import CROSS_REGION_JOBS, job_at
from beacon.jobs import wrap
from beacon.router import Hang
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.races import SETTINGS, Pair, held, listening, nobody_listening
from fixtures.systems import OwnRunner
from gate.core.waiting import wait

OPEN: LiteralString = """
SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%%') AS unfinished, count(*) AS number
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> ''
"""
CLIENTS = 200
MOST = 2 * (2 * int(SETTINGS["RUNNER_DATABASE_POOL"]) + 3)
"""Connections of both processes: two pools each, and those that listen, hold the locks of jobs, and ask for health."""
HELD_UP = 8
"""Jobs, and the seconds that they take where each waits for as long as it may."""
BUSY = 12
"""Requests that wait in the database while their clients leave: more than a process has connections."""


def request(scenario: Scenario, method: str, path: str, body: bytes = b"", length: int | None = None) -> bytes:
    """The bytes of a request; ``length`` is what it says of its body."""
    host = urlsplit(scenario.session.system.base_url).netloc
    size = len(body) if length is None else length
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    )
    return head.encode() + body


def send_and_leave(scenario: Scenario, content: bytes) -> None:
    """Send bytes and close the connection without waiting for an answer."""
    address = urlsplit(scenario.session.system.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(content)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)


def hanging(scenario: Scenario, workflow: str) -> Job:
    """A job whose calls the router has and does not answer."""
    spec = scenario.spec()
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec, workflow)
    wait("its calls", job.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})
    return job


def left_open(scenario: Scenario) -> tuple[int, int]:
    """The open transactions, and all connections of the runner."""
    (row,) = scenario.database.query(OPEN)
    return row["unfinished"], row["number"]


def test_clients_that_leave_in_the_middle_leave_nothing_behind(pair: Pair) -> None:
    scenario = pair.scenario
    contents = [
        request(scenario, "POST", CROSS_REGION_JOBS, b'{"job_spec": {', length=5000),
        request(scenario, "POST", CROSS_REGION_JOBS)[:40],
        request(scenario, "GET", job_at("no-such-job")),
        request(scenario, "POST", f"{job_at('no-such-job')}/cancel"),
    ]
    for number in range(CLIENTS):
        send_and_leave(scenario, contents[number % len(contents)])

    scenario.finished()
    wait("no open transaction", partial(left_open, scenario), until=lambda seen: seen[0] == 0 and seen[1] <= MOST)


def test_client_whose_body_is_slow_holds_up_no_job(own_runner: OwnRunner) -> None:
    """Jobs wait for submissions, one after another here, but not for one that has not arrived."""
    scenario = own_runner(RUNNER_JOBS_PARALLEL="1")
    address = urlsplit(scenario.session.system.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(request(scenario, "POST", CROSS_REGION_JOBS, b'{"job_spec": {', length=5000))
        started = time.monotonic()
        jobs = [scenario.submit(scenario.spec()) for _ in range(HELD_UP)]
        for job in jobs:
            job.wait("completed")
        assert time.monotonic() - started < HELD_UP


@pytest.mark.parametrize("workflow", [STANDARD, pytest.param(CROSS_REGION, marks=pytest.mark.full)])
def test_requests_whose_clients_left_free_their_connections(pair: Pair, workflow: str) -> None:
    """More of them than there are connections wait for a row, which somebody holds for a while."""
    scenario = pair.scenario
    job = hanging(scenario, workflow)
    with held(scenario, "SELECT FROM jobs WHERE jobspec_id = %s FOR UPDATE", job.id) as lock:
        for _ in range(BUSY):
            send_and_leave(scenario, request(scenario, "POST", f"{job_at(job.id)}/cancel"))
        lock.wait_for(2)
        lock.release()
    job.wait("cancelled")

    spec = scenario.spec()
    assert pair.client(0).post(CROSS_REGION_JOBS, wrap(spec)).status == 202
    wait("no open transaction", partial(left_open, scenario), until=lambda seen: seen[0] == 0)


@pytest.mark.parametrize("workflow", [CROSS_REGION, pytest.param(STANDARD, marks=pytest.mark.full)])
def test_cancellation_that_no_worker_heard_ends_the_calls(pair: Pair, workflow: str) -> None:
    """The connections on which the workers listen are away while the job is cancelled."""
    scenario = pair.scenario
    job = hanging(scenario, workflow)
    before = listening(scenario)
    with nobody_listening(scenario):
        assert job.cancel().status == 200

    wait("the end of its calls", partial(scenario.router.waiting, job.id), until=lambda number: number == 0)
    wait("listening again", lambda: len(listening(scenario)), until=lambda number: number == len(before))
    assert scenario.finished().rows().job


@pytest.mark.parametrize("number", [0, 1], ids=["the same process", "the other process"])
def test_cancellation_ends_the_calls_in_whichever_process_they_are(pair: Pair, number: int) -> None:
    jobs = [hanging(pair.scenario, workflow) for workflow in (STANDARD, CROSS_REGION, STANDARD)]
    for job in jobs:
        assert pair.client(number).cancel(job.id).json["executions_cancelled"] == 2

    wait("the end of all calls", pair.scenario.router.waiting, until=lambda waiting: waiting == 0)
