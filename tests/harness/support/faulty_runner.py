"""The reference runner with one fault between it and its clients: FAULT names which, none of them without it.

The fault sits around the application that uvicorn serves, so that it needs no knowledge of the runner's inside.
"""

import json
import os
import runpy
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import uvicorn

FAULT = os.environ.get("FAULT", "")
SUBMISSIONS = ("/api/v1/jobs", "/api/v1/jobs/cross-region")
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Faulty:
    """An ASGI application that answers as another one does, but for its fault."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Passes a request on and changes its answer, or what it left."""
        if scope["type"] != "http" or scope["path"].startswith("/health"):
            await self.app(scope, receive, send)
            return
        parts: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            parts.append(message)

        await self.app(scope, receive, keep)
        body = b"".join(part.get("body", b"") for part in parts if part["type"] == "http.response.body")
        status, body = changed(scope["method"], scope["path"], parts[0]["status"], body)
        headers = [(name, value) for name, value in parts[0]["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def changed(method: str, path: str, status: int, body: bytes) -> tuple[int, bytes]:
    """Status and body with the fault in them."""
    submission = method == "POST" and path in SUBMISSIONS
    if FAULT == "fails" and submission and status == 202:
        return 500, body
    if FAULT == "trace" and submission and status == 400:
        execute("INSERT INTO jobs (jobspec_id, jobspec_data) VALUES (gen_random_uuid()::text, '{}')")
    if FAULT == "member" and (method, path, status) == ("GET", "/api/v1/jobs", 200):
        read = json.loads(body)
        del read["total"]
        return status, json.dumps(read).encode()
    if FAULT == "lost" and submission and status == 202:
        execute(
            "DELETE FROM executions USING jobs WHERE job_id = jobs.id AND jobspec_id = %s AND question_id <>"
            " (SELECT min(question_id) FROM executions JOIN jobs ON jobs.id = job_id WHERE jobspec_id = %s)",
            json.loads(body)["id"],
            json.loads(body)["id"],
        )
    if FAULT == "link" and path.startswith("/api/v2/") and b"standard_workflow" in body:
        return status, body.replace(b"standard_workflow", b"job_not_found")
    if FAULT == "lax" and submission and status == 400 and b"min_success_rate" in body:
        return 202, b'{"id": "lax", "status": "enqueued"}'
    return status, body


def execute(statement: str, *values: str) -> None:
    """Changes the database behind the runner's back."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement, values)


def main() -> None:
    """Serves, with every application wrapped."""
    begin = uvicorn.Config.__init__

    def wrapped(self: uvicorn.Config, app: Any, *args: Any, **options: Any) -> None:
        begin(self, Faulty(app), *args, **options)

    uvicorn.Config.__init__ = wrapped  # type: ignore[method-assign]  # the seam that this file is about
    sys.argv = ["runner", "serve"]
    sys.path.insert(0, str(Path.cwd()))  # where `python -m runner` would look
    runpy.run_module("runner", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
