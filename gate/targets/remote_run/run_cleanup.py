"""The controlling process of a run against a remote service: the ledger's head, the stop, and the clean-up."""

from __future__ import annotations

from datetime import UTC, datetime

from gate.core.settings import Settings
from gate.targets.remote_run import ledger
from gate.targets.remote_run.access import ledger_path, redactor, stop_mark
from gate.targets.remote_run.address import Address
from gate.targets.remote_run.cleanup import Cleaner
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.stop import StopFileWatch
from gate.targets.service import RemoteRules


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
        address = Address.of(settings.base_url or "")
        cleaner = Cleaner(self._rules, address, settings.cleanup_database_url, redactor(settings))
        remaining = cleaner.clean(created).remaining
        if remaining:
            return [*remaining, f"To remove it: ./scripts/gate cleanup {path} --cleanup-database-url URL"]
        path.unlink()
        return []
