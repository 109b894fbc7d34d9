"""Readings of a tool on a service: the findings, what was reached, and the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.foreign.faults import Fault, LookedAt

UNSEEN = "not looked at"
OPERATION = re.compile(r"\b(GET|HEAD|PUT|POST|PATCH|DELETE|OPTIONS) /\S*")


class Seen(NamedTuple):
    """A finding: its code, and the operation that it is about, as ``METHOD /path``; empty where none is known."""

    code: str
    operation: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of a tool on a service; ``error`` says why there is none."""

    tool: str
    seconds: float = 0.0
    first: float | None = None  # seconds until the first finding
    reached: int = 0  # operations of which a request was accepted
    operations: int = 0
    findings: tuple[Seen, ...] = ()
    candidates: tuple[Seen, ...] = ()  # that decide nothing
    error: str = ""

    def named(self, known: Mapping[str, Fault]) -> dict[str, list[str]]:
        """Return the faults that it names, with the codes of the findings about each."""
        about = {
            name: sorted({each.code for each in self.findings if names(fault, each)}) for name, fault in known.items()
        }
        return {name: codes for name, codes in about.items() if codes}

    def verdicts(self, known: Mapping[str, Fault], judged: Mapping[tuple[str, str], LookedAt]) -> dict[Seen, str]:
        """Return for each finding whether it is true, arguable, false or was not looked at."""
        return {each: _verdict(each, known, judged) for each in dict.fromkeys(self.findings)}


def names(fault: Fault, finding: Seen) -> bool:
    """Return whether a finding names a fault: it is at its operation, with one of its codes where there are some."""
    return finding.operation in fault.places and (not fault.codes or finding.code in fault.codes)


def _verdict(finding: Seen, known: Mapping[str, Fault], judged: Mapping[tuple[str, str], LookedAt]) -> str:
    if entry := judged.get((finding.code, finding.operation)):
        return entry.verdict
    return "true" if any(names(fault, finding) for fault in known.values()) else UNSEEN


def operation_of(*texts: str) -> str:
    """Return the operation that the first of these texts with one names, as ``METHOD /path``; empty without any."""
    named = (OPERATION.search(text) for text in texts)
    return next((match[0].rstrip(",;:") for match in named if match), "")
