"""The runner's API: its paths, and typed calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gate.core.client import Client
from gate.core.exchange import Exchange

JOBS = "/api/v1/jobs"
CROSS_REGION_JOBS = "/api/v1/jobs/cross-region"
EXECUTIONS = "/api/v1/executions"


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
        return self.get(f"{JOBS}/{quote(job_id, safe='')}", **params)

    def executions(self, job_id: str) -> Exchange:
        """GET every execution of a job."""
        return self.get(f"{JOBS}/{quote(job_id, safe='')}/executions/all")

    def cancel(self, job_id: str) -> Exchange:
        """POST the cancellation of a job."""
        return self.request("POST", f"{JOBS}/{quote(job_id, safe='')}/cancel")

    def analysis(self, job_id: str) -> Exchange:
        """GET the bias analysis of a job."""
        return self.get(f"/api/v2/jobs/{quote(job_id, safe='')}/bias-analysis")
