"""A worker's access to a remote service, from the settings and from what the controller shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from gate.core.settings import Settings
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.remote_run.guard import Guard, GuardedTransport
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.limits import Budget, Limits
from gate.targets.remote_run.stop import StopFileWatch
from gate.targets.service import RemoteRules

MOST_MADE = 1_000
"""Resources that a run creates on a service of which a declaration alone is known, all workers together."""


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """The address of a remote service, the guard before it, and the watch that ends the run."""

    address: Address
    guard: Guard
    watch: StopFileWatch

    def transport(self, watched: Callable[[httpx.BaseTransport], httpx.BaseTransport]) -> httpx.BaseTransport:
        """Transport of a client; ``watched`` wraps the part that a request takes once the guard has let it through."""
        return GuardedTransport(self.guard, watched(AddressedTransport(self.address, stopped=self.guard.stopped)))

    def close(self) -> None:
        """Ends the watch."""
        self.watch.close()


def remote_access(settings: Settings, shared: Mapping[str, str], rules: RemoteRules) -> RemoteAccess | None:
    """The access to the service; None on a target whose service is the run's own."""
    if settings.target != "remote":
        return None
    watch = StopFileWatch([settings.stop_file, stop_mark(settings)])
    limits = Limits(settings.max_jobs, settings.max_rate, settings.max_seconds)
    if rules.owned is not None:  # no option raises it
        limits = replace(limits, resources=MOST_MADE, raised="")
    budget = Budget(settings.report_dir / "journal" / "budget.json", limits)
    ledger = None if settings.read_only else Ledger(ledger_path(settings, shared["run"]))
    guard = Guard(shared["run"], rules, budget, ledger, watch.stopped)
    return RemoteAccess(Address.of(settings.base_url or ""), guard, watch)


def ledger_path(settings: Settings, run: str) -> Path:
    """Path of a run's ledger; that of an earlier run is never overwritten."""
    return settings.report_dir / "ledgers" / f"{run}.ndjson"


def stop_mark(settings: Settings) -> Path:
    """A file by which the controller ends its workers."""
    return settings.report_dir / "journal" / "stop"
