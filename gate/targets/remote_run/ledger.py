"""The ledger of a run: what it may create, on the disk before it is sent, so that it can be removed later."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate.core.documents import load_text, shaped
from gate.core.errors import DocumentError, GateError, UsageError
from gate.targets.service import Facts


class Ledger:
    """Appends one JSON object a line; each is on the disk when the call returns. Any number of processes may write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, kind: str, *, sync: bool = True, **facts: Any) -> None:
        """Adds one fact; without ``sync`` one that may be lost with the machine."""
        try:
            os.write(self._file, (json.dumps({"kind": kind, **facts}) + "\n").encode())
            if sync:
                os.fsync(self._file)
        except OSError as error:
            raise GateError(f"The ledger {self.path} cannot be written: {error.strerror}.", "Free space.") from error

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)


@dataclass(slots=True)
class Created:
    """The resources that a run may have created, as its ledger has them."""

    run: str = ""
    base_url: str = ""
    ids: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of submissions without an id, the run's own
    facts: list[Facts] = field(default_factory=list)  # what was sent, with what the service's rules add
    in_doubt: int = 0  # submissions whose answer nobody saw
    written: float = 0.0  # time of the file's last change
    left: list[str] = field(default_factory=list)  # paths of what is still there, where the service chooses the ids

    @property
    def prefix(self) -> str:
        """The beginning of every id and key that the run gave."""
        return f"gate-{self.run}-"


def read(path: Path) -> Created:
    """Reads a ledger; a last line that a crash cut short was not sent. UsageError where it is no ledger."""
    try:
        lines = load_text(path).splitlines(keepends=True)
        created = shaped(path, lambda: _created(json.loads(line) for line in lines if line.endswith("\n")), "a ledger")
    except DocumentError as error:
        raise UsageError(error.message, "Name a file below reports/ledgers/.") from error
    created.written = path.stat().st_mtime
    return created


def _created(facts: Iterable[dict[str, Any]]) -> Created:
    created = Created()
    accepted: list[str] = []
    unanswered = Counter[str]()  # by path, of what may create
    for fact in facts:
        match fact["kind"]:
            case "run":
                created.run, created.base_url = str(fact["run"]), str(fact["base_url"])
            case "sending":
                created.in_doubt += 1
                created.ids += [fact["id"]] if fact["id"] else []
                created.keys += [] if fact["id"] else [fact["key"]]
                created.facts.append(fact)
            case "answered":
                created.in_doubt -= fact["ids"]
                accepted += [str(fact["id"])] if fact["id"] else []
            case "trying":
                unanswered[str(fact["path"])] += 1
            case "tried":
                unanswered[str(fact["path"])] -= 1
                created.left += [str(fact["new"]).rstrip("/")] if fact["new"] else []
            case "gone":  # it may have another path than it was made at: both end alike
                gone = str(fact["path"]).rstrip("/").split("/")[-2:]
                created.left = [path for path in created.left if path.split("/")[-2:] != gone]
    created.left += [f"{path} (sent, and no answer was seen)" for path in unanswered.elements()]
    if not created.run:
        raise ValueError("it does not name its run")
    # What was sent under another name than the run's own cannot have come from it.
    created.ids = [name for name in dict.fromkeys(created.ids) if name.startswith(created.prefix)]
    created.ids += [name for name in dict.fromkeys(accepted) if name not in created.ids]
    created.keys = [key for key in created.keys if key.startswith(created.prefix)]
    return created
