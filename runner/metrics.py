"""The metrics of a process, in the format of Prometheus; `x-beacon-metrics` of the contract describes each series."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

EXECUTION_STATUSES = ("pending", "running", "completed", "failed", "timeout", "cancelled")
_REQUEST_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_WORK_BUCKETS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each one, which nothing reads


class Metrics:
    """The counters of one process. Paths are counted by their templates, so that ids make no new series."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "beacon_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._latency = self._histogram(
            "beacon_http_request_duration_seconds",
            "Time from a request to the end of its response.",
            ["method", "route"],
            _REQUEST_BUCKETS,
        )
        self._accepted = Counter("beacon_jobs_accepted", "Jobs accepted.", ["workflow"], registry=self._registry)
        self._jobs = self._histogram(
            "beacon_job_duration_seconds",
            "Time from a job's start to its outcome, of the jobs that this process decided.",
            ["workflow", "status"],
            _WORK_BUCKETS,
        )
        self._calls = self._histogram(
            "beacon_router_call_duration_seconds",
            "Time of an inference call, by what it brought.",
            ["outcome"],
            _WORK_BUCKETS,
        )
        self._waits = self._histogram(
            "beacon_database_wait_seconds",
            "Time that requests, and work on jobs, waited for a connection to the database.",
            ["use"],
            _REQUEST_BUCKETS,
        )
        self._depth = Gauge("beacon_queue_depth", "Jobs that are queued or being run.", registry=self._registry)
        self._age = Gauge(
            "beacon_queue_oldest_seconds", "Age of the oldest job that no worker has taken.", registry=self._registry
        )
        self._executions = Gauge("beacon_executions", "Executions by status.", ["status"], registry=self._registry)
        self._database = Gauge("beacon_database_up", "Whether the database answers.", registry=self._registry)

    def _histogram(self, name: str, text: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    def accepted(self, workflow: str) -> None:
        """Count an accepted job."""
        self._accepted.labels(workflow).inc()

    def decided(self, workflow: str, status: str, seconds: float) -> None:
        """Count a job whose outcome is known."""
        self._jobs.labels(workflow, status).observe(seconds)

    def waited(self, use: str, seconds: float) -> None:
        """Time a wait for a connection to the database: that of `requests` or that of `work`."""
        self._waits.labels(use).observe(seconds)

    @contextmanager
    def call(self) -> Iterator[list[str]]:
        """Time an inference call; its outcome is put into the list, and is `cancelled` otherwise."""
        started, outcome = time.perf_counter(), list[str]()
        try:
            yield outcome
        finally:
            self._calls.labels(*(outcome[:1] or ["cancelled"])).observe(time.perf_counter() - started)

    def observed(self, depth: int, oldest_seconds: float, executions: Mapping[str, int]) -> None:
        """Take over what the database says at this moment."""
        self._database.set(1)
        self._depth.set(depth)
        self._age.set(oldest_seconds)
        for status in EXECUTION_STATUSES:
            self._executions.labels(status).set(executions.get(status, 0))

    def unobserved(self) -> None:
        """Note that the database does not answer; what it said last is no longer shown."""
        self._database.set(0)
        self._depth.set(float("nan"))
        self._age.set(float("nan"))
        self._executions.clear()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
