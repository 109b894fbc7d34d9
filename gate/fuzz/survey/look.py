"""A look at a declared service: it is started, its document is read, each operation is tried, and guesses are made."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import httpx

from gate.contract.document import Contract
from gate.contract.loading import parse
from gate.core.client import Client, Unreachable
from gate.core.declaration import Declaration
from gate.core.documents import load_text
from gate.core.errors import DocumentError, GateError
from gate.core.settings import Settings
from gate.fuzz.survey import guesses
from gate.fuzz.survey.rows import Tables
from gate.fuzz.survey.trial import ANSWER_SECONDS, Trial, base_of
from gate.fuzz.survey.writing import Guessed
from gate.targets import System
from gate.targets.choose import declared
from gate.targets.declared_service import service_of
from gate.targets.quiet import Watcher
from gate.targets.remote import RemoteTarget
from gate.targets.remote_run.access import remote_access

READY = ("/health/ready", "/ready", "/health", "/healthz", "/api/health", "/-/ready", "/status", "/api/status", "/ping")
NOWHERE = "/gate-asks-for-what-is-nowhere"
DOCUMENT_SECONDS = 60.0
"""Seconds that the document may take: a service makes it of all its code."""
LATE_SECONDS, LATE_LONGEST = 6.0, 15.0
"""Seconds without a change after the last request, and the longest wait for them: writes are often put together."""


class Say(Protocol):
    """Shows what goes on; what is no new phase may be left out."""

    def __call__(self, text: str, *, phase: bool = True) -> None:
        """Shows it."""


class Look:
    """The look, and what came of it."""

    def __init__(self, declaration: Declaration, settings: Settings, *, base: str | None, say: Say) -> None:
        self.declaration = declaration
        self.guessed = Guessed(headers=declaration.fuzz.headers, query=declaration.fuzz.query)
        self.starts = 0.0  # seconds until the service was up on a copy of its database
        self.restless: set[str] = set()  # tables that never were quiet
        self._headers = declaration.fuzz.sent_headers(os.environ)
        self._base = base
        self._settings = settings
        self._say = say
        self._transport: Callable[[], httpx.BaseTransport | None] = lambda: None
        self.contract: Contract
        self.trial: Trial
        self.tables: Tables | None = None

    def run(self, seconds: float) -> None:
        """Looks; GateError where the service cannot be started or has no document."""
        with ExitStack() as stack:
            system, base_url = self._started(stack)
            client = self._client(base_url, ANSWER_SECONDS)
            stack.callback(client.close)
            self.contract = Contract(self._document(base_url))
            if not self.contract.operations:
                raise GateError("The document has no operation below paths, without which there is nothing to judge.")
            self._guess(client)
            if system is None:  # its database is not looked at: others write there
                self._try(client, None, None, seconds)
            else:
                self._try_watched(client, system, seconds, stack)
            self.guessed.skip = self.trial.findings.skip
            self.guessed.drop = self.trial.findings.drop
            self.guessed.resources = self.trial.findings.resources

    def _try_watched(self, client: Client, system: System, seconds: float, stack: ExitStack) -> None:
        """Tries the operations of a system of the gate's own, and watches its rows."""
        url = system.database_url or ""
        with Watcher(url) as watcher:
            self.restless |= watcher.settle()
            self.tables = tables = Tables(url, watcher)
            stack.callback(tables.close)
            self._try(client, tables, system, seconds)
            self._say("waiting for what is written late")
            limit = time.monotonic() + LATE_LONGEST
            self.restless |= watcher.settle(LATE_SECONDS, limit - time.monotonic())
            tables.look(late=True)
        self.guessed.late = tables.late_names()

    def _started(self, stack: ExitStack) -> tuple[System | None, str]:
        if self.declaration.service.base_url:
            settings = self._settings
            service = service_of(self.declaration)
            there = RemoteTarget(settings, service, self._say)
            there.start()
            folder = Path(stack.enter_context(TemporaryDirectory()))
            reading = settings.model_copy(update={"read_only": True, "report_dir": folder})
            reach = remote_access(reading, {"run": "look"}, service.remote)
            if reach is not None:
                stack.callback(reach.close)
                self._transport = lambda: reach.transport(lambda inner: inner)
            return None, there.system({}).base_url
        target = declared(self._settings, service_of(self.declaration), self._say)
        stack.callback(target.stop)
        shared = target.start()
        self.restless = set(target.unsettled)
        self._say("the service starts on a copy of its database")
        began = time.monotonic()
        system = target.system(shared)
        self.starts = time.monotonic() - began
        stack.callback(system.close)
        return system, system.base_url

    def _client(self, base_url: str, seconds: float) -> Client:
        query = self.declaration.fuzz.sent_query(os.environ)
        transport = self._transport()
        return Client(
            base_url, lambda _: None, transport=transport, timeout=seconds, defaults=lambda: self._headers, query=query
        )

    def _document(self, base_url: str) -> dict[str, Any]:
        place = self.declaration.service.openapi
        if path := self.declaration.document:
            return parse(load_text(path), path, warn=self._say)
        self._say(f"reading the document at {place}")
        try:
            exchange = self._client(base_url, DOCUMENT_SECONDS).get(place)
        except Unreachable as error:
            raise GateError(f"GET {place} was not answered: {error}.") from error
        if exchange.status != 200:
            hint = "Give --openapi the path of the document on the service, or a file."
            raise GateError(f"GET {place} answered {exchange.status}, and not the OpenAPI document.", hint)
        json = exchange.text.lstrip().startswith("{")
        try:
            return parse(
                exchange.text,
                Path(place.strip("/").rpartition("/")[2] or "openapi").with_suffix(".json" if json else ".yaml"),
                warn=self._say,
            )
        except DocumentError as error:
            raise DocumentError(Path(place), error.line, error.expected, error.hint) from error

    def _guess(self, client: Client) -> None:
        guessed, place = self.guessed, self.declaration.service.openapi
        guessed.header = guesses.authentication(self.contract.document)
        if self._base is not None:
            guessed.base, guessed.base_reason = self._base.rstrip("/"), "As it was given."
        else:
            candidates = guesses.bases(self.contract, place)
            guessed.base, guessed.base_reason = base_of(client, self.contract, candidates)
        guessed.ready = self.declaration.service.ready or self._ready_path(client)

    def _ready_path(self, client: Client) -> str:
        """The first usual path that answers 2xx; none of a service that answers so everywhere."""

        def answers(path: str) -> bool:
            try:
                return 200 <= client.get(path).status < 300
            except Unreachable:
                return False

        return "" if answers(NOWHERE) else next(filter(answers, READY), "")

    def _try(self, client: Client, tables: Tables | None, system: System | None, seconds: float) -> None:
        self.trial = Trial(
            client,
            self.contract,
            self.guessed.base,
            tables,
            ended=system.ended if system else lambda: None,
            restart=system.start if system else lambda: None,
        )

        def progress(number: int, total: int, operation: str) -> None:
            self._say(f"{number} of {total} operations: {operation}", phase=number == 0)

        self.trial.run(time.monotonic() + seconds, progress)
