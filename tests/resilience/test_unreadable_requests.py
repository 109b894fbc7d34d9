"""Bytes that are no readable request are refused like everything else, and hold nobody and nothing up."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from beacon.scenario import Scenario
from fixtures.systems import OwnRunner
from gate.core.waiting import wait

CASES, CASES_AT_FULL = 300, 10_000
LONGEST_SECONDS = 10.0
GROWTH = 1.2
POST = b"POST /api/v1/jobs HTTP/1.1\r\nHost: runner\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SEEDS = (
    POST + b"Content-Length: 2\r\n\r\n{}",
    CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    b"GET /api/v1/jobs?limit=1 HTTP/1.1\r\nHost: runner\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /api/v1/questions HTTP/1.1\r\nHost: a\r\n\r\n",
)
PIECES = (
    b"\r\n",
    b"\n",
    b"\x00",
    b":",
    b" ",
    b"\xff",
    b"HTTP/9.9",
    b"Content-Length: -1\r\n",
    b"\r\n\r\n",
    b"%",
    b"/../",
)
LONGEST_TARGET, MOST_FIELDS, MOST_BYTES = 16 * 1024, 100, 64 * 1024
LIVE, OTHERS = b"/health/live?", (b"Host: a\r\n", b"Connection: close\r\n")
LONG = b"A: ".ljust(MOST_BYTES + 2 - len("HostaConnectionclose"), b"b") + b"\r\n"
READ: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "long target": (LIVE.ljust(LONGEST_TARGET, b"a"), OTHERS),
    "many fields": (LIVE, (*OTHERS, *[b"A: b\r\n"] * (MOST_FIELDS - 2))),
    "long field": (LIVE, (*OTHERS, LONG)),
}
"""Target and header fields of requests at a limit each."""
UNREADABLE = (400, "invalid_request")
REFUSED: dict[str, tuple[bytes, tuple[int, str]]] = {
    "no text": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", UNREADABLE),
    "unknown version": (b"GET / HTTP/3.7\r\n\r\n", UNREADABLE),
    "unknown method": (b"BREW /pot HTTP/1.1\r\n\r\n", UNREADABLE),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", UNREADABLE),
    "no chunk": (CHUNKED + b"zz\r\n", UNREADABLE),
    "long target": (b"GET /" + b"a" * LONGEST_TARGET + b" HTTP/1.1\r\n\r\n", (414, "uri_too_long")),
    "many fields": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_FIELDS + 1) + b"\r\n", (431, "headers_too_large")),
    "long field": (b"GET / HTTP/1.1\r\nA: " + b"b" * MOST_BYTES + b"\r\n\r\n", (431, "headers_too_large")),
    "many trailers": (CHUNKED + b"0\r\n" + b"A: b\r\n" * 101 + b"\r\n", (431, "headers_too_large")),
}
UNFINISHED = {"head": POST, "body": POST + b"Content-Length: 9\r\n\r\n{", "blank lines": b"\r\n\r\n", "nothing": b""}


def exchanged(scenario: Scenario, content: bytes, *, end: bool = False) -> bytes:
    """All that comes for these bytes until the runner closes the connection; ``end`` says that no more will follow."""
    address, received = urlsplit(scenario.session.system.base_url), b""
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=LONGEST_SECONDS)
    with connection, suppress(ConnectionError):
        connection.sendall(content)
        if end:
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            received += part
    return received


def answers(received: bytes) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Status, header fields and body of each answer."""
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(fields["content-length"])
        yield int(first.split()[1]), fields, received[:size]
        received = received[size:]


@pytest.mark.parametrize(("content", "refusal"), REFUSED.values(), ids=REFUSED)
def test_unreadable_request_is_refused_in_the_form_of_all_errors(
    scenario: Scenario, content: bytes, refusal: tuple[int, str]
) -> None:
    ((status, fields, body),) = answers(exchanged(scenario, content))
    error = json.loads(body)
    assert (status, error["error_code"]) == refusal
    assert error["request_id"] == fields["x-request-id"]
    assert fields["content-type"] == "application/json"
    assert fields["connection"] == "close"
    log = scenario.session.system.log
    wait("its line", log, until=lambda lines: any(error["request_id"] in line for line in lines), kind="ready")


@pytest.mark.parametrize(("asked", "fields"), READ.values(), ids=READ)
def test_request_at_a_limit_is_read(scenario: Scenario, asked: bytes, fields: tuple[bytes, ...]) -> None:
    content = b"".join((b"GET ", asked, b" HTTP/1.1\r\n", *fields, b"\r\n"))
    assert [status for status, _, _ in answers(exchanged(scenario, content))] == [200]


def test_refusal_stands_behind_the_answers_to_what_came_before(scenario: Scenario) -> None:
    sent = scenario.new_id().encode()
    content = SEEDS[4] + b"GET / HTTP/1.1\r\nX-Request-ID: " + sent + b"\r\nHost: a\r\nbad field\r\n\r\n"
    *before, last = answers(exchanged(scenario, content))
    assert [status for status, _, _ in before] == [200, 200]
    assert (last[0], json.loads(last[2])["request_id"]) == (400, sent.decode())


def mutated(rng: random.Random) -> bytes:
    """A request with a few faults in its bytes."""
    content = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 4)):
        first = rng.randrange(len(content) + 1)
        last = min(len(content), first + rng.randint(0, 8))
        piece = rng.choice((b"", rng.choice(PIECES), rng.randbytes(rng.randint(1, 4)), 2 * content[first:last]))
        content = content[:first] + piece + content[last:]
    return content


def held(scenario: Scenario) -> tuple[float, float]:
    """Memory and descriptors of the runner."""
    lines = dict(line.split(" ") for line in scenario.client.get("/metrics").text.splitlines() if line[0] != "#")
    return float(lines["process_resident_memory_bytes"]), float(lines["process_open_fds"])


@pytest.mark.parametrize("number", [CASES, pytest.param(CASES_AT_FULL, marks=pytest.mark.full)])
def test_no_bytes_get_an_answer_of_another_form(own_runner: OwnRunner, rng: random.Random, number: int) -> None:
    # A pool that is full from the first: one that grows while the runner is busy would pass for what is never closed.
    scenario = own_runner(RUNNER_RATE_LIMIT="", RUNNER_DATABASE_POOL="2")
    for _ in range(number // 10):
        list(answers(exchanged(scenario, mutated(rng), end=True)))
    before = held(scenario)
    for _ in range(number):
        content = mutated(rng)
        for status, fields, body in answers(exchanged(scenario, content, end=True)):
            assert fields["x-request-id"], content
            assert status < 400 or json.loads(body)["error_code"], content
            assert status < 500, content
    assert [now < GROWTH * then for now, then in zip(held(scenario), before, strict=True)] == [True, True]


@pytest.mark.full
@pytest.mark.parametrize("content", UNFINISHED.values(), ids=UNFINISHED)
def test_connection_without_a_whole_request_is_ended(scenario: Scenario, content: bytes) -> None:
    started = time.monotonic()
    received = list(answers(exchanged(scenario, content)))
    assert time.monotonic() - started < LONGEST_SECONDS
    expected = [(408, "request_timeout")] if content.strip() else []
    assert [(status, json.loads(body)["error_code"]) for status, _, body in received] == expected
