"""Gives jobs of workflow A that have ended what workflow B would have made of them: run, region results, analysis.

Computed from the stored executions by the worker's own code. Rows that exist are not touched: the jobs stay standard
jobs. Jobs that are done are not looked at again, so it can be interrupted and repeated, and several may run at once.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from runner.outcome import MIN_REGIONS_FOR_ANALYSIS, TERMINAL, Demands, Execution, Outcome, derive, text_of
from runner.settings import DatabaseSettings, load_as
from runner.spec import REGIONS
from runner.store import backfill as store
from runner.store.backfill import Selection
from runner.store.database import Connection, Row
from runner.store.outcomes import demands_of

_LISTED: Final = 1000
# Jobs of older services have their regions under the router's names.
_SPELLINGS: Final = {**REGIONS, "us-east": "US", "eu-west": "EU", "asia-pacific": "ASIA"}


@dataclass
class Report:
    """What a backfill did, or in a dry run would do.

    Attributes:
        dry_run: whether nothing was written.
        examined: jobs that were looked at.
        written: jobs that got a run and region results.
        analysed: jobs of these that got an analysis.
        not_analysed: how many jobs got none.
        reasons: the first 1000 of them, each with the reason.
        seconds: how long it took.

    """

    dry_run: bool
    examined: int = 0
    written: int = 0
    analysed: int = 0
    not_analysed: int = 0
    reasons: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def leave_out(self, job_id: str, reason: str) -> None:
        """Note why a job gets no analysis."""
        self.not_analysed += 1
        if len(self.reasons) < _LISTED:
            self.reasons.append({"job_id": job_id, "reason": reason})


@dataclass(frozen=True)
class Plan:
    """What is to be written for a job."""

    demands: Demands
    outcome: Outcome
    spellings: dict[str, list[str]]


def backfill(
    *,
    dry_run: bool = False,
    job: str | None = None,
    since: datetime | None = None,
    batch: int = 100,
    as_json: bool = False,
) -> None:
    """Run a backfill on the database of DATABASE_URL; the summary goes to standard output, progress to standard error.

    Args:
        dry_run: write nothing, and say what would be written.
        job: only the job with this id.
        since: only jobs created at or after this time; UTC when it has no zone.
        batch: jobs in one transaction.
        as_json: print the summary as one JSON object.

    """
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    url = load_as(DatabaseSettings).database_url
    with _progress() as progress:
        report = asyncio.run(run(url, Selection(job, since), batch, dry_run=dry_run, progress=progress))
    sys.stdout.write(_json(report) if as_json else _text(report))


async def run(
    database_url: str, selection: Selection, batch: int, *, dry_run: bool = False, progress: Progress | None = None
) -> Report:
    """Run a backfill.

    Args:
        database_url: where.
        selection: which jobs.
        batch: jobs in one transaction; only their ids and constraints, and the executions of one, are held in memory.
        dry_run: write nothing.
        progress: is told of each job.

    """
    began = time.monotonic()
    report = Report(dry_run)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        total = await store.count(connection, selection)
        if total == 0 and selection.job is not None:
            report.leave_out(selection.job, await store.why_not(connection, selection.job))
        bar = None if progress is None else progress.add_task("jobs", total=total)
        after = 0
        while True:
            async with connection.transaction():
                jobs = await store.candidates(connection, selection, after, batch, lock=not dry_run)
                for row in jobs:
                    await _one(connection, row, report)
                    if progress is not None and bar is not None:
                        progress.advance(bar)
            if not jobs:
                break
            after = jobs[-1]["id"]
    report.seconds = round(time.monotonic() - began, 3)
    return report


async def _one(connection: Connection, row: Row, report: Report) -> None:
    report.examined += 1
    plan = plan_for(row, await store.executions(connection, row["id"]))
    if isinstance(plan, str):
        report.leave_out(row["jobspec_id"], plan)
        return
    outcome = plan.outcome
    if not report.dry_run and not await store.insert(connection, row["id"], plan.demands, outcome, plan.spellings):
        return  # another backfill has been quicker, and reports it
    report.written += 1
    if outcome.analysis is not None:
        report.analysed += 1
    elif outcome.analysis_error is not None:
        report.leave_out(row["jobspec_id"], f"the analysis failed: {outcome.analysis_error}")
    else:
        report.leave_out(row["jobspec_id"], f"successful regions: {outcome.success_count}, needed: 2")


def plan_for(job: Row, executions: list[Execution]) -> Plan | str:
    """What is to be written for a job, or why nothing is.

    Args:
        job: its status and constraints.
        executions: all of them.

    """
    if job["status"] == "cancelled":
        return "the job was cancelled"
    constraints = job["constraints"] if isinstance(job["constraints"], dict) else {}
    wanted = constraints.get("regions")
    named = [_SPELLINGS[name] for name in wanted if name in _SPELLINGS] if isinstance(wanted, list) else []
    spellings: dict[str, list[str]] = {}
    for execution in executions:
        if execution.region in _SPELLINGS:
            spellings.setdefault(_SPELLINGS[execution.region], []).append(execution.region)
    regions = list(dict.fromkeys(named)) or sorted(spellings)
    known = [
        replace(execution, region=_SPELLINGS[execution.region])
        for execution in executions
        if _SPELLINGS.get(execution.region) in regions
    ]
    reason = _unfit(regions, known)
    if reason is not None:
        return reason
    demands = demands_of({"constraints": constraints}, None, regions)
    return Plan(demands, derive(known, demands), {region: sorted(set(names)) for region, names in spellings.items()})


def _unfit(regions: list[str], executions: list[Execution]) -> str | None:
    if len(regions) < MIN_REGIONS_FOR_ANALYSIS:
        return "the job has a single region" if regions else "the job has no known region"
    if not executions:
        return "the job has no executions in its regions"
    if not all(execution.status in TERMINAL for execution in executions):
        return "the job has executions that have not ended"
    if any(execution.status == "completed" and text_of(execution.output) is None for execution in executions):
        return "a completed execution has no stored response"
    return None


class _Rate(ProgressColumn):
    """Jobs a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{task.speed or 0:.0f} jobs/s")


def _progress() -> Progress:
    columns: tuple[Any, ...] = (
        TextColumn("backfill"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


def _json(report: Report) -> str:
    return json.dumps(vars(report)) + "\n"


def _text(report: Report) -> str:
    lines = [f"{entry['job_id']}: no analysis: {entry['reason']}" for entry in report.reasons]
    if report.not_analysed > len(report.reasons):
        lines.append(f"... and {report.not_analysed - len(report.reasons)} more")
    done = "would be" if report.dry_run else "were"
    lines.append(
        f"{report.examined} jobs examined in {report.seconds:.1f} s: {report.written} {done} given a run, "
        f"{report.analysed} of them with an analysis; {report.not_analysed} without an analysis."
    )
    return "\n".join(lines) + "\n"
