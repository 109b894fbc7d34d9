"""What a worker saw, one JSON object a line, so that a crash loses nothing and any number of workers can write."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor


class Journal:
    """Appends facts to one file; secrets are taken out here, before anything is written."""

    def __init__(self, path: Path, redact: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._redact = redact
        self._lock = threading.Lock()  # a text file mixes up, or loses, what threads write to it at the same time

    def add(self, kind: str, **facts: Any) -> None:
        """Adds one fact."""
        line = self._redact(json.dumps({"kind": kind, **facts}, default=str)) + "\n"
        with self._lock:
            self._file.write(line)

    def add_findings(self, findings: Iterable[Finding], evidence: Evidence) -> None:
        """Adds findings that one piece of evidence stands behind."""
        for finding in findings:
            self.add("finding", **finding.as_dict(), evidence=evidence.as_dict())
        self.flush()

    def flush(self) -> None:
        """Hands everything to the operating system."""
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read(directory: Path) -> Iterator[dict[str, Any]]:
    """Every fact of every journal in ``directory``; a last line that a crash cut short is left out."""
    for path in sorted(directory.glob("*.ndjson")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)
