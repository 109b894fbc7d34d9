"""Executions while a worker runs them: each step is one statement that does nothing when its time has passed.

No statement changes a row that is terminal, and none starts a call for a job that is not running. Claiming and storing
name the attempt that they belong to (`retry_count`), so that a worker that was given up for dead cannot interfere.
"""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from runner.store.database import Connection, Row

_WAIT: Final = {True: "", False: "SKIP LOCKED"}
_PLAN: Final = """
WITH plan AS (
    SELECT * FROM unnest(%(regions)s::text[], %(providers)s::text[], %(infos)s::text[]) AS p (region, provider, info)
), results AS (
    UPDATE region_results r
    SET provider_id = plan.provider, provider_info = plan.info::jsonb
    FROM plan, cross_region_executions c, jobs j
    WHERE j.id = %(job)s AND c.jobspec_id = j.jobspec_id AND r.cross_region_execution_id = c.id
        AND r.region = plan.region AND r.status = 'running'
)
UPDATE executions e
SET provider_id = plan.provider
FROM plan
WHERE e.job_id = %(job)s AND e.region = plan.region AND e.status IN ('pending', 'running')
"""
_CLAIM: Final = """
WITH free AS MATERIALIZED (
    SELECT e.id, wanted.attempt
    FROM unnest(%(executions)s::int[], %(attempts)s::int[], %(counts)s::int[], %(interrupted)s::bool[])
        AS wanted (id, attempt, count, interrupted)
    JOIN executions e ON e.id = wanted.id
    JOIN jobs j ON j.id = e.job_id
    WHERE j.status = 'running' AND (
        (e.status = CASE WHEN wanted.interrupted THEN 'running' ELSE 'pending' END AND e.retry_count = wanted.count)
        OR (%(again)s::bool AND e.status = 'running' AND e.retry_count = wanted.attempt)
    )
    FOR SHARE OF j {wait} FOR NO KEY UPDATE OF e {wait}
)
UPDATE executions e
SET status = 'running', started_at = clock_timestamp(), retry_count = free.attempt,
    max_retries = greatest(e.max_retries, free.attempt),
    last_retry_at = CASE WHEN e.retry_count < free.attempt THEN clock_timestamp() ELSE e.last_retry_at END,
    retry_history = CASE
        WHEN e.retry_count < free.attempt
        THEN e.retry_history || jsonb_build_object('at', clock_timestamp(), 'reason', 'service_restart')
        ELSE e.retry_history
    END
FROM free
WHERE e.id = free.id
RETURNING e.id
"""
_COMPLETE: Final = """
WITH free AS MATERIALIZED (
    SELECT answer.*
    FROM unnest(%(executions)s::int[], %(attempts)s::int[], %(outputs)s::text[], %(receipts)s::text[],
                %(providers)s::text[], %(classifications)s::text[], %(lengths)s::int[])
        AS answer (id, attempt, output, receipt, provider, classification, length)
    JOIN executions e ON e.id = answer.id
    WHERE e.status = 'running' AND e.retry_count = answer.attempt
    FOR NO KEY UPDATE OF e {wait}
)
UPDATE executions e
SET status = 'completed', completed_at = clock_timestamp(), output_data = free.output::jsonb,
    receipt_data = CASE jsonb_typeof(free.receipt::jsonb) WHEN 'object' THEN free.receipt::jsonb END,
    provider_id = coalesce(free.provider, e.provider_id), response_classification = free.classification,
    is_content_refusal = free.classification = 'content_refusal',
    is_substantive = free.classification = 'substantive',
    is_technical_error = false, response_length = free.length
FROM free
WHERE e.id = free.id
RETURNING e.id
"""
_FAIL: Final = """
UPDATE executions
SET status = %(status)s, completed_at = clock_timestamp(),
    output_data = jsonb_set(
        %(output)s::jsonb, '{failure}', (%(output)s::jsonb -> 'failure') || jsonb_build_object('model', model_id)
    ),
    provider_id = coalesce(%(provider)s, provider_id), response_classification = 'technical_failure',
    is_technical_error = true, original_error = coalesce(original_error, %(output)s::jsonb ->> 'error')
"""
_FAIL_ONE: Final = f"{_FAIL} WHERE id = %(execution)s AND status = 'running' AND retry_count = %(attempt)s RETURNING id"
_FAIL_REGION: Final = (
    f"{_FAIL} WHERE job_id = %(job)s AND region = %(region)s AND status IN ('pending', 'running') RETURNING id"
)


@dataclass(frozen=True)
class Planned:
    """An execution that is still to be run.

    Attributes:
        id: `executions.id`.
        region: canonical code.
        model_id: the model to ask.
        question_id: the question to ask it.
        interrupted: whether a call for it was under way when a worker died; it is made again.
        retry_count: how many calls were made before the last one.

    """

    id: int
    region: str
    model_id: str
    question_id: str
    interrupted: bool
    retry_count: int

    @property
    def attempt(self) -> int:
        """The row's `retry_count` once it is claimed: a call that was interrupted is made once more."""
        return self.retry_count + (1 if self.interrupted else 0)


async def begin(connection: Connection, job: int) -> Row | None:
    """Set a queued job running.

    Returns:
        The job with what is demanded of its run (null in workflow A) and the seconds since its first call, or None when
        there is no such job. Its status is `running` unless it is terminal.

    """
    await connection.execute(
        "UPDATE jobs SET status = 'running', updated_at = clock_timestamp() WHERE id = %s AND status = 'queued'", (job,)
    )
    cursor = await connection.execute(
        """
        SELECT j.jobspec_id, j.jobspec_data, j.status, c.id AS run, c.min_regions_required, c.min_success_rate,
               c.enable_analysis, coalesce(extract(epoch FROM clock_timestamp() - f.first)::float8, 0) AS seconds
        FROM jobs j LEFT JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
        CROSS JOIN LATERAL (
            SELECT min(least(
                e.started_at,
                CASE e.retry_history -> 0 ->> 'reason' WHEN 'service_restart'
                THEN (e.retry_history -> 0 ->> 'at')::timestamptz END
            )) AS first
            FROM executions e WHERE e.job_id = j.id
        ) f
        WHERE j.id = %s
        """,
        (job,),
    )
    return await cursor.fetchone()


@asynccontextmanager
async def held(connection: Connection, jobs: Collection[int], *, wait: bool) -> AsyncIterator[set[int]]:
    """Keep jobs from being cancelled while the context lasts; its value are those of them that are running.

    Args:
        connection: where.
        jobs: their `jobs.id`.
        wait: wait for a job that somebody else holds; otherwise it is left out.

    """
    # One round trip, as this stands before every call: statements without parameters can be sent together.
    numbers = ", ".join(f"{job:d}" for job in sorted(jobs))
    cursor = await connection.execute(
        f"BEGIN; SELECT id FROM jobs WHERE id IN ({numbers}) AND status = 'running' FOR SHARE {_WAIT[wait]}".encode()
    )
    try:
        cursor.nextset()
        yield {row["id"] for row in await cursor.fetchall()}
    finally:
        if not connection.broken:
            await connection.commit()  # nothing was written, and a rollback would forget the prepared statements


async def status(connection: Connection, job: int) -> str | None:
    """The status of a job, or None when there is no such job."""
    cursor = await connection.execute("SELECT status FROM jobs WHERE id = %s", (job,))
    row = await cursor.fetchone()
    return None if row is None else str(row["status"])


async def regions(connection: Connection, job: int) -> list[str]:
    """The regions of a job in the order of their first executions; empty when it has none."""
    cursor = await connection.execute(
        "SELECT region FROM executions WHERE job_id = %s GROUP BY region ORDER BY min(id)", (job,)
    )
    return [row["region"] for row in await cursor.fetchall()]


async def unfinished(connection: Connection, job: int) -> list[Planned]:
    """The executions of a job that are not terminal, in the order in which they were planned."""
    cursor = await connection.execute(
        """
        SELECT id, region, model_id, coalesce(question_id, 'default') AS question_id, status = 'running' AS interrupted,
               retry_count
        FROM executions WHERE job_id = %s AND status IN ('pending', 'running') ORDER BY id
        """,
        (job,),
    )
    return [Planned(**row) for row in await cursor.fetchall()]


async def plan(connection: Connection, job: int, providers: Mapping[str, Mapping[str, str]]) -> None:
    """Note which provider is to answer in each region.

    Args:
        connection: where.
        job: `jobs.id`.
        providers: for each region the provider's `name` with whatever else is to be kept of it.

    """
    chosen = list(providers.items())
    await connection.execute(
        _PLAN,
        {
            "job": job,
            "regions": [region for region, _ in chosen],
            "providers": [info["name"] for _, info in chosen],
            "infos": [_text(info) for _, info in chosen],
        },
    )


async def claim(connection: Connection, executions: Sequence[Planned], again: bool, *, wait: bool) -> set[int]:
    """Set those executions running that are still to be run and whose jobs are running.

    Args:
        connection: where.
        executions: as they were read, of any jobs.
        again: whether an earlier try to claim them may have succeeded unnoticed.
        wait: wait for rows that somebody else holds; otherwise they are left out.

    Returns:
        The ids of those whose calls are to be made now.

    """
    cursor = await connection.execute(
        _CLAIM.format(wait=_WAIT[wait]).encode(),
        {
            "executions": [execution.id for execution in executions],
            "attempts": [execution.attempt for execution in executions],
            "counts": [execution.retry_count for execution in executions],
            "interrupted": [execution.interrupted for execution in executions],
            "again": again,
        },
    )
    return {row["id"] for row in await cursor.fetchall()}


@dataclass(frozen=True)
class Completion:
    """An answer as it is stored: the columns of its execution, `output` and `receipt` as texts of JSON."""

    output: str
    receipt: str | None
    provider: str | None
    classification: str
    length: int

    @classmethod
    def of(cls, output: Mapping[str, Any], provider: str | None, classification: str) -> "Completion":
        """The columns for an output. Pure, so that a long one can be prepared in a thread."""
        receipt = output["metadata"].get("receipt")
        stored = None if receipt is None else json.dumps(receipt)
        return cls(json.dumps(output), stored, provider, classification, len(output["response"]))


async def complete(connection: Connection, answers: Sequence[tuple[Planned, Completion]], *, wait: bool) -> set[int]:
    """Store answers of executions, of any jobs; those that come too late are discarded.

    Args:
        connection: where.
        answers: each with its execution.
        wait: wait for rows that somebody else holds; otherwise they are left out.

    Returns:
        The ids of the executions whose answers were stored.

    """
    completions = [completion for _, completion in answers]
    cursor = await connection.execute(
        _COMPLETE.format(wait=_WAIT[wait]).encode(),
        {
            "executions": [execution.id for execution, _ in answers],
            "attempts": [execution.attempt for execution, _ in answers],
            "outputs": [completion.output for completion in completions],
            "receipts": [completion.receipt for completion in completions],
            "providers": [completion.provider for completion in completions],
            "classifications": [completion.classification for completion in completions],
            "lengths": [completion.length for completion in completions],
        },
    )
    return {row["id"] for row in await cursor.fetchall()}


async def fail(
    connection: Connection, execution: Planned, status: str, output: Mapping[str, Any], provider: str | None
) -> bool:
    """Store why there is no answer to a call that was made; False when that came too late and was discarded."""
    cursor = await connection.execute(
        _FAIL_ONE,
        {
            "execution": execution.id,
            "attempt": execution.attempt,
            "status": status,
            "output": Jsonb(output),
            "provider": provider,
        },
    )
    return await cursor.fetchone() is not None


async def fail_region(connection: Connection, job: int, region: str, status: str, output: Mapping[str, Any]) -> int:
    """Store the same failure for all executions of a region that are not terminal; returns how many these were."""
    cursor = await connection.execute(
        _FAIL_REGION,
        {"job": job, "region": region, "status": status, "output": Jsonb(output), "provider": None},
    )
    return len(await cursor.fetchall())


def _text(info: Mapping[str, str]) -> str:
    return json.dumps(dict(info))
