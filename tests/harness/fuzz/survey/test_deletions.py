"""A refused deletion is tried again on a resource made anew, as an earlier one may have removed its own with it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, cast

from gate.contract.document import Contract
from gate.core.client import Client
from gate.core.exchange import Exchange
from gate.fuzz.survey.rows import Tables
from gate.fuzz.survey.trial import Trial

RESPONSES = {"responses": {"200": {"description": "done"}}}
ID = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]}
CONTRACT = Contract(
    {
        "openapi": "3.1.0",
        "paths": {
            "/users": {"post": RESPONSES},
            "/users/{id}": {**ID, "delete": RESPONSES},
            "/users/{id}/rights": {**ID, "delete": RESPONSES},
        },
    }
)


class Service:
    """A client of a service in memory, and the rows of its users: what deletes the rights removes the user, too."""

    keys: Mapping[str, list[str]] = {"users": ["id"]}

    def __init__(self) -> None:
        self.users: list[int] = []
        self._last = 0
        self._new: list[dict[str, Any]] = []

    def request(self, method: str, target: str, **_: Any) -> Exchange:
        """The answer to a request."""
        status, body = 200, {}
        if method == "POST":
            self._last += 1
            self.users.append(self._last)
            self._new = [{"id": self._last}]
            status, body = 201, self._new[0]
        elif (user := int(target.split("/")[2])) in self.users:
            self.users.remove(user)
        else:
            status = 404
        return Exchange(method, f"http://service{target}", status, body=json.dumps(body).encode())

    def look(self, *, late: bool = False) -> dict[str, list[Any]]:
        """The rows that the last request made."""
        new, self._new = self._new, []
        return {"users": new} if new and not late else {}


def test_deletion_is_tried_again_on_a_resource_made_anew() -> None:
    service = Service()
    trial = Trial(cast("Client", service), CONTRACT, "", cast("Tables", service))
    trial.run(time.monotonic() + 60, lambda *_: None)
    outcomes = {str(attempt.operation): attempt.outcome for attempt in trial.attempts.values()}
    assert outcomes == dict.fromkeys(outcomes, "accepted")
    assert len(outcomes) == len(["the user", "the deletion of its rights", "its own"])
