"""The HTTP client of the gate; the one module that knows which library sends requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any
from urllib.parse import quote

import httpx

from gate.core.exchange import Exchange
from gate.targets.remote_run.address import SET_UP_PAUSES, Address
from gate.targets.remote_run.guard import Guard

JOBS = "/api/v1/jobs"
CROSS_REGION = "/api/v1/jobs/cross-region"
EXECUTIONS = "/api/v1/executions"


class Unreachable(AssertionError):  # noqa: N818 (what a test failed with, not a fault of ours)
    """The runner did not answer at all; the message says what was sent and what happened instead."""


class Client:
    """Sends requests to one runner and hands every exchange to ``record``.

    ``before`` is told the method of each request just before it is sent, ``lost`` that of one without an answer.
    ``timeout`` is the time one answer may take, in seconds. ``address`` is that of a runner elsewhere: it is reached
    through the proxies and with the certificates of the environment, and ``guard`` decides what is sent to it.
    """

    def __init__(
        self,
        base_url: str,
        record: Callable[[Exchange], None],
        *,
        before: Callable[[str], None] = lambda _: None,
        lost: Callable[[str], None] = lambda _: None,
        timeout: float = 15.0,
        address: Address | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.base_url = base_url
        self._address = address
        self._guard = guard
        self._before = before
        self._lost = lost
        self._record = record
        # Proxies of the environment are for the outside world; a runner of a test is reached directly.
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=address is not None)

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
        """Sends one request; ``body`` goes as JSON, ``content`` as it is.

        Raises Unreachable where nothing answers, and NotAvailable where the guard lets nothing of the kind through.
        """
        sent: dict[str, Any] = dict(headers or {})
        if body is not None:
            sent.setdefault("content-type", "application/json")
            content = json.dumps(body, ensure_ascii=False).encode()
        if self._guard is not None:
            sent |= self._guard.permit(method, path, content, sent)
        request = self._http.build_request(method, path, content=content, headers=sent, params=params)
        self._before(method)
        started = time.perf_counter()
        try:
            response = self._send(request)
        except httpx.RequestError as error:
            self._lost(method)
            raise Unreachable(f"{method} {request.url} was not answered: {error!r}") from error
        hide = self._address.hide if self._address else bytes
        exchange = Exchange(
            method=method,
            url=str(request.url),
            status=response.status_code,
            request_headers={name.lower(): value for name, value in request.headers.items()},
            request_body=request.content,
            headers={name.lower(): hide(value.encode()).decode() for name, value in response.headers.items()},
            body=hide(response.content),
            began=started,
            elapsed=time.perf_counter() - started,
        )
        if self._guard is not None:
            self._guard.answered(method, path, content, exchange.status, exchange.json)
        self._record(exchange)
        return exchange

    def _send(self, request: httpx.Request) -> httpx.Response:
        """Sends what may be shown of a request together with what may not."""
        if self._address is None:
            return self._http.send(request)
        url = request.url
        if self._address.query:
            query = "&".join(filter(None, (url.query.decode("ascii"), self._address.query)))
            url = url.copy_with(query=query.encode("ascii"))
        headers = httpx.Headers(request.headers)
        headers.update({name: value for name, value in self._address.headers.items() if name not in headers})
        whole = httpx.Request(
            request.method, url, headers=headers, content=request.content, extensions=request.extensions
        )
        stopped = self._guard.stopped if self._guard else Event()
        for pause in SET_UP_PAUSES:
            try:
                return self._http.send(whole)
            except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent yet, so it can be tried again
                stopped.wait(pause)
        return self._http.send(whole)

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
