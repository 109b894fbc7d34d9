"""The ledger of a run: what it may create, on the disk before it is sent, so that it can be removed later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate.core.errors import UsageError


class Ledger:
    """Appends one JSON object a line; each is on the disk when the call returns. Any number of processes may write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, kind: str, *, sync: bool = True, **facts: Any) -> None:
        """Adds one fact; without ``sync`` one that may be lost with the machine."""
        os.write(self._file, (json.dumps({"kind": kind, **facts}) + "\n").encode())
        if sync:
            os.fsync(self._file)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)


@dataclass(slots=True)
class Created:
    """What a run may have created, as its ledger tells."""

    run: str = ""
    base_url: str = ""
    jobs: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of submissions without an id, the run's own
    nonces: list[tuple[str, str]] = field(default_factory=list)  # public key and nonce
    in_doubt: int = 0  # submissions whose answer nobody saw
    written: float = 0.0  # when, as the file's time says

    @property
    def prefix(self) -> str:
        """What every id and key that the run gave begins with."""
        return f"gate-{self.run}-"


def read(path: Path) -> Created:
    """What a ledger tells; a last line that a crash cut short was not sent. UsageError where it is no ledger."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        made = _created(json.loads(line) for line in lines if line.endswith("\n"))
        made.written = path.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no ledger of a run: {error}.", "Name a file below reports/ledgers/.") from error
    return made


def _created(facts: Iterable[dict[str, Any]]) -> Created:
    made = Created()
    accepted: list[str] = []
    for fact in facts:
        match fact["kind"]:
            case "run":
                made.run, made.base_url = str(fact["run"]), str(fact["base_url"])
            case "sending":
                made.in_doubt += 1
                made.jobs += [fact["id"]] if fact["id"] else []
                made.keys += [] if fact["id"] else [fact["key"]]
                made.nonces += [(fact["nonce"][0], fact["nonce"][1])] if fact["nonce"] else []
            case "answered":
                made.in_doubt -= fact["ids"]
                accepted += [str(fact["id"])] if fact["id"] else []
    if not made.run:
        raise ValueError("it does not say which run it is of")
    # What was sent under another name than the run's own cannot have come from it.
    made.jobs = [job for job in dict.fromkeys(made.jobs) if job.startswith(made.prefix)]
    made.jobs += [job for job in dict.fromkeys(accepted) if job not in made.jobs]
    made.keys = [key for key in made.keys if key.startswith(made.prefix)]
    return made
