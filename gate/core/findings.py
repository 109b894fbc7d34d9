"""What the gate found: one fault, with a stable code from ``contracts/findings.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

from contracts.database import Invariant, invariants
from gate.core.evidence import Evidence
from gate.core.settings import ROOT

SEVERITIES = ("critical", "major", "minor")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a code means; the same for every finding that has it."""

    code: str
    severity: str
    title: str
    explanation: str


@cache
def catalogue() -> dict[str, Kind]:
    """Every code that a finding can have: those of ``contracts/findings.toml``, and one for each rule between rows."""
    text = (ROOT / "contracts" / "findings.toml").read_text(encoding="utf-8")
    listed = {code: Kind(code, **entry) for code, entry in tomllib.loads(text).items()}
    return listed | {rule.code: kind_of(rule) for rule in invariants()}


def kind_of(rule: Invariant) -> Kind:
    """What the code of a rule between rows means, from the header of its file."""
    title = rule.name.replace("_", " ").capitalize()
    return Kind(rule.code, rule.severity, title, f"{rule.rule} Source: {rule.source}.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: where it shows (operation, JSON pointer, table and column), what was expected and what was there."""

    code: str
    where: str
    expected: str
    got: str
    job: str = ""
    request: str = ""  # id of the request that it shows in, where it is one

    @property
    def kind(self) -> Kind:
        """What the code means; KeyError for one that the catalogue does not know."""
        return catalogue()[self.code]

    @property
    def cause(self) -> tuple[str, str]:
        """Findings with the same cause are one finding in the verdict, whatever the values were."""
        return self.code, self.where

    def as_dict(self) -> dict[str, str]:
        """Plain members, for a file."""
        return asdict(self)

    def __str__(self) -> str:
        job = f" (job {self.job})" if self.job else ""
        return (
            f"{self.code} {self.kind.title}: {self.where}{job}\n    expected {self.expected}\n    got      {self.got}"
        )


class BrokenPromise(AssertionError):  # noqa: N818 (what a test failed with, not a fault of ours)
    """One or more findings, as an error that a test can fail with.

    ``evidence`` stands beside each finding where each has its own; without it, all share that of the test.
    """

    def __init__(self, findings: Iterable[Finding], evidence: Sequence[Evidence] = ()) -> None:
        self.findings = tuple(findings)
        self.evidence = tuple(evidence)
        super().__init__("\n".join(str(finding) for finding in {one.cause: one for one in self.findings}.values()))


def must(findings: Iterable[Finding]) -> None:
    """Raises BrokenPromise where there is any finding."""
    found = tuple(findings)
    if found:
        raise BrokenPromise(found)
