"""Generated sequences of requests over both workflows, and a model of the state that their steps establish."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beacon.jobs import MODELS, QUESTIONS, Spec, wrap
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Record
from gate.core.texts import clip
from gate.fuzz.codes import CONTRADICTION
from gate.fuzz.rules import Step
from gate.oracles import unchanged
from gate.session.session import Session

SHORTEST, LONGEST = 4, 14
SUBMITS_ONE_IN, LISTS_ONE_IN = 5, 8
LEAST = {"job": 0, "regions": 1, "models": 1, "questions": 1}
"""The smallest value of each number in a step."""


@dataclass(slots=True)
class Expected:
    """State of one submitted job after the steps so far."""

    id: str
    workflow: str
    body: Spec
    key: str
    answer: Any  # of the submission
    executions: int
    ended: str = ""  # terminal status that was seen
    cancelled: bool = False


@dataclass(slots=True)
class Model:
    """Performs steps in order, and compares each answer with the state that earlier steps established.

    A step is ``{"do": name, ...}``. Its ``job`` is the index of a submission, modulo their number, so that steps can be
    dropped from a sequence.
    """

    scenario: Scenario
    jobs: list[Expected] = field(default_factory=list)

    def perform(self, step: Step) -> list[Finding]:
        """Findings on one step: answers that contradict the model or the contract, and traces of refused requests."""
        with self.scenario.record.recorded() as taken:
            findings = list(self._do(step))
        for exchange in taken.exchanges:
            findings += self.scenario.session.contract.check(exchange)
        return [*findings, *unchanged.findings(unchanged.REFUSED, taken.changes)]

    def _do(self, step: Step) -> Iterator[Finding]:
        if step["do"] == "submit":
            yield from self._submit(step)
        elif step["do"] == "list":
            yield from self._list()
        elif self.jobs:
            yield from ACTIONS[step["do"]](self, self.jobs[step["job"] % len(self.jobs)])

    def _submit(self, step: Step) -> Iterator[Finding]:
        body = self.scenario.spec(
            regions=REGIONS[: step["regions"]],
            models=MODELS[: step["models"]],
            questions=QUESTIONS[: step["questions"]],
        )
        job, key = body["id"], f"key-{body['id']}"
        if step["workflow"] == CROSS_REGION:
            body = wrap(body, **self.scenario.wire.members)
        answer = self._send(step["workflow"], body, key)
        if answer.status != 202:
            yield self._wrong(f"submit {step['workflow']}", "202", answer)
            return
        count = step["regions"] * step["models"] * step["questions"]
        self.jobs.append(Expected(job, step["workflow"], body, key, answer.json, count))
        if self.scenario.session.database is not None:
            stored = len(self.scenario.rows(job).executions)
            if stored != count:
                yield Finding(CONTRADICTION, f"submit {step['workflow']}", f"{count} executions", str(stored), job)

    def _send(self, workflow: str, body: Spec, key: str) -> Exchange:
        client = self.scenario.client
        send = client.submit_cross_region if workflow == CROSS_REGION else client.submit
        return send(body, idempotency_key=key)

    def resubmit(self, job: Expected) -> Iterator[Finding]:
        """The same submission with the same key gets the first answer again, and creates nothing."""
        answer = self._send(job.workflow, job.body, job.key)
        if answer.status != 200 or answer.json != {**job.answer, "idempotent": True}:
            yield self._wrong("replay of a submission", "200 with the first answer and idempotent: true", answer, job)

    def duplicate(self, job: Expected) -> Iterator[Finding]:
        """The same id with another key is a conflict."""
        answer = self._send(job.workflow, job.body, f"other-{job.key}-{self.scenario.new_id()}")
        if (answer.status, answer.error_code) != (409, "duplicate_job"):
            yield self._wrong("duplicate of a job", "409 duplicate_job", answer, job)

    def read(self, job: Expected) -> Iterator[Finding]:
        """The job exists, with all its executions, in a status that fits earlier answers."""
        answer = self.scenario.client.job(job.id, include="executions", exec_limit=200)
        body = answer.json if isinstance(answer.json, dict) else {}
        if answer.status != 200:
            yield self._wrong("reading an accepted job", "200", answer, job)
            return
        if job.ended and body.get("status") != job.ended:
            yield self._wrong("status after the end", job.ended, answer, job, str(body.get("status")))
        if body.get("executions_total") != job.executions:
            yield self._wrong(
                "executions of a job", f"{job.executions}", answer, job, str(body.get("executions_total"))
            )
        if body.get("status") in TERMINAL:
            job.ended = str(body["status"])

    def executions(self, job: Expected) -> Iterator[Finding]:
        """Each promised execution is listed."""
        answer = self.scenario.client.executions(job.id)
        listed = answer.json.get("executions") if isinstance(answer.json, dict) else None
        if answer.status != 200 or not isinstance(listed, list) or len(listed) != job.executions:
            yield self._wrong("listing of executions", f"{job.executions} executions", answer, job)

    def wait(self, job: Expected) -> Iterator[Finding]:
        """The job ends; as the router answers, it completes unless it was cancelled."""
        self.scenario.jobs[job.id].wait()
        yield from self.read(job)
        expected = "cancelled" if job.cancelled else "completed"
        if job.ended != expected:
            yield Finding(CONTRADICTION, "end of a job", expected, job.ended, job.id)

    def cancel(self, job: Expected) -> Iterator[Finding]:
        """Cancelling ends a running job, and leaves a terminal job unchanged."""
        answer = self.scenario.client.cancel(job.id)
        body = answer.json if isinstance(answer.json, dict) else {}
        before, after = body.get("previous_status"), body.get("new_status")
        if answer.status != 200:
            yield self._wrong("cancelling an accepted job", "200", answer, job)
            return
        if (before in TERMINAL and after != before) or (before not in TERMINAL and after != "cancelled"):
            yield self._wrong("cancelling a job", "cancelled, or unchanged after its end", answer, job)
        if job.ended and before != job.ended:
            yield self._wrong("status after the end", job.ended, answer, job, str(before))
        job.ended = str(after)
        job.cancelled = after == "cancelled"

    def analysis(self, job: Expected) -> Iterator[Finding]:
        """The other version of the API knows the job; its answer follows from workflow, status and regions."""
        answer = self.scenario.client.analysis(job.id)
        allowed = self._analyses(job)
        got = "200" if answer.status == 200 else answer.error_code
        if got not in allowed:
            yield self._wrong("analysis of an accepted job", " or ".join(sorted(allowed)), answer, job)

    def _analyses(self, job: Expected) -> set[str]:
        if job.workflow == STANDARD:
            return {"standard_workflow"}
        ended = "analysis_failed" if job.cancelled else "200" if _regions(job) > 1 else "analysis_not_applicable"
        return {ended} if job.ended else {"analysis_pending", ended}

    def _list(self) -> Iterator[Finding]:
        """The page of the newest jobs lists those of this sequence, unless others use the service too."""
        answer = self.scenario.client.get("/api/v1/jobs", limit=200)
        listed = answer.json.get("jobs") if isinstance(answer.json, dict) else None
        ids = {job.get("id") for job in listed} if isinstance(listed, list) else set()
        for job in self.jobs[-20:] if self.scenario.session.alone else []:
            if job.id not in ids:
                yield self._wrong("page of jobs", "the accepted jobs", answer, job, "a page without it")

    def _wrong(
        self, where: str, expected: str, answer: Exchange, job: Expected | None = None, got: str = ""
    ) -> Finding:
        where, job_id = (f"{where} ({job.workflow})", job.id) if job else (where, "")
        got = got or f"{answer.status} {clip(answer.text)}"
        return Finding(CONTRADICTION, where, expected, got, job_id, answer.request_id)


def _regions(job: Expected) -> int:
    return len(job.body["target_regions"]) if "target_regions" in job.body else 1


ACTIONS: Mapping[str, Callable[[Model, Expected], Iterator[Finding]]] = {
    "again": Model.resubmit,
    "duplicate": Model.duplicate,
    "read": Model.read,
    "executions": Model.executions,
    "wait": Model.wait,
    "cancel": Model.cancel,
    "analysis": Model.analysis,
}


def perform(session: Session, record: Record, steps: Sequence[Step]) -> list[Finding]:
    """Findings on the steps of a sequence."""
    model = Model(Scenario(session, record.test, record))
    return [finding for step in steps for finding in model.perform(step)]


def sequence(seed: int, part: str, number: int) -> list[Step]:
    """The ``number``-th sequence of a part; the first performs every action on a job of each workflow."""
    rng = random.Random(f"{seed} {part} {number}")
    if number == 0:
        both = [_submission(rng, STANDARD), _submission(rng, CROSS_REGION)]
        actions: list[Step] = [{"do": action, "job": job} for action in sorted(ACTIONS) for job in range(len(both))]
        actions.append({"do": "list"})
        rng.shuffle(both)
        rng.shuffle(actions)
        return both + actions
    steps = [_submission(rng, rng.choice((STANDARD, CROSS_REGION)))]
    for _ in range(rng.randint(SHORTEST, LONGEST)):
        if rng.randrange(SUBMITS_ONE_IN) == 0:
            steps.append(_submission(rng, rng.choice((STANDARD, CROSS_REGION))))
        elif rng.randrange(LISTS_ONE_IN) == 0:
            steps.append({"do": "list"})
        else:
            steps.append({"do": rng.choice(sorted(ACTIONS)), "job": rng.randrange(LONGEST)})
    return steps


def _submission(rng: random.Random, workflow: str) -> Step:
    sizes = {"regions": rng.randint(1, 3), "models": rng.randint(1, 2), "questions": rng.randint(1, 2)}
    return {"do": "submit", "workflow": workflow, **sizes}
