"""What the controlling process of a run does about a remote runner: the ledger's head, the stop, and the removal."""

from __future__ import annotations

from datetime import UTC, datetime

from gate.core.settings import Settings
from gate.targets.remote_run import ledger
from gate.targets.remote_run.address import Address
from gate.targets.remote_run.cleanup import clean
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.reach import ledger_path, redactor, stop_mark
from gate.targets.remote_run.stop import Watch


class Keeper:
    """Keeps one run; does nothing on a target whose runner is the run's own, or that only reads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._run = ""
        self._watch: Watch | None = None

    def begin(self, run: str) -> None:
        """Opens the ledger and watches for the stop file."""
        if self._settings.target != "remote":
            return
        self._watch = Watch([self._settings.remote.stop_file])
        if not self._settings.remote.read_only:
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
    def told_to_stop(self) -> bool:
        """Whether the stop file is there."""
        return self._watch is not None and self._watch.stopped.is_set()

    def end(self) -> list[str]:
        """Ends and removes what the run created; returns a sentence for each thing that stays."""
        if self._watch is not None:
            self._watch.close()
        if not self._run:
            return []
        path = ledger_path(self._settings, self._run)
        created = ledger.read(path)
        self._run = ""
        address = Address.of(self._settings.base_url or "")
        result = clean(created, address, self._settings.remote.cleanup_database_url, redactor(self._settings))
        if result.left:
            return [*result.left, f"To remove it: ./scripts/gate cleanup {path} --cleanup-database-url URL"]
        path.unlink()
        return []
