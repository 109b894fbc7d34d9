"""What a worker needs to talk to a remote runner, from the settings and from what the controller shared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gate.core.limits import Budget
from gate.core.redaction import Redactor
from gate.core.settings import Settings
from gate.targets.remote_run.address import Address, secrets
from gate.targets.remote_run.guard import Guard
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.stop import Watch


@dataclass(frozen=True, slots=True)
class Reach:
    """The way to a remote runner, with the guard on it and the watch that ends it."""

    address: Address
    guard: Guard
    watch: Watch

    def close(self) -> None:
        """Ends the watch."""
        self.watch.close()


SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
"""Variables of the runner's environment whose values are kept out of everything that is written."""


def reach(settings: Settings, shared: Mapping[str, str]) -> Reach | None:
    """The way to the runner; None on a target whose runner is the run's own."""
    if settings.target != "remote":
        return None
    watch = Watch([settings.remote.stop_file, stop_mark(settings)])
    budget = Budget(settings.report_dir / "journal" / "budget.json", settings.remote.limits)
    ledger = None if settings.remote.read_only else Ledger(ledger_path(settings, shared["run"]))
    return Reach(Address.of(settings.base_url or ""), Guard(shared["run"], budget, ledger, watch.stopped), watch)


def ledger_path(settings: Settings, run: str) -> Path:
    """Where the ledger of a run is; that of an earlier run is never overwritten."""
    return settings.report_dir / "ledgers" / f"{run}.ndjson"


def stop_mark(settings: Settings) -> Path:
    """A file by which the controller ends its workers."""
    return settings.report_dir / "journal" / "stop"


def redactor(settings: Settings) -> Redactor:
    """Knows every secret that the options and the environment hold."""
    databases = (settings.database_url, settings.remote.cleanup_database_url)
    found = list(secrets(settings.base_url))
    for url in filter(None, databases):
        members = parse_qs(urlsplit(url).query)
        found += [value for name in ("password", "sslpassword") for value in members.get(name, [])]
    environment = settings.runner_env.items()
    found += [value for name, value in environment if SECRET_NAME.search(name) and len(value) >= 8]
    return Redactor.for_urls(settings.base_url, *databases, more=found)
