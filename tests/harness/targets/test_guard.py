"""An unsafe request is not sent to somebody else's machine, and a submission is in the ledger before it is sent."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from beacon.jobs import sign, spec, wrap
from beacon.service import REMOTE
from gate.core.client import Client
from gate.core.errors import NotAvailable, NotSafe, UsageError
from gate.core.transport import WatchedTransport
from gate.targets.remote_run import ledger
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.remote_run.guard import Guard, GuardedTransport
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.limits import Budget, Limits, UsedUp

OWN = "gate-0a1b2c3d-gw0n1"
Handler = Callable[[httpx.Request], httpx.Response]
MANY = Limits(100, 1e6, 60)


def guard(directory: Path, limits: Limits = MANY, *, reading: bool = False, stopped: Event | None = None) -> Guard:
    book = None if reading else Ledger(directory / "ledger.ndjson")
    if book:
        book.write("run", run="0a1b2c3d", base_url="http://h")
    return Guard("0a1b2c3d", REMOTE, Budget(directory / "budget.json", limits), book, stopped or Event())


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


REFUSED: dict[str, tuple[str, str, Any]] = {
    "cancel of another's job": ("POST", "/api/v1/jobs/bias-detection-1/cancel", None),
    "cancel of another run's job": ("POST", "/api/v1/jobs/gate-ffffffff-gw0n1/cancel", None),
    "own id, then another path": ("POST", f"/api/v1/jobs/{OWN}/../bias-detection-1/cancel", None),
    "own id, then an encoded path": ("POST", f"/api/v1/jobs/{OWN}%2F..%2Fbias-detection-1/cancel", None),
    "removal of all jobs": ("DELETE", "/api/v1/jobs", None),
    "removal of another's job": ("DELETE", "/api/v1/jobs/bias-detection-1", None),
    "retry of an execution": ("POST", "/api/v1/executions/7/retry-question", None),
    "emergency call": ("POST", "/emergency/republish-stuck-jobs", None),
    "submission under another's id": ("POST", "/api/v1/jobs", spec("bias-detection-1")),
    "wrapped submission under another's id": ("POST", "/api/v1/jobs/cross-region", wrap(spec("bias-detection-1"))),
    "another's id beside ours": ("POST", "/api/v1/jobs", {**spec(OWN), "jobspec_id": "bias-detection-1"}),
    "another's id in a second wrapper": (
        "POST",
        "/api/v1/jobs/cross-region",
        {**wrap(spec(OWN)), "jobspec": spec("bias-detection-1")},
    ),
}


@pytest.mark.parametrize(("method", "path", "sent"), REFUSED.values(), ids=REFUSED)
def test_request_that_may_touch_others_is_not_sent(tmp_path: Path, method: str, path: str, sent: Any) -> None:
    """The request counts for no limit and stands in no ledger."""
    guarding = guard(tmp_path)
    with pytest.raises(NotAvailable):
        guarding.permit(method, path, body(sent) if sent else b"", {})
    assert ledger.read(tmp_path / "ledger.ndjson").ids == []


SENT: dict[str, tuple[str, str, Any]] = {
    "reading": ("GET", "/api/v1/jobs/bias-detection-1", None),
    "cancel": ("POST", f"/api/v1/jobs/{OWN}/cancel", None),
    "submission": ("POST", "/api/v1/jobs", spec(OWN)),
    "wrapped submission": ("POST", "/api/v1/jobs/cross-region", wrap(spec(OWN))),
    "no JSON": ("POST", "/api/v1/jobs", None),
}


@pytest.mark.parametrize(("method", "path", "sent"), SENT.values(), ids=SENT)
def test_request_on_the_runs_own_jobs_is_sent(tmp_path: Path, method: str, path: str, sent: Any) -> None:
    guard(tmp_path).permit(method, path, body(sent) if sent else b"{", {})


def owning(directory: Path) -> Guard:
    """The guard of a service that chooses its ids: what is the run's own begins with /own."""
    rules = replace(REMOTE, owned=lambda _, path: path.startswith("/own"), given=lambda body: str(body["id"]))
    book = Ledger(directory / "ledger.ndjson")
    book.write("run", run="0a1b2c3d", base_url="http://h")
    return Guard("0a1b2c3d", rules, Budget(directory / "budget.json", MANY), book, Event())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_only_what_a_run_owns_is_changed_where_the_service_chooses_ids(tmp_path: Path, method: str) -> None:
    guarding = owning(tmp_path)
    assert guarding.permit(method, "/own/7", b"", {}) == guarding.permit("GET", "/others/7", b"", {}) == {}
    with pytest.raises(NotSafe, match="did not create"):
        guarding.permit(method, "/others/7", b"", {})


def test_ledger_lists_what_is_left_where_the_service_chooses_ids(tmp_path: Path) -> None:
    """A creation is told by 201 or a new id in its answer, else by its path."""
    guarding = owning(tmp_path)
    for method, path, status, answer in (
        ("POST", "/own/members", 201, {"id": 1}),
        ("POST", "/own/members/1/cards", 201, {"id": 4}),
        ("POST", "/own/members", 400, {"id": 2}),
        ("POST", "/own/members/1/pause", 200, {"id": 1}),
        ("POST", "/own/teams", 200, {"id": 5}),
        ("PUT", "/own/settings/a", 201, {"id": 3}),
        ("DELETE", "/own/members/1", 409, None),
        ("DELETE", "/own/cards/4", 204, None),
    ):
        guarding.answered(method, path, b"", status, answer)
    assert ledger.read(tmp_path / "ledger.ndjson").left == ["/own/members/1", "/own/teams/5", "/own/settings/a"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
def test_reading_run_sends_only_get(tmp_path: Path, method: str) -> None:
    guarding = guard(tmp_path, reading=True)
    guarding.permit("GET", "/api/v1/jobs", b"", {})
    with pytest.raises(NotAvailable, match="only reads"):
        guarding.permit(method, f"/api/v1/jobs/{OWN}/cancel", b"", {})


def test_job_is_in_the_ledger_before_it_is_sent(tmp_path: Path) -> None:
    """Id, idempotency key, and the nonce of its signature; and that nobody has seen an answer yet."""
    signed = sign(spec(OWN), nonce="n1")
    guard(tmp_path).permit("POST", "/api/v1/jobs", body(signed), {"Idempotency-Key": "k1"})
    created = ledger.read(tmp_path / "ledger.ndjson")
    assert (created.ids, created.in_doubt) == ([OWN], 1)
    assert [fact["nonce"] for fact in created.facts] == [[signed["public_key"], "n1"]]


def test_submission_without_an_id_is_found_again_by_its_key(tmp_path: Path) -> None:
    """The guard adds a key where there is none, and takes down the id that the runner gave."""
    guarding = guard(tmp_path)
    unnamed = body(spec(None))
    key = guarding.permit("POST", "/api/v1/jobs", unnamed, {})["idempotency-key"]
    assert ledger.read(tmp_path / "ledger.ndjson").keys == [key]
    guarding.answered("POST", "/api/v1/jobs", unnamed, 202, {"id": "given-1"})
    assert ledger.read(tmp_path / "ledger.ndjson").ids == ["given-1"]
    guarding.permit("POST", "/api/v1/jobs/given-1/cancel", b"", {})


def test_empty_key_is_sent_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    """Another key in its place would turn an invalid request into a valid one."""
    guarding = guard(tmp_path)
    assert guarding.permit("POST", "/api/v1/jobs", body(spec(OWN)), {"Idempotency-Key": ""}) == {}
    with pytest.raises(NotAvailable, match="neither an id nor a key"):
        guarding.permit("POST", "/api/v1/jobs", body(spec(None)), {"Idempotency-Key": ""})


def test_torn_ledger_has_everything_that_was_sent(tmp_path: Path) -> None:
    """A line without its end was not on the disk, so its request was not sent."""
    guarding = guard(tmp_path)
    guarding.permit("POST", "/api/v1/jobs", body(spec(OWN)), {})
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(path.read_bytes() + b'{"kind": "sending", "id": "gate-0a1b2c3d-gw0n2"')
    assert ledger.read(path).ids == [OWN]


def test_ledger_removes_no_other_runs_job(tmp_path: Path) -> None:
    """An id in a ledger that the run cannot have given is passed over."""
    book = Ledger(tmp_path / "ledger.ndjson")
    book.write("run", run="0a1b2c3d", base_url="http://h")
    for job in (OWN, "bias-detection-1", "gate-ffffffff-gw0n1"):
        book.write("sending", id=job, key="", nonce=None)
    assert ledger.read(tmp_path / "ledger.ndjson").ids == [OWN]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"not json\n", b'{"kind": "sending"}\n', b"\xff\n"])
def test_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match=r"expected a (ledger|readable)"):
        ledger.read(tmp_path / "file")


def test_jobs_are_counted_over_all_workers_and_refused_ones_given_back(tmp_path: Path) -> None:
    """Two processes share one budget; a submission that was refused made no job."""
    first, second = (guard(tmp_path, Limits(2, 1e6, 60)) for _ in range(2))
    first.permit("POST", "/api/v1/jobs", body(spec(OWN)), {})
    first.answered("POST", "/api/v1/jobs", body(spec(OWN)), 400, {})
    for number in range(2):
        second.permit("POST", "/api/v1/jobs", body(spec(f"{OWN}{number}")), {})
    with pytest.raises(UsedUp, match="2 resources is used up"):
        first.permit("POST", "/api/v1/jobs", body(spec(OWN)), {})


def test_rate_limits_all_workers_together(tmp_path: Path) -> None:
    """Twenty requests by four at 100 a second take at least 0.19 seconds."""
    guards = [guard(tmp_path, Limits(1, 100, 60)) for _ in range(4)]
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: [each.permit("GET", "/", b"", {}) for _ in range(5)], guards))
    assert time.monotonic() - started >= 0.19


def test_nothing_is_sent_after_the_time_limit(tmp_path: Path) -> None:
    """The time of the run counts from its first request."""
    guarding = guard(tmp_path, Limits(1, 10, 0.05))
    guarding.permit("GET", "/", b"", {})
    guarding.permit("GET", "/", b"", {})  # waits 0.1 seconds for its turn
    with pytest.raises(UsedUp, match="seconds are over"):
        guarding.permit("GET", "/", b"", {})


def test_stopped_run_sends_nothing(tmp_path: Path) -> None:
    """Not even what waits for its turn."""
    stopped = Event()
    guarding = guard(tmp_path, stopped=stopped)
    stopped.set()
    with pytest.raises(KeyboardInterrupt):
        guarding.permit("GET", "/", b"", {})


def client(inner: Handler, directory: Path, url: str, *, reading: bool = False) -> tuple[Client, list[str]]:
    """A client behind the guard, whose requests ``inner`` answers, and the methods of those that go out."""
    methods: list[str] = []
    addressed = AddressedTransport(Address.of(url, {}), httpx.Client(transport=httpx.MockTransport(inner)))
    transport = GuardedTransport(guard(directory, reading=reading), WatchedTransport(addressed, before=methods.append))
    return Client("http://h", lambda _: None, transport=transport), methods


def test_refused_request_is_not_sent(tmp_path: Path) -> None:
    caller, methods = client(lambda _: httpx.Response(200), tmp_path, "http://h", reading=True)
    with pytest.raises(NotAvailable, match=r"^a run that only reads sends no POST$"):
        caller.post("/api/v1/jobs", {})
    assert methods == []


def test_exchange_has_the_added_key_and_no_secret(tmp_path: Path) -> None:
    """Of an answer that repeats the secrets, compressed and in a header, too."""
    sent: list[httpx.Request] = []

    def echo(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        body = gzip.compress(json.dumps({"id": "given-1", "url": str(request.url)}).encode())
        headers = {"content-type": "application/json", "content-encoding": "gzip", "x-query": str(request.url.query)}
        return httpx.Response(202, headers=headers, content=body)

    caller, methods = client(echo, tmp_path, "http://h?key=canary-7f3a")
    exchange = caller.post("/api/v1/jobs", spec(None))
    assert sent[0].url.query == b"key=canary-7f3a"
    assert methods == ["POST"]
    assert exchange.request_headers["idempotency-key"] == sent[0].headers["idempotency-key"]
    assert exchange.json == {"id": "given-1", "url": "http://h/api/v1/jobs?***"}
    assert "canary" not in str(exchange.headers) + exchange.url
    assert ledger.read(tmp_path / "ledger.ndjson").ids == ["given-1"]
