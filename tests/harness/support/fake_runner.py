"""A runner that answers whatever a test says, on a real database: enough to test what watches a runner."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from beacon.pack import pack
from beacon.router import Router
from beacon.service import ROUTER
from gate.core.ids import Ids
from gate.core.record import Row
from gate.core.redaction import Redactor
from gate.session.session import Session
from gate.targets.service import StandIn
from gate.verdict.journal import Journal
from tests.harness.support.database_state import JOBS, Writer

Reply = tuple[int, bytes] | None
"""Status and body, or None for a connection that is closed without an answer."""
Answer = Callable[[str, str], Reply]
"""The reply to a method and a path."""


class FakeRunner:
    """A system under test without a process: its runner is a thread, and its router is never called.

    ``answer`` may be replaced at any time.
    """

    def __init__(self, database_url: str, *, exclusive: bool = True) -> None:
        self.exclusive = exclusive
        self.database_url: str | None = database_url
        self.stand_ins: Mapping[str, StandIn] = {ROUTER: Router()}
        self.answer: Answer = lambda *_: (200, b"{}")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def ended(self, seconds: float = 0.0) -> None:
        """Never by itself."""

    def trouble(self) -> str:
        """None."""
        return ""

    def log(self) -> list[str]:
        """No lines."""
        return []

    def start(self) -> None:
        """Does nothing, as it always runs."""

    stop = kill = start

    def close(self) -> None:
        """Ends the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_PROGRAM = """
import http.server as h, os
class H(h.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {answer!r}.encode()
        self.send_response(200); self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)
h.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
"""


def program(directory: Path, answer: str) -> str:
    """The command that starts a runner which answers every GET with a text as JSON; its file is in ``directory``."""
    file = directory / "runner.py"
    file.write_text(_PROGRAM.format(answer=answer), encoding="utf-8")
    return f"{sys.executable} {file}"


def handler(runner: FakeRunner) -> type[BaseHTTPRequestHandler]:
    """A handler that replies to every method as the runner's ``answer`` says."""

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = runner.answer(self.command, self.path)
            if reply is None:
                return
            self.send_response(reply[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Request-Id", uuid.uuid4().hex)
            self.send_header("Content-Length", str(len(reply[1])))
            self.end_headers()
            self.wfile.write(reply[1])

        do_GET = do_POST = do_DELETE = reply  # noqa: N815 (the names that the base class looks for)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    return Handler


@contextmanager
def watching(
    connection: psycopg.Connection[Row], directory: Path, *, exclusive: bool = True
) -> Iterator[tuple[Session, FakeRunner]]:
    """A session with a runner on the database of a connection, which others use too unless it is ``exclusive``."""
    info = connection.info
    runner = FakeRunner(
        f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}", exclusive=exclusive
    )
    journal = Journal(directory / "journal.ndjson", Redactor())
    session = Session(pack(), runner, Ids("run", "gw0"), journal)
    try:
        yield session, runner
    finally:
        session.close()
        journal.close()


@contextmanager
def ended_jobs(database_url: str) -> Iterator[psycopg.Connection[Row]]:
    """A connection to the database, filled with those of the sound jobs that have ended."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        with connection.transaction():
            for planned in JOBS:
                if planned.status not in {"queued", "running"}:
                    Writer(connection, planned, planned.name, datetime.now(UTC)).write()
        yield connection
