"""Requests that wait at the router stand-in, and how it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from beacon.router import PATHS, Answer, Router, Status, echo, serving
from beacon.router.router import misanswers
from gate.core.waiting import wait
from tests.harness.beacon.router.asking import ask, hung


def test_latency_delays_the_answer(router: Router, http: httpx.Client) -> None:
    """An answer takes its latency and says so."""
    router.on(Answer("late", latency=0.05))
    answer = ask(http).json()

    assert (answer["response"], answer["inference_time"]) == ("late", 0.05)
    assert (router.calls()[0].elapsed or 0) >= 0.045


def test_release_ends_latency(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A released request answers with the text that it was going to answer with."""
    router.on(Answer("late", latency=60))
    asked = pool.submit(ask, http)
    router.wait_for_calls(1)
    router.release()

    assert asked.result(2).json()["response"] == "late"


def test_hung_requests_answer_with_the_echo_when_released(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor
) -> None:
    """Hung requests are seen while they hang; a release answers them and lets no later one hang."""
    asked = hung(router, http, pool, number=3)
    assert router.waiting("job") == 3
    assert {(call.status, call.outcome, call.waiting) for call in router.calls()} == {(None, "hang", True)}
    router.release()

    assert {future.result(2).json()["response"] for future in asked} == {echo("mistral-7b", "us-east", "Who are you?")}
    assert router.waiting("job") == 0
    assert ask(http).status_code == 200


def test_reset_lets_go_of_hung_requests(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """A reset leaves nobody hanging, and forgets."""
    [asked] = hung(router, http, pool)
    router.reset()

    assert asked.result(2).status_code == 200
    assert router.calls() == []


def test_close_ends_hung_requests_promptly(http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    """Closing takes no longer because many requests hang, and does not count as their clients' leaving."""
    with Router() as router:
        asked = hung(router, http, pool, number=8)
        before = time.monotonic()
        router.close()
        took = time.monotonic() - before

    assert all(isinstance(future.exception(2), httpx.TransportError) for future in asked)
    assert {(call.waiting, call.aborted, call.status) for call in router.calls()} == {(False, False, None)}
    assert took < 1  # milliseconds in fact; no time limit of server or client fits in


def test_stopped_stand_in_is_unreachable_and_comes_back_at_its_address(http: httpx.Client) -> None:
    """A closed stand-in refuses connections until it is started again; its log stays."""
    router = Router()
    with pytest.raises(RuntimeError, match="not started"):
        _ = router.url
    with router:
        url = router.url
        assert ask(http, path=url + PATHS[0]).status_code == 200
        with pytest.raises(RuntimeError, match="started already"):
            router.start()
    router.close()
    with pytest.raises(httpx.ConnectError):
        http.get(f"{url}/health")
    with router:
        assert http.get(f"{url}/health").json() == {"status": "healthy"}
    assert len(router.calls()) == 1


def test_address_that_cannot_be_listened_on_is_an_error() -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1|address"):
        Router("192.0.2.1").start()


def test_hung_requests_cost_no_threads(router: Router, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
    before = threading.active_count()
    asked = hung(router, http, pool, number=8)
    clients = len([thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")])

    assert threading.active_count() - before <= clients
    router.release()
    assert {future.result(2).status_code for future in asked} == {200}


def test_error_of_the_stand_in_is_told_from_an_answer_on_purpose(
    router: Router, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client sees the same status, but what it asked for was not judged."""
    router.on(Status(500))
    ask(http)
    assert router.trouble() == ""
    monkeypatch.setattr("beacon.router.app._infer", lambda *_: 1 / 0)
    assert ask(http).status_code == 500
    assert router.trouble() == "failed in itself: ZeroDivisionError('division by zero')"


def test_a_stand_in_that_answers_otherwise_than_it_has_to_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beacon.router.router._right", [])
    assert misanswers() == ""
    monkeypatch.setattr("beacon.router.router._right", [])
    monkeypatch.setattr("beacon.router.wire.echo", lambda *_: "another text")
    assert misanswers() == "answers or logs another text than the echo"


def test_a_stand_in_that_hangs_by_itself_is_told_from_one_that_has_to(
    http: httpx.Client, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HANGS_SECONDS", 0.0)
    with Router() as router:
        [asked] = hung(router, http, pool)
        wait("it waits for its client", router.trouble, until=lambda trouble: not trouble)
        router.release()
        assert asked.result(2).status_code == 200

        monkeypatch.setattr("beacon.router.app._infer", lambda *_: asyncio.Event().wait())
        pool.submit(ask, http, path=router.url + PATHS[0])
        wait("it hangs", router.trouble, until=bool)
        assert router.trouble() == "has not answered a request for 0 s"
