"""The runner's API: its paths, and typed calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zlib import crc32

from gate.core.exchange import Exchange

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.client import Client

JOBS = "/api/v1/jobs"
CROSS_REGION_JOBS = "/api/v1/jobs/cross-region"
EXECUTIONS = "/api/v1/executions"
QUESTIONS = "/api/v1/questions"
METRICS = "/metrics"


def job_at(job_id: str) -> str:
    """Path of a job."""
    return f"{JOBS}/{quote(job_id, safe='')}"


def executions_of(job_id: str) -> str:
    """Path of every execution of a job."""
    return f"{job_at(job_id)}/executions/all"


def analysis_of(job_id: str) -> str:
    """Path of the bias analysis of a job."""
    return f"/api/v2/jobs/{quote(job_id, safe='')}/bias-analysis"


def created(exchange: Exchange) -> str:
    """Id of the job that a request created; empty where it created none."""
    accepted = exchange.status == 202 and isinstance(exchange.json, dict) and "id" in exchange.json
    return str(exchange.json["id"]) if accepted else ""


class Api:
    """Calls of the runner's API over ``client``, which records each."""

    def __init__(self, client: Client) -> None:
        self.request, self.get, self.post = client.request, client.get, client.post

    def submit(self, spec: Any, **headers: str) -> Exchange:
        """Workflow A: POST a JobSpec."""
        return self.post(JOBS, spec, **headers)

    def submit_cross_region(self, wrapper: Any, **headers: str) -> Exchange:
        """Workflow B: POST a wrapped JobSpec."""
        return self.post(CROSS_REGION_JOBS, wrapper, **headers)

    def job(self, job_id: str, **params: str | int) -> Exchange:
        """GET one job."""
        return self.get(job_at(job_id), **params)

    def executions(self, job_id: str) -> Exchange:
        """GET every execution of a job."""
        return self.get(executions_of(job_id))

    def cancel(self, job_id: str) -> Exchange:
        """POST the cancellation of a job; of each second one with a body, which is ignored."""
        ignored = b"{" if crc32(job_id.encode()) % 2 else None
        return self.request("POST", f"{job_at(job_id)}/cancel", content=ignored)

    def analysis(self, job_id: str) -> Exchange:
        """GET the bias analysis of a job."""
        return self.get(analysis_of(job_id))
