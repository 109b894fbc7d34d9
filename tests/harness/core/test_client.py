"""The client records what it sent and received; its transport times requests and decides what goes out."""

from __future__ import annotations

from typing import NoReturn

import httpx
import pytest

from gate.core.client import Client, Unreachable, with_parameters
from gate.core.errors import NotAvailable
from gate.core.exchange import Exchange
from gate.core.transport import WatchedTransport

DEFAULTS = {"X-Key": "usual"}


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(202, json={"path": request.url.path}, headers={"X-Seen": request.headers["x-asked"]})


def cut_off(_: httpx.Request) -> NoReturn:
    raise httpx.ReadError("cut off")


def refuse(_: httpx.Request) -> NoReturn:
    raise NotAvailable("not here")


def test_exchange_has_what_was_sent_and_answered() -> None:
    recorded: list[Exchange] = []
    client = Client("http://service", recorded.append, transport=WatchedTransport(httpx.MockTransport(answer)))
    exchange = client.post("/things", {"name": "ä"}, x_asked="yes")
    assert recorded == [exchange]
    assert (exchange.method, exchange.url, exchange.status) == ("POST", "http://service/things", 202)
    assert (exchange.sent, exchange.json) == ({"name": "ä"}, {"path": "/things"})
    assert (exchange.request_headers["content-type"], exchange.headers["x-seen"]) == ("application/json", "yes")
    assert exchange.began > 0
    assert exchange.elapsed > 0


def test_header_of_a_request_stands_in_the_place_of_a_default_however_it_is_written() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=request.headers.get_list("X-Key")))
    client = Client("http://service", lambda _: None, transport=WatchedTransport(transport), defaults=lambda: DEFAULTS)
    assert client.get("/things").json == ["usual"]
    assert client.request("GET", "/things", headers={"x-key": "another"}).json == ["another"]


def test_request_without_an_answer_is_unreachable_and_reported_as_lost() -> None:
    recorded: list[Exchange] = []
    events: list[str] = []
    watched = WatchedTransport(
        httpx.MockTransport(cut_off), before=events.append, lost=lambda m: events.append(f"-{m}")
    )
    with pytest.raises(Unreachable, match=r"GET http://service/things was not answered: .*cut off"):
        Client("http://service", recorded.append, transport=watched).get("/things")
    assert (events, recorded) == (["GET", "-GET"], [])


def test_refusal_of_a_transport_reaches_the_caller_unchanged() -> None:
    recorded: list[Exchange] = []
    with pytest.raises(NotAvailable, match=r"^not here$"):
        Client("http://service", recorded.append, transport=httpx.MockTransport(refuse)).get("/things")
    assert recorded == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a", "/a?key=%C3%A9"),
        ("/a?b=%2f+&c", "/a?b=%2f+&c&key=%C3%A9"),
        ("/a?key=x&b=1&k%65y=y", "/a?b=1&key=%C3%A9"),
    ],
)
def test_declared_parameters_stand_in_the_query(target: str, expected: str) -> None:
    assert with_parameters(target, {"key": "é"}) == expected
    assert with_parameters(target, {}) == target
