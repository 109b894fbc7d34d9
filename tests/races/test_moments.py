"""An answer shows one moment, and what came before its request, whichever process is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import LiteralString

import pytest

from beacon import history
from beacon.api import EXECUTIONS, JOBS, Api, analysis_of, executions_of, job_at
from beacon.router import Hang
from beacon.scenario import Job, Scenario
from beacon.states import CROSS_REGION, STANDARD
from fixtures.commands import Command
from fixtures.races import Pair, Rush, held
from gate.core.exchange import Exchange
from gate.core.waiting import wait

LISTS = {"jobs": JOBS, "executions": EXECUTIONS, "cross_region_executions": f"{EXECUTIONS}/cross-region"}
CANCELLATION: Sequence[LiteralString] = (
    "LOCK TABLE executions, region_results IN ACCESS EXCLUSIVE MODE",
    "UPDATE executions SET status = 'cancelled', completed_at = clock_timestamp()"
    " WHERE job_id = (SELECT id FROM jobs WHERE jobspec_id = %(job)s)",
    "UPDATE region_results SET status = 'cancelled', completed_at = clock_timestamp(), duration_ms ="
    " floor(extract(epoch FROM clock_timestamp() - started_at) * 1000), error_message = 'the job was cancelled',"
    " metadata = jsonb_build_object('success_count', 0, 'failure_count', 1, 'total_executions', 1)"
    " WHERE cross_region_execution_id ="
    " (SELECT id FROM cross_region_executions WHERE jobspec_id = %(job)s)",
    "UPDATE cross_region_executions SET status = 'cancelled', completed_at = clock_timestamp(), duration_ms ="
    " floor(extract(epoch FROM clock_timestamp() - started_at) * 1000), failure_count = total_regions"
    " WHERE jobspec_id = %(job)s",
    "UPDATE jobs SET status = 'cancelled', updated_at = clock_timestamp() WHERE jobspec_id = %(job)s",
)
"""A cancellation as another process makes it, while readers of executions and regions wait."""


def views(job: Job) -> Iterator[tuple[str, dict[str, str | int]]]:
    """Path and query of everything that shows a job, and of the lists that it is in."""
    yield job_at(job.id), {}
    yield job_at(job.id), {"include": "executions"}
    yield executions_of(job.id), {}
    yield analysis_of(job.id), {}
    yield EXECUTIONS, {"jobspec_id": job.id}
    yield JOBS, {}
    yield f"{EXECUTIONS}/cross-region", {}
    rows = job.rows()
    yield from ((f"{EXECUTIONS}/{row['id']}/details", {}) for row in rows.executions[:1])
    if rows.run:
        yield f"{EXECUTIONS}/{rows.run['id']}/cross-region", {}
        yield f"{EXECUTIONS}/{rows.run['id']}/regions/EU", {}
        yield f"{EXECUTIONS}/{rows.run['id']}/diff-analysis", {}


def ask(pair: Pair, job: Job) -> list[Exchange]:
    """The answers of both processes to every view of a job; they have to be the same."""
    answers = [[client.get(path, **query) for path, query in views(job)] for client in pair.clients]
    contents = [[without_request(answer) for answer in each] for each in answers]
    assert contents[0] == contents[1]
    return answers[0]


def without_request(answer: Exchange) -> tuple[int, object]:
    """Status and body without the id of the request."""
    body = answer.json
    return answer.status, {name: body[name] for name in body if name != "request_id"}


@pytest.mark.parametrize(
    ("workflow", "ending"),
    [
        (CROSS_REGION, "completed"),
        (STANDARD, "cancelled"),
        pytest.param(CROSS_REGION, "cancelled", marks=pytest.mark.full),
        pytest.param(STANDARD, "completed", marks=pytest.mark.full),
    ],
)
def test_every_view_changes_with_the_job_in_both_processes(pair: Pair, workflow: str, ending: str) -> None:
    """Each view is asked for before the job is there, while it runs, and when it has ended."""
    scenario = pair.scenario
    spec = scenario.spec(regions=["EU", "US"])
    scenario.router.on(Hang(), job=spec["id"])
    unknown = ask(pair, Job(scenario, spec["id"]))
    job = scenario.submit(spec, workflow)
    wait("its calls", job.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})
    running = ask(pair, job)
    scenario.router.release(job.id) if ending == "completed" else pair.client(1).cancel(job.id)
    ended = ask(pair, job.wait(ending))

    assert [answer.status for answer in unknown[:4]] == [404] * 4
    assert [answer.status for answer in running[:3]] == [200] * 3
    assert ended[0].json["status"] == ending
    totals = [[answer.json["total"] for answer in each[4:6]] for each in (unknown, running, ended)]
    assert totals[1] == totals[2] == [2, totals[0][1] + 1]


def test_no_answer_mixes_two_moments(pair: Pair) -> None:
    """Another process cancels the job while requests have read one of its rows and wait for the others."""
    scenario = pair.scenario
    spec = scenario.spec(regions=["EU"])
    scenario.router.on(Hang(), job=spec["id"])
    job = scenario.submit(spec)
    wait("its call", job.rows, until=lambda rows: {row["status"] for row in rows.executions} == {"running"})
    before, asked = ask(pair, job), list(views(job))
    with held(scenario, CANCELLATION[0]) as lock:
        rush = Rush([partial(pair.client(number).get, path, **query) for number, (path, query) in enumerate(asked)])
        lock.wait_for(6)
        for statement in CANCELLATION[1:]:
            lock.transaction.execute(statement, {"job": job.id})
        lock.release()
        answers = rush.answers()

    for running, answer, cancelled in zip(before, answers, ask(pair, job), strict=True):
        assert without_request(answer) in (without_request(running), without_request(cancelled))


def pages(client: Api, name: str, size: int, **query: str) -> Iterator[list[object]]:
    """The ids on each page of a listing, to its end."""
    offset, entries = 0, [object()]
    while entries:
        body = client.get(LISTS[name], limit=size, offset=offset, **query).json
        entries = [entry["id"] for entry in body[name]]
        offset += size
        yield entries


def copies(pair: Pair, number: int, kind: str = "single region") -> list[history.Past]:
    """Jobs of the same moment, which are not stored yet."""
    (job,) = history.past_jobs(1, [kind], pair.scenario.new_id(), questions=1)
    ids = [pair.scenario.new_id() for _ in range(number)]
    return [replace(job, id=name, spec={**job.spec, "id": name, "jobspec_id": name}) for name in ids]


def test_jobs_of_the_same_moment_are_each_on_one_page(pair: Pair, backfill: Command) -> None:
    """So are their runs, which a backfill dates like the jobs."""
    past = copies(pair, 12, "full")
    add_each(pair.scenario, past)
    assert backfill(pair.scenario.database.url).code == 0
    for name in ("jobs", "cross_region_executions"):
        listed = [entry for size in (3, 5) for page in pages(pair.client(size), name, size) for entry in page]
        assert all(listed.count(entry) == 2 for entry in listed)
        assert len(set(listed)) >= len(past)


def test_days_of_the_list_of_jobs_begin_at_midnight_in_utc(pair: Pair) -> None:
    name = pair.scenario.new_id()
    past = list(history.past_jobs(1, ["single region"] * 42, name, questions=1))
    chosen, day = past[14:18] + past[38:42], (history.EPOCH + timedelta(days=1)).date()
    add_each(pair.scenario, chosen)
    query = {"q": name, "from": f"{day}", "to": f"{day}"}
    listed = [entry for page in pages(pair.client(0), "jobs", 50, **query) for entry in page]

    assert listed == [job.id for job in reversed(chosen) if job.created_at.date() == day]
    assert len(listed) == 4


def add_each(scenario: Scenario, past: Sequence[history.Past]) -> None:
    """Store jobs, each in a transaction of its own; the first is judged like a job of the test."""
    scenario.adopt(past[0].id)
    for job in past:
        history.insert(scenario.database.url, [job])


@pytest.mark.parametrize("name", ["jobs", "executions"])
def test_page_agrees_with_its_total_while_rows_are_added(pair: Pair, name: str) -> None:
    """The oracle of races judges every page; no row of before is left out of the pages that follow each other."""
    scenario, past = pair.scenario, copies(pair, 40)
    before = {entry for page in pages(pair.client(0), name, 50) for entry in page}
    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(add_each, scenario, past)
        walks = [before]
        while not adding.done():
            walks.append({entry for page in pages(pair.client(len(walks)), name, 50) for entry in page})
        adding.result()

    assert all(before <= walk for walk in walks)
