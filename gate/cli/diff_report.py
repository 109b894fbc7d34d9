"""A comparison of two documents as text, markdown, JSON, SARIF, or annotations of a pull request."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gate.contract.diff.change import Change
from gate.contract.diff.lines import lines
from gate.contract.diff.rules import SEVERITIES, rules
from gate.contract.diff.sources import Source
from gate.core.texts import clip
from gate.verdict.accepted_changes import Acceptance
from gate.verdict.code_host import SARIF_SCHEMA, command

LEVELS = {"breaking": "error", "unknown": "warning", "risky": "warning", "safe": "note"}
"""Level of a result, by severity."""
MOST_ANNOTATIONS = 10
WHOLE = "the document"


@dataclass(frozen=True)
class DiffReport:
    """The changes of a comparison, those that are accepted, and those that each consumer feels."""

    old: Source
    new: Source
    changes: Sequence[Change]
    accepted: Sequence[tuple[Change, Acceptance]] = ()
    faults: Sequence[str] = ()
    felt: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    @cached_property
    def lines(self) -> tuple[dict[str, int], dict[str, int]]:
        """The lines of the changes in both documents, by pointer."""
        places = {change.where.pointer for change in [*self.changes, *(change for change, _ in self.accepted)]}
        return lines(self.old.text, places), lines(self.new.text, places)

    def places(self, change: Change) -> list[str]:
        """The file and line of a change in each document."""
        pairs = zip((self.old, self.new), self.lines, strict=True)
        known = [(side.name, numbers.get(change.where.pointer)) for side, numbers in pairs]
        return [f"{name}:{number}" for name, number in known if number]

    def groups(self) -> dict[str, list[Change]]:
        """The changes by operation, those with the worst change first, and within each the worst first."""
        grouped: dict[str, list[Change]] = {}
        for change in self.changes:  # the worst first
            grouped.setdefault(change.where.operation or WHOLE, []).append(change)
        return grouped

    def consumers(self, change: Change) -> list[str]:
        """The consumers that feel a change."""
        return [name for name, felt in self.felt.items() if any(each is change for each in felt)]

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        if self.old.document == self.new.document:
            return "The documents are identical."
        if not self.changes and not self.accepted:
            return "Nothing that a caller could notice changed: only texts, examples, tags or notation differ."
        counted = Counter(change.severity for change in self.changes)
        parts = [f"{counted[severity]} {severity}" for severity in SEVERITIES]
        return ", ".join([*parts, *([f"{len(self.accepted)} accepted"] if self.accepted else [])])


def line_of(change: Change) -> str:
    """A change in one line, without its operation."""
    more = f" (and {len(change.also)} more places)" if change.also else ""
    place = f"{change.where.location}: " if change.where.location else ""
    return f"{place}{change.text}{more}"


def example_of(change: Change) -> str:
    """The example of a change in one line; empty without one."""
    if change.example is None:
        return ""
    sketch = bool(rules()[change.rule].shows)
    return change.example.text if sketch else f"{change.example.text}: {clip(as_json(change.example.value))}"


def as_json(value: Any) -> str:
    """A value of an example in one line."""
    return json.dumps(value, ensure_ascii=False)


def json_text(report: DiffReport) -> str:
    """Everything for a program."""
    counted = Counter(change.severity for change in report.changes)
    result: dict[str, Any] = {
        "old": report.old.name,
        "new": report.new.name,
        "identical": report.old.document == report.new.document,
        "counts": {severity: counted[severity] for severity in SEVERITIES},
        "changes": [_members(report, change) for change in report.changes],
        "accepted": [
            {
                **_members(report, change),
                "accepted": entry.model_dump(mode="json", include={"id", "owner", "reason", "expires"}),
            }
            for change, entry in report.accepted
        ],
        "faults": list(report.faults),
    }
    return json.dumps(result, indent=2, ensure_ascii=False)


def _members(report: DiffReport, change: Change) -> dict[str, Any]:
    old, new = (numbers.get(change.where.pointer) for numbers in report.lines)
    members = {**change.as_dict(), "lines": {"old": old, "new": new}}
    return {**members, "consumers": report.consumers(change)} if report.felt else members


def markdown(report: DiffReport) -> str:
    """A comment for a pull request."""
    rows = [f"### `{report.old.name}` → `{report.new.name}`", "", report.summary]
    for operation, changes in report.groups().items():
        rows += ["", f"#### {operation}", "", "| severity | change | rule | place |", "|---|---|---|---|"]
        for change in changes:
            felt = ", ".join(report.consumers(change))
            text = line_of(change) + (f" — felt by {felt}" if felt else "")
            sample = f"<br>`{_cell(example_of(change))}`" if change.example else ""
            places = "<br>".join(report.places(change)) or change.where.pointer
            rows.append(f"| {change.severity} | {_cell(text)}{sample} | {change.rule} | {_cell(places)} |")
    if report.accepted:
        rows += ["", "#### Accepted", ""]
        rows += [
            f"- {change.rule} {change.where}: {change.text} ({entry.id}, {entry.owner}, until {entry.expires}: "
            f"{entry.reason})"
            for change, entry in report.accepted
        ]
    return "\n".join([*rows, *(["", *(f"- {fault}" for fault in report.faults)] if report.faults else []), ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")


def sarif(report: DiffReport) -> str:
    """A result for each change, those that are accepted suppressed, for services that read SARIF 2.1.0."""
    listed = [*report.changes, *(change for change, _ in report.accepted)]
    reasons = {id(change): entry.reason for change, entry in report.accepted}
    kinds = {change.rule: rules()[change.rule] for change in listed}
    driver = {
        "name": "Beacon Gate diff",
        "rules": [
            {"id": code, "shortDescription": {"text": kind.title}, "fullDescription": {"text": kind.explanation}}
            for code, kind in kinds.items()
        ],
    }
    results = [_result(report, change, reasons.get(id(change))) for change in listed]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(report: DiffReport, change: Change, reason: str | None) -> dict[str, Any]:
    text = f"{change.where}: {change.text}" + (f"\n{example_of(change)}" if change.example else "")
    line = report.lines[1].get(change.where.pointer, 1)
    physical = {"artifactLocation": {"uri": report.new.file or report.new.name}, "region": {"startLine": line}}
    cause = f"{change.rule}\n{change.where}\n{change.text}"
    result = {
        "ruleId": change.rule,
        "level": LEVELS[change.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"change/v1": hashlib.sha256(cause.encode()).hexdigest()},
    }
    return (
        result
        if reason is None
        else {**result, "suppressions": [{"kind": "external", "status": "accepted", "justification": reason}]}
    )


def workflow_commands(report: DiffReport) -> Iterator[str]:
    """A workflow command for each of the worst changes that somebody can notice."""
    noticed = [change for change in report.changes if change.severity != "safe"]
    for change in noticed[:MOST_ANNOTATIONS]:
        line = report.lines[1].get(change.where.pointer)
        place = {"file": report.new.file, "line": str(line)} if report.new.file and line else {}
        text = "\n".join(part for part in (f"{change.where}: {change.text}", example_of(change)) if part)
        level = LEVELS[change.severity]
        yield command(level, f"{change.rule} {change.title}", text, place)
    if len(noticed) > MOST_ANNOTATIONS:
        yield command("warning", "gate diff", f"{len(noticed) - MOST_ANNOTATIONS} more changes are not shown.")
