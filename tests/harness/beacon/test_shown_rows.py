"""Without rows the invariants judge what the API shows: each finds its fault, and a sound job has none."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from beacon.database import DATABASE
from beacon.jobs import spec
from beacon.pack import pack
from beacon.rows import JobRows
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD
from beacon.views import plain
from fixtures.systems import OwnRunner
from gate.core.database import Database
from gate.core.findings import Finding
from gate.core.ids import Ids
from gate.core.record import Row
from gate.core.redaction import Redactor
from gate.oracles.registry import offered, unavailable
from gate.oracles.shown_rows import ShownRows
from gate.session.session import Session
from gate.targets import Target
from gate.targets.remote import RemoteSystem
from gate.verdict.events import InvariantsChecked, ResourceEnded
from gate.verdict.journal import Journal, read
from tests.harness.support.database_state import JOBS, sound_database

RUN = "0b8f6a4e-2c1d-4e3f-9a5b-6c7d8e9f0a1b"
REGION = {"cross_region_execution_id": RUN, "status": "success", "execution_output": {"first_response": "text"}}


def execution(number: int, region: str, question: str) -> dict[str, Any]:
    names = {"US": "us-east", "EU": "eu-west"}
    return {
        "id": number,
        "job_id": 0,
        "region": region,
        "model_id": "llama3.2-1b",
        "question_id": question,
        "status": "completed",
        "provider_id": f"modal-{names[region]}",
        "cross_region_execution_id": RUN,
        "output_data": {"response": "text", "metadata": {"region": names[region]}},
        "created_at": "2026-01-01T10:00:00Z",
        "started_at": f"2026-01-01T10:00:0{number}Z",
        "completed_at": f"2026-01-01T10:00:1{number}Z",
    }


def sound() -> JobRows:
    questions = ["math_basic", "geography_basic"]
    return JobRows(
        job={
            "id": 0,
            "jobspec_id": "gate-1",
            "workflow": CROSS_REGION,
            "status": "completed",
            "jobspec_data": {**spec("gate-1", questions=questions), "jobspec_id": "gate-1"},
        },
        executions=[execution(2 * a + b, r, q) for a, r in enumerate(["US", "EU"]) for b, q in enumerate(questions)],
        run={
            "id": RUN,
            "jobspec_id": "gate-1",
            "status": "completed",
            "enable_analysis": True,
            "total_regions": 2,
            "success_count": 2,
            "failure_count": 0,
            "created_at": "2026-01-01T10:00:00Z",
            "started_at": "2026-01-01T10:00:00Z",
            "completed_at": "2026-01-01T10:00:20Z",
        },
        regions=[{**REGION, "region": region} for region in ("EU", "US")],
        analysis={"id": RUN, "cross_region_execution_id": RUN},
    )


@pytest.fixture(scope="session")
def tables(target: Target, shared: dict[str, str]) -> Iterator[ShownRows]:
    """Tables for what the API shows."""
    opened = ShownRows(target.database(shared), DATABASE)
    yield opened
    opened.close()


def check(tables: ShownRows, rows: JobRows) -> set[str]:
    tables.hold([plain(rows).by_table()])
    return set(tables.offending(["gate-1"], pack().unfinished(tables, ["gate-1"])))


def judged(scenario: Scenario) -> list[Finding]:
    return scenario.session.conclude(scenario.record).findings


def row(value: Row | None) -> Row:
    assert value
    return value


def every(rows: JobRows, **members: Any) -> None:
    for row in rows.executions:
        row.update(members)


FAULTS: dict[str, tuple[str, Callable[[JobRows], Any]]] = {
    "run apart": ("BG-INV-001", lambda rows: row(rows.run).update(status="partial")),
    "execution missing": ("BG-INV-002", lambda rows: rows.executions.pop(0)),
    "question lost": ("BG-INV-002", lambda rows: every(rows, question_id=None)),
    "execution not asked for": (
        "BG-INV-003",
        lambda rows: rows.executions.append({**rows.executions[0], "id": 9, "model_id": "other"}),
    ),
    "execution twice": ("BG-INV-004", lambda rows: rows.executions.append({**rows.executions[0], "id": 9})),
    "region result missing": ("BG-INV-007", lambda rows: rows.regions.pop()),
    "region status wrong": ("BG-INV-010", lambda rows: rows.regions[0].update(status="failed")),
    "run counts wrong": ("BG-INV-013", lambda rows: row(rows.run).update(success_count=1)),
    "job status wrong": ("BG-INV-016", lambda rows: row(rows.job).update(status="failed")),
    "run not named": ("BG-INV-024", lambda rows: rows.executions[0].update(cross_region_execution_id=None)),
    "ended before it started": (
        "BG-INV-029",
        lambda rows: rows.executions[0].update(completed_at="2026-01-01T09:59:59Z"),
    ),
    "year one": ("BG-INV-031", lambda rows: row(rows.run).update(created_at="0001-01-01T00:00:00Z")),
    "started as one": ("BG-INV-032", lambda rows: every(rows, started_at="2026-01-01T10:00:00Z")),
    "unfinished below the end": ("BG-INV-034", lambda rows: rows.executions[0].update(status="running")),
    "cancelled below another end": ("BG-INV-036", lambda rows: rows.executions[0].update(status="cancelled")),
    "failure without a code": ("BG-INV-037", lambda rows: rows.executions[0].update(status="failed")),
    "no provider": ("BG-INV-038", lambda rows: rows.executions[0].update(provider_id="")),
    "answered elsewhere": (
        "BG-INV-039",
        lambda rows: rows.executions[0].update(output_data={"metadata": {"region": "eu-west"}}),
    ),
}


def test_sound_job_has_no_finding(tables: ShownRows) -> None:
    assert check(tables, sound()) == set()


@pytest.mark.parametrize(("code", "fault"), FAULTS.values(), ids=FAULTS)
def test_each_fault_breaks_its_own_rule(tables: ShownRows, code: str, fault: Callable[[JobRows], Any]) -> None:
    rows = copy.deepcopy(sound())
    fault(rows)
    assert code in check(tables, rows)


def test_missing_analysis_of_two_successful_regions_breaks_its_rule(tables: ShownRows) -> None:
    assert check(tables, replace(sound(), analysis=None)) == {"BG-INV-018"}


def test_sound_rows_of_every_status_have_no_finding(target: Target, shared: dict[str, str], tables: ShownRows) -> None:
    """Columns that are not shown do not look like a violation."""
    url = target.database(shared)
    database, names = Database(url), [planned.name for planned in JOBS]
    with sound_database(url):
        rows = [pack().rows(database, name) for name in names]
    database.close()
    tables.hold(json.loads(json.dumps(rows, default=str)))
    assert tables.offending(names, pack().unfinished(tables, names)) == {}


def test_statuses_of_an_unfinished_job_are_not_compared(tables: ShownRows) -> None:
    """Its views were not read at one moment; a missing execution is missing at any."""
    rows = sound()
    row(rows.job)["status"] = "running"
    assert check(tables, rows) == set()
    rows.executions.pop()
    assert check(tables, rows) == {"BG-INV-002"}


def test_rules_that_are_not_judged_are_named() -> None:
    reason = unavailable(pack().oracles, offered(own=False, rows=False))["invariants"]
    names = "older_than_its_job, receipt_differs"
    assert reason.startswith("no --database-url: 38 of 47 were judged on what the API shows, but not key_without_job")
    assert names in reason


@pytest.mark.parametrize("value", [None, 7, "text", [], [1], {"a": 1}, "nul\0", float("nan"), 2**70, "10000-01-01"])
@pytest.mark.parametrize("place", ["jobspec_data", "output_data", "region", "status", "started_at", "total_regions"])
def test_malformed_answers_are_never_an_error(tables: ShownRows, place: str, value: Any) -> None:
    rows = sound()
    for row in [rows.job, rows.run, *rows.executions, *rows.regions]:
        if row and place in row:
            row[place] = value
    check(tables, rows)


@contextmanager
def scenario_without_rows(base_url: str, directory: Path, scratch_url: str | None) -> Iterator[Scenario]:
    """A scenario on a runner whose database and router are not seen."""
    journal = Journal(directory / "journal.ndjson", Redactor())
    session = Session(pack(), RemoteSystem(base_url, None), Ids("run", "gw0"), journal, scratch_url=scratch_url)
    try:
        yield Scenario(session, "test")
    finally:
        session.close()
        journal.close()


def test_sound_runner_has_no_finding_without_its_rows(own_runner: OwnRunner, tmp_path: Path) -> None:
    """Both workflows, one region and several, with the analysis computed again from what is shown."""
    system = own_runner().session.system
    with scenario_without_rows(system.base_url, tmp_path, system.database_url) as scenario:
        for workflow in (STANDARD, CROSS_REGION):
            for regions in (["US"], ["US", "EU", "ASIA"]):
                scenario.finished(workflow=workflow, regions=regions, questions=["math_basic", "taiwan_status"])
        assert judged(scenario) == []
    assert [len(event.codes) for event in read(tmp_path)[0] if isinstance(event, InvariantsChecked)] == [38]
    states = [event.states["jobs"] for event in read(tmp_path)[0] if isinstance(event, ResourceEnded)]
    assert states == [["completed"]] * 4


def test_analysis_is_computed_again_from_what_is_shown(own_runner: OwnRunner, tmp_path: Path) -> None:
    """A number that does not follow from the answers is found without a single row."""
    system = own_runner().session.system
    assert system.database_url
    with scenario_without_rows(system.base_url, tmp_path, system.database_url) as scenario:
        scenario.finished(regions=["US", "EU"])
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            connection.execute("UPDATE cross_region_analyses SET bias_variance = 0.9123")
        assert {finding.code for finding in judged(scenario)} == {"BG-ANALYSIS-001"}
