"""Removes jobs that ended long ago, batch by batch, and writes them to a file first where that is asked for."""

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import psycopg
from psycopg.rows import dict_row

from runner.store import old
from runner.store.database import PATH, Row

STATEMENT_SECONDS = 60


def prune(
    database_url: str,
    days: float,
    *,
    archive: Path | None = None,
    batch: int = 200,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    """Remove the jobs that ended so many days ago, and print how many these were.

    Each batch is one transaction that locks its own jobs alone: submissions, workers and other calls of this go on.

    Args:
        database_url: where.
        days: how long ago a job has to have ended.
        archive: a file to which each job is appended as a line of JSON, before it is removed. One whose removal failed
            is there again when it is removed later.
        batch: jobs in one transaction.
        dry_run: remove and write nothing, and say how many jobs would be removed.
        as_json: print the summary as one JSON object.

    Raises:
        OSError: the archive cannot be written.
        psycopg.Error: as the database said; batches that were committed stay.

    """
    before = datetime.now(UTC) - timedelta(days=days)
    with contextlib.ExitStack() as stack:
        lines = None if archive is None or dry_run else stack.enter_context(archive.open("a", encoding="utf-8"))
        connection = stack.enter_context(_connect(database_url))
        removed = old.count(connection, before) if dry_run else 0
        while not dry_run and (number := _remove(connection, before, batch, lines)):
            removed += number
    if as_json:
        sys.stdout.write(json.dumps({"dry_run": dry_run, "removed": removed, "before": before.isoformat()}) + "\n")
    else:
        done = "would be" if dry_run else "were"
        sys.stdout.write(f"{removed} jobs that ended before {before:%Y-%m-%d %H:%M:%S} UTC {done} removed.\n")


def _connect(database_url: str) -> psycopg.Connection[Row]:
    return psycopg.connect(
        database_url,
        autocommit=True,
        row_factory=dict_row,
        application_name="beacon-runner-prune",
        options=f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s",
        **PATH,
    )


def _remove(connection: psycopg.Connection[Row], before: datetime, batch: int, archive: IO[str] | None) -> int:
    with connection.transaction():
        jobs: Sequence[Row] = old.take(connection, before, batch)
        if archive is not None and jobs:
            archive.writelines(f"{line}\n" for line in old.whole(connection, [job["id"] for job in jobs]))
            archive.flush()
            os.fsync(archive.fileno())
        if jobs:
            old.remove(connection, jobs)
        return len(jobs)
