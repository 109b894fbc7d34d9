"""Ends and removes what a run created, as its ledger tells; ``gate cleanup`` and the end of a run both do this."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from gate.core.client import Client, Unreachable
from gate.core.errors import Exit, UsageError
from gate.core.production import why_production
from gate.core.redaction import Redactor
from gate.core.waiting import NotReached, wait
from gate.targets.remote_run import ledger, removal
from gate.targets.remote_run.address import Address, secrets

ATONCE = 8
"""Jobs that are cancelled at the same time."""
TRIES = 3
IN_FLIGHT = 2.0
"""Seconds after which a submission that was sent is in the database or never will be."""


@dataclass(slots=True)
class Cleaned:
    """What became of the jobs that a run may have created."""

    jobs: int
    removed: int = 0
    left: list[str] = field(default_factory=list)  # a sentence for each thing that is still there

    def __str__(self) -> str:
        return f"{self.jobs} jobs were created or tried, {self.removed} removed" + (
            f"; left: {' '.join(self.left)}" if self.left else "; nothing is left"
        )


def clean(created: ledger.Created, address: Address | None, database_url: str | None, redact: Redactor) -> Cleaned:
    """Cancels what has not ended, then removes all rows where a database is given; may be done any number of times."""
    result = Cleaned(len(created.jobs) + len(created.keys))
    if not result.jobs:
        return result
    settle(created)
    if database_url is None:
        ids = _end(created.jobs, address, result)
        if ids:
            result.left.append(f"{len(ids)} jobs stay, since no --cleanup-database-url was given.")
        if created.keys:
            result.left.append(
                f"{len(created.keys)} submissions had no id; only the database tells what became of them."
            )
        return result
    try:
        with removal.connect(database_url) as connection:
            there = removal.present(connection, created.jobs, created.keys)
            _end([job for job, status in there.items() if status not in removal.TERMINAL], address, result)
            for _ in range(TRIES):  # a worker that is just ending a job may hold its rows
                why = removal.remove(connection, sorted({*there, *created.jobs}), created.nonces)
                if not why:
                    break
            left = removal.present(connection, sorted(there), [])
    except psycopg.Error as error:
        result.left.append(f"The database refused: {redact(str(error).strip().splitlines()[0])}.")
        return result
    result.removed = len(there) - len(left)
    if not left and not why:
        result.left.clear()  # what could not be cancelled is gone all the same
    result.left += [f"Rows of {table} stay: {redact(reason)}." for table, reason in why.items()]
    return result


def settle(created: ledger.Created) -> None:
    """Waits until a submission whose answer nobody saw must have reached the database, if it ever does."""
    if created.in_doubt:
        wait("the last submissions", lambda: time.time() - created.written, until=lambda age: age > IN_FLIGHT)


def _end(jobs: Sequence[str], address: Address | None, result: Cleaned) -> list[str]:
    """Cancels those jobs that have not ended; returns those that the runner knows."""
    if not jobs or address is None:
        return list(jobs)
    client = Client(address.url, lambda _: None, timeout=5, address=address)
    try:
        with ThreadPoolExecutor(ATONCE) as pool:
            known = list(pool.map(lambda job: _end_one(client, job), jobs))
    except (Unreachable, NotReached) as error:
        result.left.append(f"Not every job could be cancelled: {str(error).splitlines()[0]}.")
        return list(jobs)
    finally:
        client.close()
    return [job for job, there in zip(jobs, known, strict=True) if there]


def _end_one(client: Client, job: str) -> bool:
    def status() -> str:
        answer = client.job(job)
        shown = answer.json.get("status") if isinstance(answer.json, dict) else None
        return str(shown) if answer.status == 200 else "" if answer.status == 404 else "unknown"

    found = status()
    if not found:
        return False
    if found not in removal.TERMINAL:
        client.cancel(job)
        wait(f"the end of {job}", status, until=lambda seen: not seen or seen in removal.TERMINAL)
    return True


def cleanup(words: Sequence[str]) -> int:
    """The command line of ``gate cleanup``: exit code 0 when nothing is left, 3 otherwise."""
    made = argparse.ArgumentParser(
        prog="gate cleanup",
        description="Removes what a run against a remote runner left: cancels its jobs through the API, then deletes "
        "their rows. Safe to call again.",
        allow_abbrev=False,
    )
    made.add_argument("ledger", type=Path, help="the run's ledger, a file below reports/ledgers/")
    made.add_argument("--base-url", metavar="URL", help="where the runner listens (default: as the ledger says)")
    made.add_argument("--cleanup-database-url", metavar="URL", help="a role of the database that may delete")
    made.add_argument("--i-know-this-is-production", dest="production", action="store_true")
    values = made.parse_args(words)
    created = ledger.read(values.ledger)
    base_url = values.base_url or os.environ.get("GATE_BASE_URL") or created.base_url
    database = values.cleanup_database_url or os.environ.get("GATE_CLEANUP_DATABASE_URL")
    for url in (base_url, database or ""):
        if why_production(url) and not values.production:
            raise UsageError(
                f"That looks like production: {why_production(url)}.",
                "Add --i-know-this-is-production if that is what you mean.",
            )
    redact = Redactor.for_urls(base_url, database, more=secrets(base_url))
    result = clean(created, Address.of(base_url), database, redact)
    print(redact(f"run {created.run}: {result}"))
    return Exit.UNJUDGED if result.left else Exit.PASS
