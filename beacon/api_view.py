"""What the API shows of a job, in the form of its rows: what is judged where the rows are not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beacon.api import CROSS_REGION_JOBS, EXECUTIONS, JOBS
from beacon.oracles import listings
from beacon.oracles.shown import readable
from gate.core.database import Row, Rows
from gate.core.findings import Finding
from gate.core.texts import clip

if TYPE_CHECKING:
    from beacon.scenario import Job, Scenario

_NO_EXECUTION: Row = dict.fromkeys(listings.EXECUTION.values())
_NO_RUN: Row = dict.fromkeys(listings.RUN.values())
_NO_ANALYSIS: Row = dict.fromkeys(listings.ANALYSIS.values())
"""Columns of a row, for members that an answer lacks; that it lacks them is for the contract to tell."""


@dataclass(slots=True)
class Shown:
    """What was shown of a job; ``workflow`` is known from its submission, else from what is shown of it."""

    rows: Rows
    workflow: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all was shown that the outcome follows from."""
        return self.rows.job is not None and (self.rows.run is not None or self.workflow != "cross-region")


def collect(scenario: Scenario, job: Job) -> Shown:
    """Reads a job through the API. What an answer should have and has not is a finding or left to the contract."""
    view = job.view()
    body = view.json if isinstance(view.json, dict) else {}
    if view.status != 200:
        got = f"{view.status} {view.error_code}".strip()
        gone = Finding("BG-LIST-001", where="job", expected="the accepted job", got=got, job=job.id)
        return Shown(Rows(), "", [gone])
    listing = scenario.client.executions(job.id)
    executions = _objects(listing.json, "executions")
    run_id = _run_id(scenario, job, executions)
    run, regions, analysis = _run(scenario, run_id)
    workflow = _workflow(scenario, job) or ("cross-region" if run_id else "standard")
    if run is not None:
        run = {**_NO_RUN, **run, "analysis_error": _reason(run, regions, analysis)}
    rows = Rows(
        job={"jobspec_id": job.id, "jobspec_data": body.get("job"), "status": body.get("status")},
        executions=[{**_NO_EXECUTION, **row, "output_data": row.get("output")} for row in executions],
        run=run,
        regions=sorted(regions, key=lambda row: str(row.get("region"))),
        analysis=analysis,
    )
    return Shown(readable(rows), workflow, list(_unreadable(listing.json, job)))


def _unreadable(body: Any, job: Job) -> Iterator[Finding]:
    if not isinstance(body, dict) or not isinstance(body.get("executions"), list):
        expected, got = "a list of executions", clip(repr(body))
        yield Finding("BG-LIST-001", where="executions/all", expected=expected, got=got, job=job.id)


def _workflow(scenario: Scenario, job: Job) -> str:
    for exchange in scenario.exchanges:
        if exchange.job == job.id:
            return {CROSS_REGION_JOBS: "cross-region", JOBS: "standard"}.get(exchange.path, "")
    return ""


def _run_id(scenario: Scenario, job: Job, executions: list[Row]) -> str:
    told = [exchange.json for exchange in scenario.exchanges if exchange.job == job.id]
    named = (one.get("cross_region_execution_id") for one in [*told, *executions])
    return next((one for one in named if isinstance(one, str) and one), "")


def _run(scenario: Scenario, run_id: str) -> tuple[Row | None, list[Row], Row | None]:
    if not run_id:
        return None, [], None
    answer = scenario.client.get(f"{EXECUTIONS}/{run_id}/cross-region")
    body = answer.json if answer.status == 200 and isinstance(answer.json, dict) else {}
    run, analysis = body.get("cross_region_execution"), body.get("analysis")
    return (
        dict(run) if isinstance(run, dict) else None,
        _objects(body, "region_results"),
        {**_NO_ANALYSIS, **analysis} if isinstance(analysis, dict) else None,
    )


def _reason(run: Row, regions: list[Row], analysis: Row | None) -> str | None:
    """Why there is no analysis is no column that is shown; where one was due, it must have failed."""
    successes = sum(row.get("status") == "success" for row in regions)
    return "not shown" if analysis is None and run.get("enable_analysis") is True and successes >= 2 else None


def _objects(body: Any, name: str) -> list[Row]:
    listed = body.get(name) if isinstance(body, dict) else None
    return [dict(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
