"""Executions, regions and jobs end as the decision tables of the contract say, in both workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from beacon.decisions import Planned, covering, decide, outcome, planned
from beacon.jobs import MODELS, NANOSECONDS, QUESTIONS, Spec
from beacon.regions import REGIONS
from beacon.router import Elsewhere, Empty, Hang, NotJson, Status, Unsuccessful
from beacon.router.behaviours import Behaviour
from beacon.router.providers import router_name
from beacon.rows import JobRows
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

BOOM = Status(500, {"detail": "boom"})
BEHAVIOURS: Mapping[str, Behaviour] = {
    "refuses with 500": BOOM,
    "says that it failed": Unsuccessful("HTTP 502: upstream"),
    "answers without text": Empty(),
    "answers with a page": NotJson(),
    "answers from elsewhere": Elsewhere("elsewhere"),
    "never answers": Hang(),
}
PATIENCE = 4 * NANOSECONDS
"""The limit of a region that never answers; those that answer have to do so within it, a hundred jobs at a time."""
TABLE = list(planned())
PARTS: dict[str, Sequence[Planned]] = {"each pair": covering(TABLE)}
PARTS |= {f"rows {begin:04} to {begin + 99:04}": TABLE[begin : begin + 100] for begin in range(0, len(TABLE), 100)}


def programmed(scenario: Scenario, row: Planned) -> Spec:
    """The JobSpec of a row; its last regions have no answer, and the first execution of each may fail otherwise."""
    models, questions = (int(part.split()[0]) for part in row.asked.split(", "))
    limits = {"min_regions": row.min_regions, "min_success_rate": row.min_success_rate}
    spec = scenario.spec(
        regions=REGIONS[: row.regions],
        models=MODELS[:models],
        questions=QUESTIONS[:questions],
        **({"provider_timeout": PATIENCE} if row.failing == "never answers" else {}),
        **(limits if row.workflow == STANDARD else {}),
    )
    for region in REGIONS[row.successes : row.regions]:
        if row.failing in BEHAVIOURS:
            scenario.router.on(BEHAVIOURS[row.failing], job=spec["id"], region=region)
    silent = {router_name(region) for region in REGIONS[row.successes :] if row.failing == "lists no provider"}
    listed = [provider for provider in scenario.router.default_providers if provider.region not in silent]
    scenario.router.providers(listed, job=spec["id"])
    for region in REGIONS[: row.regions] if row.mixed else ():
        scenario.router.on(BOOM, job=spec["id"], region=region, times=1)
    return spec


def submitted(scenario: Scenario, row: Planned) -> Any:
    """The accepted job of a row."""
    limits = {"min_regions": row.min_regions, "min_success_rate": row.min_success_rate}
    return scenario.submit(programmed(scenario, row), row.workflow, **limits)


def expected(row: Planned, rows: JobRows) -> dict[str, Any]:
    """How a row's job, its regions and their executions end."""
    number = len(rows.executions) // row.regions
    ends = {}
    for index, region in enumerate(REGIONS[: row.regions]):
        end = outcome()["ends"]["answers" if index < row.successes else row.failing]
        first = [outcome()["ends"]["refuses with 500"]] if row.mixed else []
        ends[region] = sorted([*first, *[end] * (number - len(first))])
    facts = {
        region: {"completed": of.count("completed"), "timed_out": sum(end.startswith("timeout") for end in of)}
        for region, of in ends.items()
    }
    regions = {region: decide(outcome()["region"], facts[region]) for region in ends}
    return {"job": row.status, "regions": regions if row.workflow == CROSS_REGION else {}, "executions": ends}


def actual(rows: JobRows) -> dict[str, Any]:
    """The statuses of a job's rows, those of executions with their error codes."""
    ends: dict[str, list[str]] = {}
    for row in rows.executions:
        code = (row["output_data"] or {}).get("error_code", "")
        ends.setdefault(row["region"], []).append(f"{row['status']} {code}".strip())
    regions = {row["region"]: row["status"] for row in rows.regions}
    status = {str(entry["status"]) for entry in (rows.job, rows.run) if entry}
    return {
        "job": " and ".join(sorted(status)),
        "regions": regions,
        "executions": {region: sorted(of) for region, of in ends.items()},
    }


@pytest.mark.criterion("edge.partial-failures")
@pytest.mark.parametrize(
    "part", [name if name == "each pair" else pytest.param(name, marks=pytest.mark.full) for name in PARTS]
)
def test_jobs_end_as_the_decision_tables_say(scenario: Scenario, part: str) -> None:
    jobs = [(row, submitted(scenario, row)) for row in PARTS[part]]
    for row, job in jobs:
        rows = job.wait().rows()
        assert actual(rows) == expected(row, rows), row
