"""Bodies and headers of answers, predicted from the submissions: pages, totals, regions, cancellations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from beacon.api import JOBS
from beacon.filters import contains
from beacon.model.answers import PENDING, answer
from beacon.model.world import SUBMISSIONS, Job, World, workflow_b
from beacon.states import TERMINAL
from gate.contract.nodes import METHODS
from gate.core.exchange import Exchange
from gate.core.values import equal

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
LIMIT, EXECUTIONS_LIMIT = 50, 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A place in an answer, what was predicted there, and what came."""

    place: str
    expected: Any
    got: Any


def differences(place: str, expected: Any, got: Any) -> Iterator[Difference]:
    """A difference, where there is one."""
    if not equal(got, expected):
        yield Difference(place, expected, got)


def headers(exchange: Exchange, world: World) -> Iterator[Difference]:
    """Differences in the headers that the contract determines."""
    given, got = exchange.request_headers.get("x-request-id", ""), exchange.headers.get("x-request-id", "")
    if REQUEST_ID.fullmatch(given):
        yield from differences("X-Request-ID", given, got)
    elif not REQUEST_ID.fullmatch(got):
        yield Difference("X-Request-ID", "a generated id", got)
    if isinstance(exchange.json, dict) and "error_code" in exchange.json:
        yield from differences("request_id", got, exchange.json.get("request_id"))
    waits = exchange.status in {429, 503} or answer(exchange) == PENDING
    if waits != ("retry-after" in exchange.headers) and not exchange.path.startswith("/health"):
        yield Difference("Retry-After", "seconds" if waits else "no such header", exchange.headers.get("retry-after"))
    if exchange.path in SUBMISSIONS and exchange.method == "POST" and exchange.status in {200, 202}:
        job = exchange.json.get("id") if isinstance(exchange.json, dict) else None
        yield from differences("Location", f"{JOBS}/{job}", exchange.headers.get("location"))
    if exchange.status == 405:
        allowed = {method.upper() for method in METHODS if world.contract.operation(method, exchange.path)}
        listed = {method.strip() for method in exchange.headers.get("allow", "").split(",")}
        if not allowed <= listed:
            yield Difference("Allow", ", ".join(sorted(allowed)), exchange.headers.get("allow"))


def body(exchange: Exchange, world: World) -> Iterator[Difference]:
    """Differences in the body of a success, as far as the submissions of the run determine it."""
    operation = world.contract.operation(exchange.method, exchange.path)
    content = exchange.json
    if operation is None or exchange.status not in {200, 202} or not isinstance(content, dict):
        return
    values, given = operation.path_values(exchange.path) or {}, dict(parse_qsl(exchange.query))
    if compare := BODIES.get(operation.id):
        yield from compare(View(exchange, content, {**values, **given}), world)


@dataclass(frozen=True, slots=True)
class View:
    """A success: its exchange, its body, and the parameters of its request."""

    exchange: Exchange
    content: Mapping[str, Any]
    given: Mapping[str, str]

    def entries(self, name: str) -> list[Mapping[str, Any]]:
        """The objects of a list in the body."""
        listed = self.content.get(name)
        return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []

    def number(self, name: str, default: int) -> int:
        """An integer parameter."""
        return int(self.given.get(name, default))


def _accepted(view: View, world: World) -> Iterator[Difference]:
    """Compare the answer to a submission with what it asked for."""
    job = world.jobs.get(str(view.content.get("id")))
    if job is None or (view.exchange.status == 202 and job.exchange is not view.exchange):
        return
    if job.asked.id:
        yield from differences("id", job.asked.id, view.content.get("id"))
    if workflow_b(job):
        for name in ("job_id", "jobspec_id"):
            yield from differences(name, view.content.get("id"), view.content.get(name))
        yield from differences("total_regions", len(job.asked.regions), view.content.get("total_regions"))
        yield from differences("min_regions", job.asked.min_regions, view.content.get("min_regions"))


def _page(view: View, name: str, limit: int, offset: int, total: Any) -> Iterator[Difference]:
    """Compare the length of a page with its limit, its offset and its total."""
    if isinstance(total, int):
        expected = max(0, min(limit, total - offset))
        yield from differences(f"number of {name}", expected, len(view.entries(name)))


def _numbered(view: View, name: str, total: int | None) -> Iterator[Difference]:
    """Compare a listing's own numbers: limit and offset are those of the request or the defaults."""
    limit, offset = view.number("limit", LIMIT), view.number("offset", 0)
    yield from differences("limit", limit, view.content.get("limit"))
    yield from differences("offset", offset, view.content.get("offset"))
    if total is not None:
        yield from differences("total", total, view.content.get("total"))
    yield from _page(view, name, limit, offset, view.content.get("total"))


def _job(view: View, world: World) -> Iterator[Difference]:
    name = view.given["job_id"]
    spec = view.content.get("job")
    yield from differences("job/id", name, spec.get("id") if isinstance(spec, Mapping) else None)
    if view.given.get("include") == "executions":
        limit, offset = view.number("exec_limit", EXECUTIONS_LIMIT), view.number("exec_offset", 0)
        ids = _ids(name, world)
        total = len(ids) if ids is not None else _number(name, world)
        if total is not None:
            yield from differences("executions_total", total, view.content.get("executions_total"))
        yield from _page(view, "executions", limit, offset, view.content.get("executions_total"))
        yield from _listed(view, ids, slice(offset, offset + limit))


def _number(name: str, world: World) -> int | None:
    """The number of executions that a job has from its submission on."""
    job = world.job(name)
    return job.asked.executions if job else None


def _ids(name: str, world: World) -> list[Any] | None:
    """The ids of a job's stored executions in the order in which they were planned; None where they were not read."""
    rows = world.rows(name) if world.observations.stored else None
    return [row["id"] for row in rows.executions] if rows and rows.executions else None


def _listed(view: View, ids: Sequence[Any] | None, page: slice) -> Iterator[Difference]:
    if ids is not None:
        yield from differences("ids of executions", list(ids[page]), [e.get("id") for e in view.entries("executions")])


def _all(view: View, world: World) -> Iterator[Difference]:
    number = _number(view.given["job_id"], world)
    if number is not None:
        yield from differences("number of executions", number, len(view.entries("executions")))
    yield from _listed(view, _ids(view.given["job_id"], world), slice(None))
    for entry in view.entries("executions"):
        yield from differences("job_id", view.given["job_id"], entry.get("job_id"))


def _executions(view: View, world: World) -> Iterator[Difference]:
    name = view.given.get("jobspec_id")
    if name is None:
        yield from _numbered(view, "executions", None)
        yield from _newest(view, world, "executions", [(j, j.asked.executions) for j in _own(world)], "job_id")
        return
    exists = world.exists(name, view.exchange)
    number = 0 if exists is False else _number(name, world) if exists else None
    yield from _numbered(view, "executions", number)
    limit, offset = view.number("limit", LIMIT), view.number("offset", 0)
    if exists and (ids := _ids(name, world)):
        yield from _listed(view, ids[::-1], slice(offset, offset + limit))
    for entry in view.entries("executions"):
        yield from differences("job_id", name, entry.get("job_id"))


def _jobs(view: View, world: World) -> Iterator[Difference]:
    yield from _numbered(view, "jobs", None)
    if not {"status", "from", "to"} & view.given.keys():  # what these hold for is no matter of the submission
        own = [(job, 1) for job in _own(world) if _searched(job, view.given)]
        kind = " ".join(["jobs", *(f"{name}={view.given[name]}" for name in ("q", "workflow") if name in view.given)])
        yield from _newest(view, world, kind, own, "id", entries="jobs")
    for entry in view.entries("jobs"):
        if entry.get("status") not in TERMINAL:
            yield from differences("completed_at of a job that has not ended", None, entry.get("completed_at"))
        if job := world.job(str(entry.get("id"))):
            yield from differences("workflow", job.asked.workflow, entry.get("workflow"))
            yield from differences("benchmark_name", job.asked.spec["benchmark"]["name"], entry.get("benchmark_name"))


def _searched(job: Job, given: Mapping[str, str]) -> bool:
    """Return whether the filters of a list of jobs hold for a job, as far as its submission says."""
    texts = (job.id, str(job.asked.spec["benchmark"]["name"]))
    matches = "q" not in given or contains(texts, given["q"])
    return matches and given.get("workflow", job.asked.workflow) == job.asked.workflow


def _runs(view: View, world: World) -> Iterator[Difference]:
    yield from _numbered(view, "cross_region_executions", None)
    wanted = view.given.get("status")
    for entry in view.entries("cross_region_executions"):
        if wanted is not None:
            yield from differences("status", wanted, entry.get("status"))
        yield from _run_row(entry, world, view.exchange)
    own = [job for job in _own(world) if workflow_b(job)]
    if wanted is None:
        yield from _newest(view, world, "cross_region_executions", [(job, 1) for job in own], "jobspec_id")
    elif view.number("offset", 0) == 0 and view.number("limit", LIMIT) >= len(own) and world.record.alone:
        listed = {entry.get("jobspec_id") for entry in view.entries("cross_region_executions")}
        for job in own:
            if world.status(job.id, view.exchange) == wanted and job.id not in listed:
                yield Difference(f"runs that are {wanted}", job.id, sorted(map(str, listed)))


def _run_row(row: Mapping[str, Any], world: World, at: Exchange) -> Iterator[Difference]:
    """Compare a cross-region execution with the submission; it ends together with its job."""
    name = world.runs.get(str(row.get("id")))
    job = world.job(name) if name else None
    if job is None:
        return
    yield from differences("jobspec_id", name, row.get("jobspec_id"))
    yield from differences("total_regions", len(job.asked.regions), row.get("total_regions"))
    yield from differences("min_regions_required", job.asked.min_regions, row.get("min_regions_required"))
    yield from differences("enable_analysis", job.asked.analysed, row.get("enable_analysis"))
    if ended := world.status(job.id, at):
        yield from differences("status of the run of a job that has ended", ended, row.get("status"))


def _run(view: View, world: World) -> Iterator[Difference]:
    row = view.content.get("cross_region_execution")
    if not isinstance(row, Mapping):
        return
    yield from differences("id", view.given["cross_region_execution_id"].lower(), row.get("id"))
    yield from _run_row(row, world, view.exchange)
    name = world.runs.get(str(row.get("id")))
    if job := world.job(name) if name else None:
        listed = sorted(str(entry.get("region")) for entry in view.entries("region_results"))
        yield from differences("regions", sorted(job.asked.regions), listed)


def _region(view: View, world: World) -> Iterator[Difference]:
    region = {"APAC": "ASIA"}.get(view.given["region"], view.given["region"])
    result = view.content.get("region_result")
    yield from differences("region", region, result.get("region") if isinstance(result, Mapping) else None)
    name = world.runs.get(view.given["cross_region_execution_id"].lower())
    if job := world.job(name) if name else None:
        number = job.asked.executions // len(job.asked.regions)
        yield from differences("number of executions", number, len(view.entries("executions")))
    for entry in view.entries("executions"):
        yield from differences("region of an execution", region, entry.get("region"))


def _details(view: View, _: World) -> Iterator[Difference]:
    yield from differences("id", int(view.given["execution_id"]), view.content.get("id"))


def _cancelled(view: View, world: World) -> Iterator[Difference]:
    """Compare a cancellation with the job's status: what has ended stays, and all else is cancelled."""
    name = view.given["job_id"]
    before, after = str(view.content.get("previous_status")), view.content.get("new_status")
    yield from differences("job_id", name, view.content.get("job_id"))
    if ended := world.status(name, view.exchange):
        yield from differences("previous_status of a job that had ended", ended, before)
    yield from differences("new_status", before if before in TERMINAL else "cancelled", after)
    if before in TERMINAL:
        yield from differences("executions_cancelled", 0, view.content.get("executions_cancelled"))
    elif world.observations.stored and (rows := world.rows(name)):
        number = sum(row["status"] == "cancelled" for row in rows.executions)
        yield from differences("executions_cancelled", number, view.content.get("executions_cancelled"))


def _own(world: World) -> list[Job]:
    """The jobs that the record's requests created."""
    return [job for job in world.jobs.values() if job.number >= 0]


def _newest(
    view: View, world: World, name: str, jobs: Iterable[tuple[Job, int]], member: str, entries: str = ""
) -> Iterator[Difference]:
    """Compare the beginning of a listing with the jobs of the test, newest first, and its total with the one before.

    Nobody else may use the system, and no submission may have been under way; each job has a number of entries.
    """
    at, record = view.exchange, world.record
    order = sorted(jobs, key=lambda entry: entry[0].exchange.began)
    apart = all(older[0].exchange.ended <= newer[0].exchange.began for older, newer in pairwise(order))
    under_way = any(job.exchange.began < at.ended and job.exchange.ended > at.began for job, _ in order)
    if not record.alone or record.interrupted or None in record.resources.values() or under_way or not apart:
        return
    own = [job.id for job, number in reversed(order) if job.exchange.ended <= at.began for _ in range(number)]
    offset, limit = view.number("offset", 0), view.number("limit", LIMIT)
    expected = own[offset : offset + limit]
    got = [str(entry.get(member)) for entry in view.entries(entries or name)][: len(expected)]
    yield from differences(f"newest {name}", expected, got)
    total = view.content.get("total")
    if isinstance(total, int) and "status" not in view.given:
        before = world.totals.setdefault(name, total - len(own))  # what others of this run left
        yield from differences("total", before + len(own), total)


BODIES: Mapping[str, Callable[[View, World], Iterator[Difference]]] = {
    "submitJob": _accepted,
    "submitCrossRegionJob": _accepted,
    "listJobs": _jobs,
    "getJob": _job,
    "listJobExecutions": _all,
    "cancelJob": _cancelled,
    "listExecutions": _executions,
    "getExecutionDetails": _details,
    "listCrossRegionExecutions": _runs,
    "getCrossRegionExecution": _run,
    "getRegionResult": _region,
}
