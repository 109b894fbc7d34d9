"""Generated sequences of requests over both workflows, and a model of the state that their steps establish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from beacon.api import EXECUTIONS, JOBS, executions_of, job_at
from beacon.forgeries import forged
from beacon.jobs import MODELS, QUESTIONS, Spec, sign, wrap
from beacon.model.outcome import outcome
from beacon.regions import REGIONS
from beacon.router import Answer, Behaviour, Empty, Hang, NotJson, Refusal, Router, Status, Unsuccessful, router_in
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD, TERMINAL
from gate.core.errors import NotSafe
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Record
from gate.core.texts import clip
from gate.fuzz.codes import CONTRADICTION
from gate.fuzz.rules import Step
from gate.oracles import unchanged
from gate.session.session import Session

LEAST = {"job": 0, "regions": 1, "models": 1, "questions": 1, "least": 1, "offset": 0}
"""The smallest value of each number in a step."""
SCRIPT: Mapping[str, Behaviour] = {
    "fails": Status(503),
    "is empty": Empty(),
    "is no JSON": NotJson(),
    "is unsuccessful": Unsuccessful(),
    "refuses": Refusal(),
    "is slow": Answer(latency=0.1),
    "hangs": Hang(),
}
"""Behaviours of the router in a region; one that hangs answers when somebody waits for the job."""
FAILING = frozenset({"fails", "is empty", "is no JSON", "is unsuccessful"})


@dataclass(slots=True)
class Expected:
    """State of one submitted job after the steps so far."""

    id: str
    workflow: str
    body: Spec
    key: str
    answer: Any  # of the submission
    executions: int
    spec: Spec
    successes: int = 0  # regions that succeed, as the router was told
    end: str = "completed"  # the status in which it ends
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

    @property
    def router(self) -> Router | None:
        """The router stand-in; None where the target has none."""
        return router_in(self.scenario.session.system.stand_ins)

    def perform(self, step: Step) -> list[Finding]:
        """Findings on one step: answers that contradict the model or the contract, and traces of refused requests."""
        findings = list[Finding]()
        with self.scenario.record.recorded() as taken, suppress(NotSafe):  # the next step may be safe
            findings += self._do(step)
        for exchange in taken.exchanges:
            findings += self.scenario.session.contract.check(exchange)
        return [*findings, *unchanged.findings(unchanged.REFUSED, taken.changes)]

    def _do(self, step: Step) -> Iterator[Finding]:
        if step["do"] == "submit":
            yield from self._submit(step)
        elif step["do"] == "forge":
            spec = self.scenario.spec(regions=REGIONS[:1])
            self.scenario.send(forged(step["kind"], spec, f"nonce-{spec['id']}"), step["workflow"])
        elif step["do"] == "page":
            self._page(step)
        elif step["do"] == "list":
            yield from self._list()
        elif self.jobs:
            yield from ACTIONS[step["do"]](self, self.jobs[step["job"] % len(self.jobs)])

    def _submit(self, step: Step) -> Iterator[Finding]:
        spec = self._spec(step)
        job, key = spec["id"], f"key-{spec['id']}"
        regions, limits = REGIONS[: step["regions"]], _limits(step)
        script = step.get("script", {}) if self.router else {}
        for region, behaviour in script.items():
            if self.router:
                self.router.on(SCRIPT[behaviour], job=job, region=region)
        body = spec
        if step["workflow"] == CROSS_REGION:
            analysed = {} if step.get("analysed", True) else {"enable_analysis": False}
            body = wrap(spec, **{**self.scenario.wire.members, **limits, **analysed})
        answer = self._send(step["workflow"], body, key)
        if answer.status != 202:
            yield self._wrong(f"submit {step['workflow']}", "202", answer)
            return
        count = step["regions"] * step["models"] * step["questions"]
        successes = sum(script.get(region) not in FAILING for region in regions)
        end = outcome(successes, len(regions), limits.get("min_regions", 1), limits.get("min_success_rate", 0.67))
        self.jobs.append(Expected(job, step["workflow"], body, key, answer.json, count, spec, successes, end))
        if self.scenario.session.database is not None:
            stored = len(self.scenario.rows(job).executions)
            if stored != count:
                yield Finding(CONTRADICTION, f"submit {step['workflow']}", f"{count} executions", str(stored), job)

    def _spec(self, step: Step) -> Spec:
        """The JobSpec of a submission; in workflow A it has the limits that the wrapper has in workflow B."""
        spec = self.scenario.spec(
            regions=REGIONS[: step["regions"]],
            models=MODELS[: step["models"]],
            questions=QUESTIONS[: step["questions"]],
            **(_limits(step) if step["workflow"] == STANDARD else {}),
        )
        return sign(spec, nonce=f"nonce-{spec['id']}") if step.get("signed") else spec

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
        """The job ends as the answers of the router decide, unless it was cancelled."""
        if self.router:
            self.router.release(job.id)
        self.scenario.jobs[job.id].wait()
        yield from self.read(job)
        expected = "cancelled" if job.cancelled else job.end
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
        ended = "200" if job.successes > 1 else "analysis_failed" if job.end == "failed" else "analysis_not_applicable"
        if job.body.get("enable_analysis") is False:
            ended = "analysis_disabled"
        elif job.cancelled:
            ended = "analysis_failed"
        return {ended} if job.ended else {"analysis_pending", ended}

    def reuse_key(self, job: Expected) -> Iterator[Finding]:
        """Send other requests under the key of a job: another path, and another body."""
        other = CROSS_REGION if job.workflow == STANDARD else STANDARD
        self._send(other, wrap(job.spec) if other == CROSS_REGION else job.spec, job.key)
        self._send(job.workflow, {**job.body, "min_success_rate": 0.123}, job.key)
        yield from ()

    def reuse_nonce(self, job: Expected) -> Iterator[Finding]:
        """Send the signed JobSpec of a job under another id, which its signature does not cover, to both workflows."""
        for workflow in (STANDARD, CROSS_REGION) if "signature" in job.spec else ():
            self.scenario.send({**job.spec, "id": self.scenario.new_id()}, workflow)
        yield from ()

    def read_parts(self, job: Expected) -> Iterator[Finding]:
        """Read the run of a job, each of its regions, their comparison, and an execution."""
        client = self.scenario.client
        listed = client.executions(job.id).json
        for entry in listed.get("executions", [])[:1] if isinstance(listed, dict) else []:
            client.get(f"{EXECUTIONS}/{entry.get('id')}/details")
        run = job.answer.get("cross_region_execution_id") if isinstance(job.answer, dict) else None
        if run is not None:
            for part in ("cross-region", "diff-analysis", *(f"regions/{region}" for region in (*REGIONS, "APAC"))):
                client.get(f"{EXECUTIONS}/{run}/{part}")
        yield from ()

    def read_similar(self, job: Expected) -> Iterator[Finding]:
        """Read jobs that do not exist, under ids that resemble that of a job."""
        client = self.scenario.client
        for number, name in enumerate(similar(job.id)):
            client.get(EXECUTIONS, jobspec_id=name)
            views = (client.job, client.executions, client.analysis, client.cancel)
            with suppress(NotSafe):  # nobody knows whose job may have that id
                views[number % len(views)](name)
        yield from ()

    def _page(self, step: Step) -> None:
        """Read a page of a listing; the listings of one job are those of the job that the step names."""
        job = self.jobs[step["job"] % len(self.jobs)].id if self.jobs else self.scenario.new_id()
        path, names, given = PAGES[step["of"]]
        given = {name: job if text == JOB else text for name, text in given.items()}
        bounds = {name: step[part] for part, name in zip(("limit", "offset"), names, strict=True) if part in step}
        more = {"status": step["status"]} if "status" in step else {}
        target = job_at(job) if path == JOB else executions_of(job) if path == ALL else path
        self.scenario.client.get(target, **given, **bounds, **more)

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


def _limits(step: Step) -> dict[str, Any]:
    """The limits that a submission gives."""
    least = {"min_regions": min(step["least"], step["regions"])} if "least" in step else {}
    return least | ({"min_success_rate": step["percent"] / 100} if "percent" in step else {})


def similar(name: str) -> list[str]:
    """Ids that an id could be taken for: by a pattern, by its case, by its beginning, by its end."""
    wild = [name.replace("-", "_", 1), f"{name[:-1]}_", f"{name[:-1]}%", "%", f"{name}-", name[:-1], name.upper()]
    return [other for other in dict.fromkeys(wild) if other != name]


ACTIONS: Mapping[str, Callable[[Model, Expected], Iterator[Finding]]] = {
    "again": Model.resubmit,
    "duplicate": Model.duplicate,
    "read": Model.read,
    "executions": Model.executions,
    "wait": Model.wait,
    "cancel": Model.cancel,
    "analysis": Model.analysis,
    "reuse key": Model.reuse_key,
    "reuse nonce": Model.reuse_nonce,
    "parts": Model.read_parts,
    "similar": Model.read_similar,
}
JOB, ALL = "the job", "all executions of the job"
PAGES: Mapping[str, tuple[str, tuple[str, str], Mapping[str, str]]] = {
    "jobs": (JOBS, ("limit", "offset"), {}),
    "executions": (EXECUTIONS, ("limit", "offset"), {}),
    "executions of a job": (EXECUTIONS, ("limit", "offset"), {"jobspec_id": JOB}),
    "runs": (f"{EXECUTIONS}/cross-region", ("limit", "offset"), {}),
    "a job with its executions": (JOB, ("exec_limit", "exec_offset"), {"include": "executions"}),
    "a job without them": (JOB, ("exec_limit", "exec_offset"), {}),
}
"""Path of each listing, its parameters of limit and offset, and others that it is asked with."""


def perform(session: Session, record: Record, steps: Sequence[Step]) -> list[Finding]:
    """Findings on the steps of a sequence; every answer is judged by the oracles when its jobs have ended."""
    model = Model(Scenario(session, record.test, record))
    try:
        return [finding for step in steps for finding in model.perform(step)]
    finally:
        if model.router:
            model.router.release()
