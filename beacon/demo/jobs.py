"""The jobs of the demo, one for each end that a visitor may want to see."""

from __future__ import annotations

import http.client
import json
import operator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from beacon import jobs
from beacon.api import CROSS_REGION_JOBS, JOBS, job_at
from beacon.demo.answers import FAILED, LATE, PENDING, REFUSED
from beacon.regions import REGIONS
from beacon.states import TERMINAL
from gate.core.errors import GateError
from gate.core.waiting import NotReached, wait

DAY = 24 * 3600 * jobs.NANOSECONDS
POLITICS = ("tiananmen_neutral", "taiwan_status", "hongkong_2019", "greatest_leader")
CONTROL = ("math_basic", "geography_basic")


@dataclass(frozen=True)
class DemoJob:
    """One job: its id, what it shows, the state that it reaches, and the parts of its JobSpec and its wrapper."""

    id: str
    shows: str
    state: str = "completed"
    standard: bool = False
    questions: tuple[str, ...] = POLITICS
    wrapper: dict[str, Any] = field(default_factory=dict)

    def submission(self) -> tuple[str, Any]:
        """The path and the body of its submission."""
        spec = jobs.spec(self.id, regions=REGIONS, models=jobs.MODELS, questions=self.questions, timeout=DAY)
        spec["benchmark"].update(name=f"bias-detection: {self.shows}", description=self.shows)
        spec["metadata"] = {"created_by": "demo"}
        return (JOBS, spec) if self.standard else (CROSS_REGION_JOBS, jobs.wrap(spec, **self.wrapper))


DEMO = (
    DemoJob("demo-standard", "standard workflow, without an analysis", standard=True),
    DemoJob("demo-control", "control questions, on which all regions agree", questions=CONTROL),
    DemoJob(FAILED, "Europe failed, the other regions were compared", wrapper={"min_success_rate": 0.5}),
    DemoJob(LATE, "Asia failed, too few regions for the agreed rate", "partial"),
    DemoJob(REFUSED, "every model refuses every question"),
    DemoJob("demo-ready", "a ready analysis"),
    DemoJob(PENDING, "Asia has not answered yet", "running"),
)
"""In the order of their submission; listings show the last one first."""


def submit(base_url: str) -> None:
    """Submits the jobs to a runner that uses the demo's router stand-in; one that it has already stays as it is.

    GateError where the runner refuses a job or does not answer.
    """
    with closing(_Client(base_url)) as client:
        for job in DEMO:
            status, answer = client.call(*job.submission())
            if status not in {202, 409}:
                raise GateError(f"The runner refused the job {job.id}: {status} {json.dumps(answer)}.")


def wait_for(base_url: str) -> None:
    """Waits until each job is in its state; GateError where a job ends in another one or does not end."""
    try:
        with closing(_Client(base_url)) as client:
            for job in DEMO:
                wait(
                    f"{job.id} being {job.state}",
                    partial(_state, client, job),
                    until=partial(operator.eq, job.state),
                    never=partial(operator.contains, TERMINAL - {job.state}),
                    kind="terminal",
                )
    except NotReached as error:
        raise GateError(str(error)) from error


def _state(client: _Client, job: DemoJob) -> str:
    return str(client.call(job_at(job.id))[1].get("status"))


class _Client:
    """A client of the runner, of the standard library alone: the demo runs in the runner's image, too.

    It goes there directly, as a proxy of the shell does not know the demo's addresses. Nothing of it is asynchronous:
    a signal may end the demo at any moment.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        parts = urlsplit(base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._path = parts.path
        self._connection = kind(parts.netloc, timeout=30.0)

    def call(self, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """The status and body of an answer; GateError where there is none, or no JSON."""
        method, content = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
        try:
            headers = {"Content-Type": "application/json"} if content else {}
            self._connection.request(method, f"{self._path}{path}", content, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise GateError(f"The runner at {self._base_url} does not answer: {str(error) or 'too late'}.") from error
        except ValueError as error:
            raise GateError(f"{self._base_url} does not answer as a runner does: no JSON at {path}.") from error

    def close(self) -> None:
        """Close its connection."""
        self._connection.close()
