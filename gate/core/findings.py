"""Findings, and the registry of their codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

from gate.core.evidence import Evidence
from gate.core.texts import clip

SEVERITIES = ("critical", "major", "minor")
LAYERS = (
    "process",  # the service ended, does not answer, or says that it failed in itself
    "schema",  # of the database
    "request",  # fails, writes, or is accepted although it must not be
    "refusal",  # of a request that has to be accepted
    "stored",  # what a request said
    "calls",  # to an upstream
    "rows",
    "status",  # of rows, as other rows give it
    "derived",  # values that follow from other rows
    "form",  # of an answer: status, media type, envelope
    "answer",
    "result",  # of a computation on rows
    "client",  # what a consumer or a sequence of requests sees
    "end",  # that a resource never reaches
    "wait",  # of a test
    "test",
    "run",  # as a whole
)
"""Places where a promise can be broken, in the order of cause and consequence (design.md section 6)."""
LOOK = {
    "process": "the last lines of the service in the report's evidence, and whatever ended or blocked the process.",
    "schema": "the migration that makes the table, column, constraint or index, and the contract's schema.",
    "request": "the handler of the operation: what it checks before it writes, and what it does where it fails.",
    "refusal": "the check that refused: the answer's text names it; compare it with the contract's rule.",
    "stored": "the code between the parsed request and the INSERT or UPDATE of the column.",
    "calls": "the client of the upstream: which calls it makes, with what content, and when it makes them again.",
    "rows": "the transaction that writes these rows: what it leaves out, writes twice, or writes too late.",
    "status": "the place that sets the status, and the rows that it counts for it.",
    "derived": "the place that computes the value, and the rows that it reads.",
    "form": "the response as it is sent: status, headers and media type, beside the operation in the contract.",
    "answer": "the query and the conversion behind the response, since the rows themselves are right.",
    "result": "the computation, step by step with the stored input that the evidence shows.",
    "client": "what the client uses of the answer, and the operation that changed it.",
    "end": "the queue and the worker that should have taken the work: its log, locks and time limits.",
    "wait": "the history in the evidence: the states that were seen, and the last one before the deadline.",
    "test": "the test's own assertion; where an oracle has a finding too, that one is nearer to the cause.",
    "run": "the run as a whole: its options, what it left out, and the profile.",
}
"""Advice to a developer of the service, by the layer at which a promise was broken."""
ANSWERED = " answered "
"""In a place that says already what was answered."""
OWN = frozenset({"wait", "test"})
"""Layers of what a test says itself, which is never nearer to a cause than what an oracle says."""


@dataclass(frozen=True, slots=True)
class Code:
    """Meaning of a finding's code, the same for every finding that has it.

    ``category`` is that of the Web Fuzzing Commons (their ``fault_categories.json``), where they have one for it.
    ``example`` is a finding's place, expected and actual value with `` | `` between them, for codes of which neither an
    oracle nor a recorded run has one to show.
    """

    id: str
    severity: str
    title: str
    explanation: str
    layer: str = "answer"
    category: str = ""
    example: str = ""

    @property
    def nearness(self) -> tuple[int, int, str]:
        """The order from a cause to its consequences: layers, then severities."""
        return LAYERS.index(self.layer), SEVERITIES.index(self.severity), self.id


_CODES: dict[str, Code] = {}


def register(text: str) -> tuple[Code, ...]:
    """Register codes and return them.

    A code is written as ``ID severity layer category: title``, the layer and the category optional, with its
    explanation in indented lines below; ``Example: place | expected | actual`` may end it. ValueError where an id has
    another meaning already.
    """
    codes: list[Code] = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        head, *lines = entry.splitlines()
        meaning, _, title = head.partition(":")
        code, severity, *layer = meaning.split()
        explanation, _, example = " ".join(line.strip() for line in lines).partition(" Example: ")
        codes.append(replace(Code(code, severity, title.strip(), explanation, *layer), example=example))
    return add(*codes)


def add(*codes: Code) -> tuple[Code, ...]:
    """Register codes and return them; ValueError where an id has another meaning already."""
    for code in codes:
        known = code.severity in SEVERITIES and code.layer in LAYERS
        if not known or _CODES.setdefault(code.id, code) != code:
            raise ValueError(f"{code.id} has no such severity or layer, or is registered with another meaning")
    return codes


def code_of(id: str) -> Code:  # noqa: A002 (the field's name)
    """Meaning of a code; KeyError for an id that no imported module registered."""
    return _CODES[id]


def catalogue() -> Mapping[str, Code]:
    """Every registered code by its id."""
    return MappingProxyType(_CODES)


@dataclass(frozen=True, slots=True)
class Finding:
    """One violated promise: its place (operation, JSON pointer, table and column), expected and actual value.

    ``shares`` has the ids of further resources and requests that it is about. ``operations`` are those that a test
    called before it failed by itself, the latest one last.
    """

    code: str
    where: str
    expected: str
    got: str
    resource: str = ""  # id of the resource that it concerns, if any
    request: str = ""  # id of the request whose answer shows it, if any
    shares: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("expected", "got"):
            object.__setattr__(self, name, clip(getattr(self, name)))

    @property
    def kind(self) -> Code:
        """Meaning of its code."""
        return code_of(self.code)

    @property
    def cause(self) -> tuple[str, str]:
        """Key under which the verdict merges findings, whatever their values were."""
        return self.code, self.where

    @property
    def about(self) -> frozenset[str]:
        """Ids of the resources and requests that it is about."""
        return frozenset((self.resource, self.request, *self.shares)) - {""}

    @property
    def nearness(self) -> tuple[object, ...]:
        """The order from a cause to its consequences."""
        return *self.kind.nearness, self.where

    @property
    def line(self) -> str:
        """Its place with the expected and the actual value, for a log."""
        got = "" if ANSWERED in self.where else f", got {self.got}"
        return " ".join(f"{self.where}: expected {self.expected}{got}".split())

    def as_dict(self) -> dict[str, str]:
        """Plain members, for a file."""
        return asdict(self)

    def __str__(self) -> str:
        resource = f" ({self.resource})" if self.resource else ""
        return (
            f"{self.code} {self.kind.title}: {self.where}{resource}\n"
            f"    expected {self.expected}\n    got      {self.got}"
        )


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of each cause, which shares what the others are about."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        known = first.setdefault(finding.cause, finding)
        if known is not finding and (more := finding.about - known.about):
            first[finding.cause] = replace(known, shares=(*known.shares, *sorted(more)))
    return list(first.values())


def nearest_first(findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of each cause, in the order from a cause to its consequences."""
    return sorted(distinct(findings), key=lambda finding: finding.nearness)


class BrokenPromise(AssertionError):  # noqa: N818 (the failure of a test, not an error of the gate)
    """One or more findings, as an error that a test can fail with.

    ``evidence`` has an entry for each finding, or is empty where all share the evidence of the test.
    """

    def __init__(self, findings: Iterable[Finding], evidence: Sequence[Evidence] = ()) -> None:
        self.findings = tuple(findings)
        self.evidence = tuple(evidence)
        super().__init__("\n".join(map(str, nearest_first(self.findings))))


def must(findings: Iterable[Finding]) -> None:
    """Raise BrokenPromise if there is any finding."""
    broken = tuple(findings)
    if broken:
        raise BrokenPromise(broken)
