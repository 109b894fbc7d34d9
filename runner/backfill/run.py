"""A backfill as a whole: its batches, its processes, its report."""

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from runner.backfill.batches import beside, here, processes
from runner.backfill.report import Report, meter
from runner.store import backfill as store
from runner.store.backfill import Batch, Connection, Selection


class UnknownJobError(Exception):
    """No job has the given id."""


def backfill(
    database_url: str,
    *,
    dry_run: bool = False,
    job: str | None = None,
    since: datetime | None = None,
    batch: int = 100,
    as_json: bool = False,
) -> None:
    """Run a backfill; the summary goes to standard output, progress to standard error.

    Args:
        database_url: where.
        dry_run: write nothing, and say what would be written.
        job: only the job with this id.
        since: only jobs created at or after this time; UTC when it has no zone.
        batch: jobs in one transaction.
        as_json: print the summary as one JSON object.

    Raises:
        UnknownJobError: see there.
        psycopg.Error: as the database said; batches that were committed stay.
        BrokenProcessPool: one of the processes was killed; batches that were committed stay.

    """
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    selection = Selection(job, since)
    with closing(store.connect(database_url, read_only=dry_run)) as connection:
        report = Report(dry_run)
        if job is not None:
            status = store.status_of(connection, job)
            if status is None:
                raise UnknownJobError(job)
            if status[1]:
                report.leave_out(job, "it has a cross-region execution already")
        total = store.count(connection, selection)
        batches = _noting_unfinished(connection, store.batches(connection, selection, batch, dry_run=dry_run), report)
        count = min(processes(total), -(-total // batch))
        alone = count < 2
        work = here(connection, batches) if alone else beside(database_url, batches, count, read_only=dry_run)
        with meter(total) as progress:
            for done in work:
                report.add(done)
                progress.advance(done.size)
    report.write(sys.stdout, as_json=as_json)


def _noting_unfinished(connection: Connection, batches: Iterator[Batch], report: Report) -> Iterator[Batch]:
    for batch in batches:
        for job_id, status in store.unfinished(connection, batch):
            report.leave_out(job_id, f"it has not ended: its status is {status}")
        yield batch
