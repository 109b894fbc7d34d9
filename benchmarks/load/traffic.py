"""The clients of a load run: a file for Locust, which runs it in a process of its own.

Each client sends requests by the mix at an even pace. Every answer becomes an entry, and the process that started the
load writes the entries of all Locust workers into one file.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from locust import constant_throughput, events, task
from locust.contrib.fasthttp import FastHttpUser

from beacon import jobs
from beacon.api import CROSS_REGION_JOBS, JOBS, analysis_of, executions_of, job_at
from benchmarks.load.plan import SUBMISSIONS, Order

ORDER, ANSWERS = "LOAD_ORDER", "LOAD_ANSWERS"
"""Variables with the path of the order, and of the file that the entries go to."""
AGAIN_SECONDS, MOST_AGAIN = 1.0, 20
"""Seconds until a submission without an answer is sent again, and how often that is done."""
SEND_SECONDS = 0.5
LONGEST = 4000
"""Characters of a refusal that an entry holds."""
PATHS = {"getJob": job_at, "listJobExecutions": executions_of, "getBiasAnalysis": analysis_of}

order = Order.from_dict(json.loads(Path(os.environ[ORDER]).read_text(encoding="utf-8")))
entries: list[dict[str, Any]] = []
recent: deque[str] = deque(maxlen=400)
again: deque[tuple[float, int, str, str, dict[str, str], bytes]] = deque()
numbers = itertools.count()
chance = random.Random(order.seed)
worker = 0


@events.test_start.add_listener
def begin(environment: Any, **_: Any) -> None:
    """Send the entries of this process to the master for as long as the test lasts."""
    global worker  # noqa: PLW0603 (one process is one worker)
    runner = environment.runner
    worker = getattr(runner, "worker_index", 0) or 0
    chance.seed(order.seed * 1000 + worker)
    if type(runner).__name__ == "MasterRunner":
        return

    def send() -> None:
        while True:
            gevent.sleep(SEND_SECONDS)
            flush(runner)

    gevent.spawn(send)


@events.test_stop.add_listener
def end(environment: Any, **_: Any) -> None:
    """Send the last entries."""
    if type(environment.runner).__name__ != "MasterRunner":
        flush(environment.runner)


@events.init.add_listener
def receive(environment: Any, **_: Any) -> None:
    """Write the entries of every worker into the file of the run."""
    path = os.environ.get(ANSWERS)

    def write(msg: Any, **_: Any) -> None:
        with Path(str(path)).open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(entry)}\n" for entry in msg.data)

    if path and type(environment.runner).__name__ != "WorkerRunner":
        environment.runner.register_message("answers", write)


def flush(runner: Any) -> None:
    """Send the entries so far."""
    sent, entries[:] = list(entries), []
    if sent:
        runner.send_message("answers", sent)


class Client(FastHttpUser):
    """One client of the runner."""

    wait_time = constant_throughput(order.rate * sum(order.mix.values()) / 100 / order.users)
    connection_timeout, network_timeout = 10.0, 30.0
    max_retries, max_redirects = 0, 0

    def on_start(self) -> None:
        """Begin at a moment of its own, so that the clients do not send all at once."""
        gevent.sleep(chance.random() * self.wait_time_of_one())

    def wait_time_of_one(self) -> float:
        """Seconds between two requests of a client."""
        return 100 * order.users / (order.rate * sum(order.mix.values()))

    @task
    def act(self) -> None:
        """Send the next request."""
        if again and again[0][0] < time.time():
            _, tries, operation, job, headers, body = again.popleft()
            self.submit(operation, job, headers, body, tries=tries)
            return
        operation = chance.choices(list(order.mix), list(order.mix.values()))[0]
        if operation in SUBMISSIONS:
            self.submit_new(operation)
        elif operation == "listJobs":
            self.send(operation, "GET", f"{JOBS}?limit=20&offset={chance.choice((0, 0, 20, 100))}")
        elif recent and operation == "cancelJob":
            job = recent[-1]
            self.send(operation, "POST", f"{job_at(job)}/cancel", job)
        elif recent:
            job = chance.choice(recent)
            self.send(operation, "GET", PATHS[operation](job), job)

    def submit_new(self, operation: str) -> None:
        """Submit a job of one of the shapes."""
        job = f"{order.prefix}-{worker}-{next(numbers)}x"  # an end, so that no id is a part of another
        shape = chance.choices(order.shapes, [each.weight for each in order.shapes])[0]
        questions = jobs.QUESTIONS[: shape.questions]
        spec = jobs.spec(job, regions=shape.regions, models=shape.models, questions=questions)
        if chance.random() < order.submissions.signed:
            spec = jobs.sign(spec, nonce=job)
        body = json.dumps(spec if operation == SUBMISSIONS[0] else jobs.wrap(spec), ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        if chance.random() < order.submissions.keyed:
            headers["idempotency-key"] = job
        self.submit(operation, job, headers, body)

    def submit(self, operation: str, job: str, headers: dict[str, str], body: bytes, tries: int = 0) -> None:
        """Submit a job; later once more where there is no answer, or now and then although there is one."""
        path = JOBS if operation == SUBMISSIONS[0] else CROSS_REGION_JOBS
        status = self.send(operation, "POST", path, job, headers, body)
        due = time.time() + AGAIN_SECONDS
        if status == 202:
            recent.append(job)
        if "idempotency-key" not in headers or tries >= MOST_AGAIN:
            return
        if status in {0, 429, 503} or (status == 202 and chance.random() < order.submissions.repeated):
            again.append((due, tries + 1, operation, job, headers, body))

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        job: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> int:
        """Send one request and keep an entry of its answer; returns the status, 0 without an answer."""
        at, started = time.time(), time.perf_counter()
        with self.client.request(
            method, path, data=body, headers=headers, name=operation, catch_response=True
        ) as answer:
            answer.success()  # what is a failure is judged when the run is over
            status, content = answer.status_code or 0, answer.content or b""
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        entry: dict[str, Any] = {"at": at, "op": operation, "ms": milliseconds, "status": status, "job": job}
        if headers and "idempotency-key" in headers:
            entry["key"] = True
        sampled = method == "POST" and order.samples(job)
        if sampled or status >= 400 or not status:
            entry |= {"method": method, "path": path, "body": content.decode(errors="replace")[:LONGEST]}
            entry["headers"] = {name.lower(): value for name, value in (answer.headers or {}).items()}
            entry["why"] = "" if status else repr(getattr(answer, "error", ""))
        if sampled:
            entry |= {"sent": (body or b"").decode(), "request_headers": headers or {}}
        if status == 200 and operation in SUBMISSIONS:
            entry["body"] = content.decode(errors="replace")[:LONGEST]
        entries.append(entry)
        return status
