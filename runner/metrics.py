"""The metrics of the service, in the format of Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EXECUTION_STATUSES = ("pending", "running", "completed", "failed", "timeout", "cancelled")


class Metrics:
    """The counters of one application. Paths are counted by their templates, so that ids make no new series."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "beacon_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._latency = Histogram(
            "beacon_http_request_duration_seconds",
            "Time from a request to the end of its response.",
            ["method", "route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self._registry,
        )
        self._accepted = Counter("beacon_jobs_accepted", "Jobs accepted.", ["workflow"], registry=self._registry)
        self._depth = Gauge("beacon_queue_depth", "Jobs that are queued or being run.", registry=self._registry)
        self._executions = Gauge("beacon_executions", "Executions by status.", ["status"], registry=self._registry)
        self._database = Gauge("beacon_database_up", "Whether the database answers.", registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    def accepted(self, workflow: str) -> None:
        """Count an accepted job."""
        self._accepted.labels(workflow).inc()

    def observed(self, depth: int, executions: Mapping[str, int]) -> None:
        """Take over what the database says at this moment."""
        self._database.set(1)
        self._depth.set(depth)
        for status in EXECUTION_STATUSES:
            self._executions.labels(status).set(executions.get(status, 0))

    def unobserved(self) -> None:
        """Note that the database does not answer; what it said last is no longer shown."""
        self._database.set(0)
        self._depth.set(float("nan"))
        self._executions.clear()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
