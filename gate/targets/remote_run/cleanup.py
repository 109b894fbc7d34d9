"""Ends and removes what a run created, as its ledger has it; ``gate cleanup`` and the end of a run both do this."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg

from gate.core.client import Client, Unreachable
from gate.core.redaction import Redactor
from gate.core.transport import WatchedTransport
from gate.core.waiting import NotReached, wait
from gate.targets.remote_run import ledger, removal
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.service import RemoteRules

AT_ONCE = 8
"""Resources that are cancelled at the same time."""
TRIES = 3
IN_FLIGHT = 2.0
"""Seconds after which a submission that was sent is in the database or never will be."""


@dataclass(slots=True)
class Cleaned:
    """The result for the resources that a run may have created; ``remaining`` has a sentence for each that stays."""

    noun: str
    number: int
    removed: int = 0
    remaining: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.number} {self.noun} were created or tried, {self.removed} removed" + (
            f"; left: {' '.join(self.remaining)}" if self.remaining else "; nothing is left"
        )


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans up after runs on one service: through its API, and where it is given in its database."""

    rules: RemoteRules
    address: Address
    database_url: str | None
    redact: Redactor

    def clean(self, created: ledger.Created) -> Cleaned:
        """Cancels what has not ended, then removes all rows where a database is given; may be done again."""
        result = Cleaned(self.rules.noun, len(created.ids) + len(created.keys))
        if not result.number:
            return result
        settle(created)
        if self.database_url is not None:
            self._remove(self.database_url, created, result)
            return result
        present = self._end(created.ids, result)
        if present:
            noun = self.rules.noun
            result.remaining.append(f"{len(present)} {noun} stay, since no --cleanup-database-url was given.")
        if created.keys:
            result.remaining.append(
                f"{len(created.keys)} submissions had no id; only the database shows what became of them."
            )
        return result

    def _remove(self, database_url: str, created: ledger.Created, result: Cleaned) -> None:
        rules = self.rules
        try:
            with removal.connect(database_url) as connection:
                there = removal.present(connection, rules.removal, created.ids, created.keys)
                self._end([name for name, state in there.items() if state not in rules.ended], result)
                for _ in range(TRIES):  # a worker that is just ending a resource may hold its rows
                    ids = sorted({*there, *created.ids})
                    reasons = removal.remove(connection, rules.removal, ids, created.facts)
                    if not reasons:
                        break
                remaining = removal.present(connection, rules.removal, sorted(there), [])
        except psycopg.Error as error:
            result.remaining.append(f"The database refused: {self.redact(str(error).strip().splitlines()[0])}.")
            return
        result.removed = len(there) - len(remaining)
        if not remaining and not reasons:
            result.remaining.clear()  # what could not be cancelled is gone all the same
        result.remaining += [f"Rows of {table} stay: {self.redact(why)}." for table, why in reasons.items()]

    def _end(self, ids: Sequence[str], result: Cleaned) -> list[str]:
        """Cancels the resources that have not ended; returns those that the service knows."""
        if not ids:
            return []
        transport = WatchedTransport(AddressedTransport(self.address))
        client = Client(self.address.url, lambda _: None, timeout=5, transport=transport)
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                known = list(pool.map(lambda name: self._ended(client, name), ids))
        except (Unreachable, NotReached) as error:
            reason = str(error).splitlines()[0]
            result.remaining.append(f"Not all {self.rules.noun} could be cancelled: {reason}.")
            return list(ids)
        finally:
            client.close()
        return [name for name, there in zip(ids, known, strict=True) if there]

    def _ended(self, client: Client, name: str) -> bool:
        """Ends one resource; whether the service knows it."""
        rules = self.rules
        state = rules.state(client, name)
        if state and state not in rules.ended:
            rules.cancel(client, name)
            wait(
                f"the end of {name}",
                lambda: rules.state(client, name),
                until=lambda seen: not seen or seen in rules.ended,
            )
        return bool(state)


def settle(created: ledger.Created) -> None:
    """Waits until a submission whose answer nobody saw must have reached the database, if it ever does."""
    if created.in_doubt:
        wait("the last submissions", lambda: time.time() - created.written, until=lambda age: age > IN_FLIGHT)
