"""Jobs: acceptance in one transaction, and reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from runner import queue
from runner.signature import Nonce
from runner.spec import Submission, job_id_problem
from runner.store.database import Connection, Database, Row, count, planned

_ACCEPT: Final = f"""
WITH job AS (
    INSERT INTO jobs (jobspec_id, jobspec_data, workflow)
    VALUES (%(job)s, %(spec)s, %(workflow)s)
    ON CONFLICT (jobspec_id) DO NOTHING
    RETURNING id, created_at, %(request_id)s::text AS request_id
), run AS (
    INSERT INTO cross_region_executions
        (id, jobspec_id, total_regions, min_regions_required, min_success_rate, enable_analysis)
    SELECT %(run)s::uuid, %(job)s, cardinality(%(regions)s::text[]), %(min_regions)s, %(rate)s, %(analysis)s
    FROM job WHERE %(run)s::uuid IS NOT NULL
    RETURNING id
), results AS (
    INSERT INTO region_results (id, cross_region_execution_id, region)
    SELECT gen_random_uuid(), run.id, region FROM run CROSS JOIN unnest(%(regions)s::text[]) AS region
), planned AS (
    INSERT INTO executions (job_id, provider_id, region, model_id, question_id, cross_region_execution_id)
    SELECT job.id, 'unassigned', region, model, question, %(run)s::uuid
    FROM job
    CROSS JOIN unnest(%(regions)s::text[]) WITH ORDINALITY AS r (region, r_place)
    CROSS JOIN unnest(%(models)s::text[]) WITH ORDINALITY AS m (model, m_place)
    CROSS JOIN unnest(%(questions)s::text[]) WITH ORDINALITY AS q (question, q_place)
    ORDER BY r_place, m_place, q_place
), {queue.ENQUEUE}
SELECT id, created_at FROM job
"""
_TAKE_KEY: Final = """
INSERT INTO idempotency_keys (idem_key, jobspec_id, request_hash, response) VALUES (%s, %s, %s, '{}')
ON CONFLICT (idem_key) DO NOTHING RETURNING id
"""
_TAKE_NONCE: Final = """
INSERT INTO signature_nonces (public_key, nonce) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1
"""
_FILTER: Final = """
(%(status)s::text IS NULL OR status = %(status)s)
AND (%(workflow)s::text IS NULL OR workflow = %(workflow)s)
AND (%(from)s::date IS NULL OR created_at >= (%(from)s::date)::timestamp AT TIME ZONE 'UTC')
AND (%(to)s::date IS NULL OR created_at < (%(to)s::date + 1)::timestamp AT TIME ZONE 'UTC')
AND (%(q)s::text IS NULL OR EXISTS (
    SELECT FROM unnest(ARRAY[jobspec_id, jobspec_data -> 'benchmark' ->> 'name']) AS part
    WHERE strpos(lower(part COLLATE "C"), lower(%(q)s::text COLLATE "C")) > 0
))
"""
_PAGE: Final = f"""
WITH page AS (
    SELECT id, jobspec_id, status, workflow, jobspec_data -> 'benchmark' ->> 'name' AS benchmark_name,
           created_at, updated_at
    FROM jobs WHERE {_FILTER} ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
)
SELECT page.*, planned.regions, planned.models, planned.started_at,
       CASE WHEN page.status NOT IN ('queued', 'running') THEN planned.completed_at END AS completed_at,
       analysis.recommendation AS risk_level
FROM (SELECT *, row_number() OVER () AS place FROM page) AS page
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT region COLLATE "C" ORDER BY region COLLATE "C") AS regions,
           array_agg(DISTINCT model_id COLLATE "C" ORDER BY model_id COLLATE "C") AS models,
           min(started_at) AS started_at, max(completed_at) AS completed_at
    FROM executions WHERE job_id = page.id
) AS planned
LEFT JOIN cross_region_executions AS run ON run.jobspec_id = page.jobspec_id
LEFT JOIN cross_region_analyses AS analysis ON analysis.cross_region_execution_id = run.id
ORDER BY place
"""


@dataclass(frozen=True)
class IdempotencyKey:
    """A client's key for one request.

    Attributes:
        key: the header's text.
        request_hash: what the request asked for; the same key must come with the same hash.

    """

    key: str
    request_hash: str


@dataclass(frozen=True)
class Accepted:
    """The answer to an accepted job.

    Attributes:
        response: the body of the first answer.
        replayed: whether the job had been accepted before under the same idempotency key.

    """

    response: dict[str, Any]
    replayed: bool


class RefusedError(Exception):
    """A submission that contradicts what is stored."""


class DuplicateJobError(RefusedError):
    """A job has this id already."""


class ReplayedNonceError(RefusedError):
    """The key has signed this nonce before."""


class KeyReusedError(RefusedError):
    """The idempotency key belongs to another request."""


async def accept(
    database: Database,
    submission: Submission,
    nonce: Nonce | None,
    key: IdempotencyKey | None,
    request_id: str,
    respond: Callable[[UUID | None, datetime], Mapping[str, Any]],
) -> Accepted:
    """Store a job with everything that belongs to it, and its queue entry: all in one transaction or nothing.

    Args:
        database: where.
        submission: what was asked for.
        nonce: to be remembered, for a signed JobSpec.
        key: to be remembered, where the client sent one.
        request_id: travels through the queue into the worker's log lines.
        respond: makes the answer of the cross-region execution's id (None for a standard job) and the time of
            acceptance.

    Raises:
        KeyReusedError, DuplicateJobError, ReplayedNonceError: tested in this order.

    """
    run = uuid4() if submission.workflow == "cross-region" else None
    # A statement alone is a transaction already, and without BEGIN and COMMIT takes a third of their round trips.
    alone = key is None and nonce is None
    async with database.connection() if alone else database.transaction() as connection:
        if key is not None:
            # Waits for a concurrent request with the same key to commit or to roll back.
            taken = await connection.execute(_TAKE_KEY, (key.key, submission.job_id, key.request_hash))
            if await taken.fetchone() is None:
                return await _replay(connection, key)
        cursor = await connection.execute(
            _ACCEPT,
            {
                "job": submission.job_id,
                "spec": Jsonb(submission.spec),
                "workflow": submission.workflow,
                "run": run,
                "regions": submission.regions,
                "models": submission.models,
                "questions": submission.questions,
                "min_regions": submission.min_regions,
                "rate": Decimal(repr(submission.min_success_rate)),
                "analysis": submission.enable_analysis,
                "request_id": request_id,
            },
            prepare=True,
        )
        job = await cursor.fetchone()
        if job is None:
            raise DuplicateJobError(submission.job_id)
        if nonce is not None:
            taken = await connection.execute(_TAKE_NONCE, (nonce.public_key, nonce.value))
            if await taken.fetchone() is None:
                raise ReplayedNonceError(nonce.value)
        response = dict(respond(run, job["created_at"]))
        if key is not None:
            await connection.execute(
                "UPDATE idempotency_keys SET response = %s WHERE idem_key = %s", (Jsonb(response), key.key)
            )
    return Accepted(response, replayed=False)


async def replay(database: Database, key: IdempotencyKey) -> Accepted | None:
    """The first answer to a request that was accepted under this key, or None when the key is new.

    Raises:
        KeyReusedError: the key belongs to another request.

    """
    async with database.connection() as connection:
        return await _find(connection, key)


async def _find(connection: Connection, key: IdempotencyKey) -> Accepted | None:
    cursor = await connection.execute(
        "SELECT request_hash, response FROM idempotency_keys WHERE idem_key = %s", (key.key,)
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    if row["request_hash"] != key.request_hash:
        raise KeyReusedError(key.key)
    return Accepted(row["response"], replayed=True)


async def _replay(connection: Connection, key: IdempotencyKey) -> Accepted:
    accepted = await _find(connection, key)
    if accepted is None:
        raise DuplicateJobError(key.key)  # the key's job was removed this very moment
    return accepted


async def find(connection: Connection, job_id: str) -> Row | None:
    """The job with this id: its number, JobSpec, status and workflow."""
    if job_id_problem(job_id):
        return None  # it may hold what no query can, such as U+0000
    cursor = await connection.execute(
        "SELECT id, jobspec_id, jobspec_data, status, workflow FROM jobs WHERE jobspec_id = %s", (job_id,)
    )
    return await cursor.fetchone()


async def page(
    connection: Connection, filters: Mapping[str, str | None], limit: int, offset: int
) -> tuple[list[Row], int]:
    """Jobs that all filters (those of the contract, or None) hold for, newest first, and how many there are."""
    if "\0" in (filters["q"] or ""):
        return [], 0  # no text in a database has it
    values = {**filters, "limit": limit, "offset": offset}
    total = await count(connection, f"SELECT count(*) AS total FROM jobs WHERE {_FILTER}", values)
    return await planned(connection, _PAGE, values), total
