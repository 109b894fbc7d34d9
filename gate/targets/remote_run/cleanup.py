"""Ends and removes what a run created, as its ledger has it: at the end of the run, and by ``gate cleanup``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from gate.core.client import Client, Unreachable
from gate.core.redaction import Redactor
from gate.core.settings import Settings, redactor
from gate.core.texts import counted
from gate.core.waiting import NotReached, wait
from gate.targets.remote_run import ledger, removal
from gate.targets.remote_run.access import ledger_path, stop_mark
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.remote_run.ledger import Created, Ledger
from gate.targets.remote_run.stop import StopFileWatch
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

    def clean(self, created: Created) -> Cleaned:
        """Cancels what has not ended, then removes all rows where a database is given; may be done again."""
        result = Cleaned(self.rules.noun, len(created.ids) + len(created.keys))
        if not result.number:
            return result
        if created.in_doubt:  # a submission whose answer nobody saw reaches the database by then, if it ever does
            wait("the last submissions", lambda: time.time() - created.written, until=lambda age: age > IN_FLIGHT)
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

    def _remove(self, database_url: str, created: Created, result: Cleaned) -> None:
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
        client = Client(self.address.url, lambda _: None, timeout=5, transport=AddressedTransport(self.address))
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


class RemoteRunCleanup:
    """Opens a run's ledger and removes in the end what the run created.

    It does nothing on a target whose service is the run's own, and creates no ledger for a run that only reads.
    """

    def __init__(self, settings: Settings, rules: RemoteRules) -> None:
        self._settings = settings
        self._rules = rules
        self._run = ""
        self._watch: StopFileWatch | None = None

    def begin(self, run: str) -> None:
        """Opens the ledger and watches for the stop file."""
        if self._settings.target != "remote":
            return
        self._watch = StopFileWatch([self._settings.stop_file])
        if not self._settings.read_only:
            self._run = run
            book = Ledger(ledger_path(self._settings, run))
            url = Address.of(self._settings.base_url or "").url
            book.write("run", run=run, base_url=url, at=datetime.now(UTC).isoformat(timespec="seconds"))
            book.close()

    def interrupt(self) -> None:
        """Ends the workers, wherever they are."""
        if self._settings.target == "remote":
            mark = stop_mark(self._settings)
            mark.parent.mkdir(parents=True, exist_ok=True)  # no worker has begun where nobody was at the address
            mark.touch()

    @property
    def stop_requested(self) -> bool:
        """True once the stop file is there."""
        return self._watch is not None and self._watch.stopped.is_set()

    def end(self) -> list[str]:
        """Ends and removes what the run created; returns a sentence for each thing that stays."""
        if self._watch is not None:
            self._watch.close()
        if not self._run:
            return []
        settings, path = self._settings, ledger_path(self._settings, self._run)
        created = ledger.read(path)
        self._run = ""
        if created.left:
            return [
                f"{counted(len(created.left), 'resource')} that the run made may still be there: {path} lists them. "
                f"To delete those that the service deletes: gate cleanup {path}"
            ]
        address = Address.of(settings.base_url or "")
        cleaner = Cleaner(self._rules, address, settings.cleanup_database_url, redactor(settings))
        remaining = cleaner.clean(created).remaining
        if remaining:
            return [*remaining, f"To remove it: ./scripts/gate cleanup {path} --cleanup-database-url URL"]
        path.unlink()
        return []
