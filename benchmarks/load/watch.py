"""Looks at the runner and its database while the load lasts: one sample of each quantity in a second."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, fields
from typing import Any, Self

import httpx
import psutil
import psycopg

from benchmarks.load.stage import Stage

EVERY_SECONDS = 1.0
_QUEUE = """
SELECT (SELECT count(*) FROM pgqueuer), (SELECT count(*) FROM pgqueuer_log),
    (SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'beacon-runner-%'),
    (SELECT pg_total_relation_size('pgqueuer'))
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The quantities at one moment; None where one could not be seen.

    ``memory`` is in MB over all processes of the runner, ``seconds`` their processor time so far, ``table`` the size
    of the queue's table in kB, ``log`` rows of the queue's log, ``log_bytes`` everything that was printed so far.
    """

    at: float
    queue: int | None = None
    log: int | None = None
    connections: int | None = None
    table: float | None = None
    memory: float | None = None
    descriptors: int | None = None
    seconds: float | None = None
    series: int | None = None
    log_bytes: int | None = None


QUANTITIES = tuple(field.name for field in fields(Sample) if field.name != "at")


class Watch:
    """Takes samples in a thread of its own, from ``with`` on.

    Attributes:
        samples: those so far.

    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._http = httpx.Client(timeout=0.5, trust_env=False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._lines = self._bytes = 0
        self.samples: list[Sample] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._http.close()

    @property
    def queue(self) -> int | None:
        """The length of the queue when it was last seen."""
        return self.samples[-1].queue if self.samples else None

    def _run(self) -> None:
        connection: psycopg.Connection[tuple[Any, ...]] | None = None
        due = time.time()
        while True:
            try:
                connection = connection or psycopg.connect(self._stage.database_url, autocommit=True, connect_timeout=2)
                row = connection.execute(_QUEUE).fetchone() or (None,) * 4
            except psycopg.Error:
                connection, row = None, (None,) * 4
            queue, log, connections, size = row
            size = None if size is None else size / 1000
            self.samples.append(Sample(time.time(), queue, log, connections, size, *self._processes(), *self._inside()))
            due += EVERY_SECONDS
            if self._over.wait(max(0.0, due - time.time())):
                break
        if connection:
            connection.close()

    def _processes(self) -> tuple[float | None, int | None, float | None]:
        memory, descriptors, seconds = 0.0, 0, 0.0
        try:
            for process in self._stage.living():
                memory += process.memory_info().rss / 1e6
                descriptors += process.num_fds()
                seconds += sum(process.cpu_times()[:2])
        except psutil.Error:
            return None, None, None
        return memory, descriptors, seconds

    def _inside(self) -> tuple[int | None, int]:
        """Series of metrics, and characters of the log."""
        series = None
        with contextlib.suppress(httpx.HTTPError):
            answer = self._http.get(f"{self._stage.system.base_url}/metrics")
            series = sum(line[:1] not in {b"#", b""} for line in answer.content.splitlines())
        lines = self._stage.system.log()
        self._bytes += sum(map(len, lines[self._lines :]))
        self._lines = len(lines)
        return series, self._bytes
