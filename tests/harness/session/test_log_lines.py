"""A record is judged on the log once it has the lines of its requests, not other lines that name them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from beacon.pack import pack
from gate.core.exchange import Exchange
from gate.core.log import Log
from gate.core.record import Record
from gate.session.observe import Observer

CANCELLED = json.dumps({"event": "job_cancelled", "request_id": "a"})
REQUEST = json.dumps({"event": "request", "request_id": "a"})


class Growing:
    """A log that has one line more at each reading."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines
        self._number = 0

    def read(self) -> Sequence[str]:
        """The lines so far."""
        self._number += 1
        return self._lines[: self._number]


def test_line_of_the_request_is_waited_for_though_another_names_it() -> None:
    log = Log(Growing(CANCELLED, REQUEST).read)
    observer = cast(
        "Observer", SimpleNamespace(pack=pack(), log=log, client=SimpleNamespace(base_url="http://service"))
    )
    exchange = Exchange("POST", "http://service/x", 200, headers={"x-request-id": "a"})
    assert [line.get("event") for line in Observer.lines(observer, Record("", [exchange]))] == [
        "job_cancelled",
        "request",
    ]
