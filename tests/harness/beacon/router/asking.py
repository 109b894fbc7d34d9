"""Requests as the runner sends them to the router."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from beacon.router import PATHS, Hang, Router

MEMBERS = {"success", "response", "error", "provider_used", "inference_time", "cost_estimate", "metadata"}
NAMES = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}


def body(region: str = "us-east", **members: Any) -> dict[str, Any]:
    """A request as the runner sends it."""
    asked = {"model": "mistral-7b", "prompt": "Who are you?", "temperature": 0.1, "max_tokens": 500}
    return {**asked, "region_preference": region, "cost_priority": False, **members}


def ask(
    http: httpx.Client, region: str = "us-east", *, job: str | None = "job", path: str = PATHS[0], **members: Any
) -> httpx.Response:
    """Asks once, with another region, job or members; ``path`` may be a whole URL."""
    return http.post(path, json=body(region, **members), headers={} if job is None else {"X-Trace-Id": job})


def hung(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor, job: str = "job", number: int = 1
) -> list[Future[httpx.Response]]:
    """Requests of a job that hang."""
    router.on(Hang(), job=job)
    asked = [pool.submit(ask, http, job=job, path=router.url + PATHS[0]) for _ in range(number)]
    router.wait_for_calls(number, job=job)
    return asked
