"""The HTTP client of the gate; the one module that knows which library sends requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from gate.exchange import Exchange

JOBS = "/api/v1/jobs"
CROSS_REGION = "/api/v1/jobs/cross-region"
EXECUTIONS = "/api/v1/executions"


class Unreachable(AssertionError):  # noqa: N818 (what a test failed with, not a fault of ours)
    """The runner did not answer at all; the message says what was sent and what happened instead."""


class Client:
    """Sends requests to one runner and hands every exchange to ``record``.

    ``before`` is told the method of each request just before it is sent, ``lost`` that of one without an answer.
    ``timeout`` is the time one answer may take, in seconds.
    """

    def __init__(
        self,
        base_url: str,
        record: Callable[[Exchange], None],
        *,
        before: Callable[[str], None] = lambda _: None,
        lost: Callable[[str], None] = lambda _: None,
        timeout: float = 15.0,
    ) -> None:
        self.base_url = base_url
        self._before = before
        self._lost = lost
        self._record = record
        # Proxies of the environment are for the outside world; a runner of a test is reached directly.
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | Mapping[str, bytes] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Exchange:
        """Sends one request; ``body`` goes as JSON, ``content`` as it is. Raises Unreachable where nothing answers."""
        sent: dict[str, Any] = dict(headers or {})
        if body is not None:
            sent.setdefault("content-type", "application/json")
            content = json.dumps(body, ensure_ascii=False).encode()
        request = self._http.build_request(method, path, content=content, headers=sent, params=params)
        self._before(method)
        started = time.perf_counter()
        try:
            response = self._http.send(request)
        except httpx.RequestError as error:
            self._lost(method)
            raise Unreachable(f"{method} {request.url} was not answered: {error!r}") from error
        exchange = Exchange(
            method=method,
            url=str(request.url),
            status=response.status_code,
            request_headers={name.lower(): value for name, value in request.headers.items()},
            request_body=request.content,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            elapsed=time.perf_counter() - started,
        )
        self._record(exchange)
        return exchange

    def get(self, path: str, **params: str | int) -> Exchange:
        """GET ``path``."""
        return self.request("GET", path, params=params or None)

    def post(self, path: str, body: Any = None, **headers: str) -> Exchange:
        """POST ``body`` as JSON; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body=body, headers=named)

    def submit(self, spec: Any, **headers: str) -> Exchange:
        """Workflow A: POST a JobSpec."""
        return self.post(JOBS, spec, **headers)

    def submit_cross_region(self, wrapper: Any, **headers: str) -> Exchange:
        """Workflow B: POST a wrapped JobSpec."""
        return self.post(CROSS_REGION, wrapper, **headers)

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
