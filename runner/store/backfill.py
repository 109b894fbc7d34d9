"""Rows of workflow B for jobs that ended without them. Nothing here changes a row that exists."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from runner.outcome import Demands, Execution, Outcome
from runner.store.database import Row
from runner.store.outcomes import analysis_values, execution_of, json_or_null

Connection: TypeAlias = psycopg.Connection[Row]

_ENDED: Final = ("completed", "partial", "failed", "cancelled")
_WITHOUT_RUN: Final = """
    FROM jobs j
    WHERE j.workflow = 'standard'
      AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id)
      AND j.id > %(after)s
      AND (%(job)s::text IS NULL OR j.jobspec_id = %(job)s)
      AND (%(since)s::timestamptz IS NULL OR j.created_at >= %(since)s)
"""
_RUNS: Final = """
    INSERT INTO cross_region_executions
        (id, jobspec_id, total_regions, success_count, failure_count, min_regions_required, min_success_rate, status,
         enable_analysis, analysis_error, started_at, completed_at, duration_ms, created_at)
    SELECT *
    FROM unnest(
        %s::uuid[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::numeric[], %s::text[],
        %s::boolean[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::timestamptz[]
    )
    ON CONFLICT (jobspec_id) DO NOTHING
    RETURNING id
"""
_RESULTS: Final = """
    COPY region_results
        (id, cross_region_execution_id, region, provider_id, status, started_at, completed_at, duration_ms,
         execution_output, error_message, scoring, metadata, created_at)
    FROM STDIN
"""
_ANALYSES: Final = """
    COPY cross_region_analyses
        (id, cross_region_execution_id, bias_variance, censorship_rate, factual_consistency, narrative_divergence,
         key_differences, risk_assessment, summary, recommendation)
    FROM STDIN
"""


@dataclass(frozen=True)
class Selection:
    """The selection of jobs to look at.

    Attributes:
        job: only the one with this id.
        since: only those created at or after this time.

    """

    job: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Batch:
    """Jobs to look at in one transaction: those of a selection whose numbers are above `after` and up to `upto`.

    Attributes:
        selection: which jobs.
        after: `jobs.id`.
        upto: `jobs.id`.
        size: how many there are.
        dry_run: whether nothing is to be written.

    """

    selection: Selection
    after: int
    upto: int
    size: int
    dry_run: bool


@dataclass(frozen=True)
class Past:
    """An execution of a job that has ended.

    Attributes:
        execution: what counts of it.
        completed_at: when it ended, if that is known.

    """

    execution: Execution
    completed_at: datetime | None


@dataclass(frozen=True)
class Plan:
    """The rows to write for a job, dated as if they had been written when the job ran.

    Attributes:
        job_id: `jobs.jobspec_id`.
        demands: what the run had to reach.
        outcome: what it reached.
        started_at: when it started.
        completed_at: when it ended.
        ends: when each region did.

    """

    job_id: str
    demands: Demands
    outcome: Outcome
    started_at: datetime
    completed_at: datetime
    ends: dict[str, datetime]


def connect(database_url: str, *, read_only: bool = False) -> Connection:
    """A connection for a backfill: rows are dictionaries, times in UTC.

    Raises:
        psycopg.OperationalError: when the database does not answer.

    """
    options = f"-c timezone=UTC -c default_transaction_read_only={'on' if read_only else 'off'}"
    return psycopg.connect(
        database_url,
        autocommit=True,
        row_factory=dict_row,
        connect_timeout=5,
        application_name="beacon-runner-backfill",
        options=options,
    )


def status_of(connection: Connection, job_id: str) -> tuple[str, bool] | None:
    """The status of a job and whether it has a run already; None when there is no such job."""
    row = connection.execute(
        """
        SELECT j.status, c.id IS NOT NULL AS compared
        FROM jobs j LEFT JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id WHERE j.jobspec_id = %s
        """,
        (job_id,),
    ).fetchone()
    return None if row is None else (row["status"], row["compared"])


def count(connection: Connection, selection: Selection) -> int:
    """How many jobs of workflow A have no run, whether they have ended or not."""
    (row,) = connection.execute(f"SELECT count(*) AS total {_WITHOUT_RUN}", _values(selection)).fetchall()
    return int(row["total"])


def batches(connection: Connection, selection: Selection, size: int, *, dry_run: bool) -> Iterator[Batch]:
    """The jobs of workflow A that have no run, so many at a time, in the order of their numbers."""
    after = 0
    while True:
        row = connection.execute(
            f"""
            SELECT max(id) AS upto, count(*) AS size
            FROM (SELECT j.id {_WITHOUT_RUN} ORDER BY j.id LIMIT %(limit)s) AS next
            """,
            {**_values(selection, after), "limit": size},
        ).fetchone()
        if row is None or row["size"] == 0:
            return
        yield Batch(selection, after, row["upto"], row["size"], dry_run)
        after = row["upto"]


def take(connection: Connection, batch: Batch) -> list[Row]:
    """The ended jobs of a batch: id, jobspec_id, status, constraints, created_at and updated_at.

    Unless it is a dry run they are kept from other backfills until the transaction ends, and those that others keep are
    left out.
    """
    locking = "" if batch.dry_run else "FOR NO KEY UPDATE OF j SKIP LOCKED"
    return connection.execute(
        f"""
        SELECT j.id, j.jobspec_id, j.status, j.jobspec_data -> 'constraints' AS constraints, j.created_at, j.updated_at
        {_WITHOUT_RUN} AND j.id <= %(upto)s AND j.status = ANY(%(ended)s) ORDER BY j.id {locking}
        """,
        {**_values(batch.selection, batch.after), "upto": batch.upto, "ended": list(_ENDED)},
    ).fetchall()


def unfinished(connection: Connection, batch: Batch) -> list[tuple[str, str]]:
    """Id and status of each job of a batch that has not ended."""
    rows = connection.execute(
        f"""
        SELECT j.jobspec_id, j.status {_WITHOUT_RUN} AND j.id <= %(upto)s AND j.status <> ALL(%(ended)s) ORDER BY j.id
        """,
        {**_values(batch.selection, batch.after), "upto": batch.upto, "ended": list(_ENDED)},
    )
    return [(row["jobspec_id"], row["status"]) for row in rows]


def executions(connection: Connection, jobs: Sequence[int]) -> dict[int, list[Past]]:
    """The executions of jobs (by their numbers), each job's in the order in which they were planned."""
    rows = connection.execute(
        """
        SELECT job_id, region, model_id, coalesce(question_id, 'default') AS question_id, status, provider_id,
               output_data, completed_at
        FROM executions WHERE job_id = ANY(%s) ORDER BY id
        """,
        (list(jobs),),
    )
    executions: dict[int, list[Past]] = {}
    for row in rows:
        executions.setdefault(row["job_id"], []).append(Past(execution_of(row), row["completed_at"]))
    return executions


def insert(connection: Connection, plans: Sequence[Plan]) -> Collection[str]:
    """Write runs with their regions and their analyses. To be called in a transaction.

    Returns:
        The ids of the jobs that got one; another backfill has been quicker with the rest.

    """
    runs = {uuid4(): plan for plan in plans}
    if not runs:
        return []
    rows = [_run(run, plan) for run, plan in runs.items()]
    written = [row["id"] for row in connection.execute(_RUNS, [list(column) for column in zip(*rows, strict=True)])]
    with connection.cursor() as cursor:
        with cursor.copy(_RESULTS) as copy:
            for run in written:
                for result in _results(run, runs[run]):
                    copy.write_row(result)
        with cursor.copy(_ANALYSES) as copy:
            for run in written:
                analysis = runs[run].outcome.analysis
                if analysis is not None:
                    copy.write_row(analysis_values(run, analysis))
    return {runs[run].job_id for run in written}


def _values(selection: Selection, after: int = 0) -> dict[str, Any]:
    return {"after": after, "job": selection.job, "since": selection.since}


def _milliseconds(started: datetime, ended: datetime) -> int:
    return (ended - started) // timedelta(milliseconds=1)


def _run(run: UUID, plan: Plan) -> tuple[Any, ...]:
    return (
        run,
        plan.job_id,
        len(plan.demands.regions),
        plan.outcome.success_count,
        plan.outcome.failure_count,
        plan.demands.min_regions,
        plan.demands.min_success_rate,
        plan.outcome.status,
        plan.demands.enable_analysis,
        plan.outcome.analysis_error,
        plan.started_at,
        plan.completed_at,
        _milliseconds(plan.started_at, plan.completed_at),
        plan.started_at,
    )


def _results(run: UUID, plan: Plan) -> Iterator[tuple[Any, ...]]:
    for region in plan.outcome.regions:
        ended = plan.ends[region.region]
        yield (
            uuid4(),
            run,
            region.region,
            region.provider_id,
            region.status,
            plan.started_at,
            ended,
            _milliseconds(plan.started_at, ended),
            json_or_null(region.execution_output),
            region.error_message,
            json_or_null(region.scoring),
            json_or_null(region.metadata),
            plan.started_at,
        )
