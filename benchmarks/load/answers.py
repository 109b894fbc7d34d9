"""Answers to the clients of a load run, as their process wrote them down."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beacon.jobs import Spec
from benchmarks.load.plan import SUBMISSIONS
from gate.core.exchange import Exchange

PENDING = frozenset({"analysis_pending", "analysis_failed", "analysis_not_applicable", "analysis_disabled"})
NO_ANALYSIS = PENDING | {"standard_workflow"}
"""Codes with which the analysis of a job that is there may be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; status 0 is none. ``details`` has what an exchange is made of, for some of them.

    ``at`` is the time at which the request was sent, in seconds since the epoch.
    """

    at: float
    operation: str
    milliseconds: float
    status: int
    job: str
    keyed: bool
    details: Mapping[str, Any] | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Answer:
        """The answer of an entry."""
        details = entry if "body" in entry else None
        keyed = bool(entry.get("key"))
        return cls(entry["at"], entry["op"], entry["ms"], entry["status"], entry["job"], keyed, details)

    @property
    def submission(self) -> bool:
        """Return whether it answers a submission."""
        return self.operation in SUBMISSIONS

    @property
    def body(self) -> Any:
        """The body where it is kept and is JSON; an empty object otherwise."""
        try:
            parsed = json.loads((self.details or {}).get("body", ""))
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def error_code(self) -> str:
        """The error code of a refusal; empty where there is none."""
        return str(self.body.get("error_code", "")) if self.status >= 400 else ""

    @property
    def refused(self) -> bool:
        """Return whether a request with nothing wrong was refused or not answered."""
        if self.status == 404 and self.operation == "getBiasAnalysis":
            return self.error_code not in NO_ANALYSIS
        return not 200 <= self.status < 300

    @property
    def exchange(self) -> Exchange | None:
        """The exchange, where what it is made of is kept."""
        kept = self.details
        if kept is None or "method" not in kept or not self.status:
            return None
        return Exchange(
            method=kept["method"],
            url=f"http://runner{kept['path']}",
            status=self.status,
            request_headers=kept.get("request_headers", {}),
            request_body=kept.get("sent", "").encode(),
            headers=kept["headers"],
            body=kept["body"].encode(),
            began=self.at,
            elapsed=self.milliseconds / 1000,
        )

    @property
    def spec(self) -> Spec:
        """The JobSpec of a submission of the sample."""
        body = json.loads((self.details or {})["sent"])
        return dict(body.get("job_spec", body))


class Follower:
    """Reads the answers that are added to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def read(self) -> Iterator[Answer]:
        """The answers since the last time; a line that is not whole yet comes the next time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    self._place += len(line)
                    yield Answer.of(json.loads(line))
        except FileNotFoundError:
            return


@dataclass(slots=True)
class Submitted:
    """All answers to the submissions of one job."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Return whether the client was told that the job is taken."""
        return any(answer.status in {200, 202} for answer in self.answers)

    @property
    def unknown(self) -> bool:
        """Return whether the client knows nothing: no answer, or that of a service that failed."""
        return not self.accepted and any(not answer.status or answer.status >= 500 for answer in self.answers)

    @property
    def operation(self) -> str:
        """The workflow's operation."""
        return self.answers[0].operation


def submissions(answers: Iterable[Answer]) -> Mapping[str, Submitted]:
    """The submissions by the id of their job."""
    by_job: dict[str, Submitted] = defaultdict(Submitted)
    for answer in answers:
        if answer.submission:
            by_job[answer.job].answers.append(answer)
    return by_job


def percentile(values: Sequence[float], share: float) -> float:
    """A percentile by the nearest rank; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
