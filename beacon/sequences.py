"""Sequences of requests over both workflows, with a model of what has to be true beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beacon import rows
from beacon.jobs import MODELS, QUESTIONS, Spec, spec, wrap
from beacon.regions import REGIONS
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.texts import clip
from gate.fuzz.probe import Probe
from gate.oracles import unchanged

CODE = "BG-FUZZ-007"
Step = Mapping[str, Any]


@dataclass(slots=True)
class Expected:
    """What is known of one submitted job."""

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
    """Performs steps one after the other and compares each answer with what the steps before it established.

    A step is ``{"do": name, ...}``. ``job`` in it is the number of a submission, counted from 0 and round again after
    the last, so that steps can be left out of a sequence without making the rest senseless.
    """

    probe: Probe
    jobs: list[Expected] = field(default_factory=list)

    def perform(self, step: Step) -> list[Finding]:
        """Findings on one step: answers that contradict the model, break the contract, or left a trace on refusal."""
        with self.probe.scenario.record.recorded() as taken:
            found = list(self._do(step))
        for exchange in taken.exchanges:
            found += self.probe.contract.check(exchange)
        return found + list(unchanged.findings(unchanged.REFUSED, taken.changes))

    def _do(self, step: Step) -> Iterator[Finding]:
        if step["do"] == "submit":
            yield from self._submit(step)
        elif step["do"] == "list":
            yield from self._list()
        elif self.jobs:
            yield from ACTIONS[step["do"]](self, self.jobs[step["job"] % len(self.jobs)])

    def _submit(self, step: Step) -> Iterator[Finding]:
        body = spec(
            self.probe.session.ids(),
            regions=REGIONS[: step["regions"]],
            models=MODELS[: step["models"]],
            questions=QUESTIONS[: step["questions"]],
        )
        job, key = body["id"], f"key-{body['id']}"
        if step["workflow"] == CROSS_REGION:
            body = wrap(body, **self.probe.scenario.wire.members)
        answer = self._send(step["workflow"], body, key)
        if answer.status != 202:
            yield self._wrong(f"submit {step['workflow']}", "202", answer)
            return
        count = step["regions"] * step["models"] * step["questions"]
        self.jobs.append(Expected(job, step["workflow"], body, key, answer.json, count))
        if self.probe.session.database is not None:
            stored = len(rows.read(self.probe.session.database, job).executions)
            if stored != count:
                yield Finding(CODE, f"submit {step['workflow']}", f"{count} executions", str(stored), job)

    def _send(self, workflow: str, body: Spec, key: str) -> Exchange:
        client = self.probe.scenario.client
        send = client.submit_cross_region if workflow == CROSS_REGION else client.submit
        return send(body, idempotency_key=key)

    def again(self, job: Expected) -> Iterator[Finding]:
        """The same submission under the same key is answered as the first time, and makes nothing."""
        answer = self._send(job.workflow, job.body, job.key)
        if answer.status != 200 or answer.json != {**job.answer, "idempotent": True}:
            yield self._wrong("replay of a submission", "200 with the first answer and idempotent: true", answer, job)

    def duplicate(self, job: Expected) -> Iterator[Finding]:
        """The same id under another key is a conflict."""
        answer = self._send(job.workflow, job.body, f"other-{job.key}-{self.probe.session.ids()}")
        if (answer.status, answer.error_code) != (409, "duplicate_job"):
            yield self._wrong("duplicate of a job", "409 duplicate_job", answer, job)

    def read(self, job: Expected) -> Iterator[Finding]:
        """The job is there, with all its executions, in a status that fits what was seen before."""
        answer = self.probe.scenario.client.job(job.id, include="executions", exec_limit=200)
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
        answer = self.probe.scenario.client.executions(job.id)
        listed = answer.json.get("executions") if isinstance(answer.json, dict) else None
        if answer.status != 200 or not isinstance(listed, list) or len(listed) != job.executions:
            yield self._wrong("listing of executions", f"{job.executions} executions", answer, job)

    def wait(self, job: Expected) -> Iterator[Finding]:
        """The job comes to its end; with a router that answers, and not cancelled, it completes."""
        self.probe.scenario.jobs[job.id].wait()
        yield from self.read(job)
        expected = {"cancelled"} if job.cancelled else {"completed"}
        if job.ended not in expected:
            yield Finding(CODE, "end of a job", " or ".join(expected), job.ended, job.id)

    def cancel(self, job: Expected) -> Iterator[Finding]:
        """Cancelling ends a job that has not ended, and changes nothing of one that has."""
        answer = self.probe.scenario.client.cancel(job.id)
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
        """A job is known to the other version of the API; what it says follows from workflow, end and regions."""
        answer = self.probe.scenario.client.analysis(job.id)
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
        """The page of the newest jobs shows those of this sequence, unless others came after them."""
        answer = self.probe.scenario.client.get("/api/v1/jobs", limit=200)
        listed = answer.json.get("jobs") if isinstance(answer.json, dict) else None
        shown = {job.get("id") for job in listed} if isinstance(listed, list) else set()
        for job in self.jobs[-20:] if self.probe.session.alone else []:
            if job.id not in shown:
                yield self._wrong("page of jobs", "the accepted jobs", answer, job, "a page without one")

    def _wrong(
        self, where: str, expected: str, answer: Exchange, job: Expected | None = None, got: str = ""
    ) -> Finding:
        shown = got or f"{answer.status} {clip(answer.text)}"
        label = f"{where} ({job.workflow})" if job else where
        return Finding(CODE, label, expected, shown, job.id if job else "", answer.request_id)


def _regions(job: Expected) -> int:
    return len(job.body["target_regions"]) if "target_regions" in job.body else 1


ACTIONS: Mapping[str, Callable[[Model, Expected], Iterator[Finding]]] = {
    "again": Model.again,
    "duplicate": Model.duplicate,
    "read": Model.read,
    "executions": Model.executions,
    "wait": Model.wait,
    "cancel": Model.cancel,
    "analysis": Model.analysis,
}


def perform(probe: Probe, steps: Sequence[Step]) -> list[Finding]:
    """All findings on a sequence: those of its steps, and of all oracles once its jobs have ended."""
    model = Model(probe)
    found = [finding for step in steps for finding in model.perform(step)]
    return found + probe.settle()
