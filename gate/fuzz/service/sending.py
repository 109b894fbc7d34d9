"""Sends requests to a service, and tells one that went away from one that closed a connection."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx

from gate.core.client import Unreachable, with_parameters
from gate.core.errors import GateError
from gate.core.exchange import Exchange
from gate.fuzz.service.row_watch import RowWatch
from gate.session.session import Session

NONE: Mapping[str, bytes] = MappingProxyType({})


class Sender:
    """Sends the requests of one session; ``query`` are parameters that each has."""

    def __init__(self, session: Session, query: Mapping[str, str], watch: RowWatch) -> None:
        self._session = session
        self._query = query
        self._watch = watch

    def get(self, target: str) -> Exchange:
        """The exchange of a GET."""
        return self.request("GET", target)

    def request(
        self, method: str, target: str, content: bytes | None = None, headers: Mapping[str, bytes] = NONE
    ) -> Exchange:
        """The exchange of a request; GateError where a service that the gate did not start is no longer there."""
        try:
            return self._exchange(method, target, content, headers)
        except Unreachable as error:
            if not self._session.alone:
                self._must_be_there(error)
            raise

    def _must_be_there(self, error: Unreachable) -> None:
        client, alive = self._session.client, self._session.pack.service.alive
        try:
            client.get(with_parameters(alive, self._query))
        except Unreachable:
            message = f"The service at {client.base_url} no longer answers: {str(error).splitlines()[0].rstrip('.')}."
            raise GateError(message, "See that it is up, and judge it again.") from error

    def _exchange(self, method: str, target: str, content: bytes | None, headers: Mapping[str, bytes]) -> Exchange:
        """The exchange of a request, which is sent again where it met a connection that the service had closed."""
        client, target = self._session.client, with_parameters(target, self._query)
        try:
            return client.request(method, target, content=content, headers=headers)
        except Unreachable as error:
            # Many servers close a kept connection after an error; only what changed nothing is safe to send again.
            if isinstance(error.__cause__, httpx.TimeoutException) or self._watch.changes():
                raise
        return client.request(method, target, content=content, headers=headers)
