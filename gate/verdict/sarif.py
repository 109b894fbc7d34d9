"""The findings of a verdict as SARIF 2.1.0, which services for code scanning read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from gate.verdict.annotations import LEVELS, text_of
from gate.verdict.code_host import SARIF_SCHEMA
from gate.verdict.verdict import FindingResult, Group, Verdict

NAME = "verdict.sarif"


def document(verdict: Verdict) -> str:
    """A result for each group of findings, at the place of the promise that the first one breaks."""
    accepted = [(Group(entry.finding, []), entry.reason) for entry in verdict.accepted]
    groups = [*verdict.groups, *(group for group, _ in accepted)]
    rules = {group.first.code: _rule(group.first) for group in groups}
    results = [_result(group) for group in verdict.groups]
    for group, reason in accepted:
        suppression = {"kind": "external", "status": "accepted", "justification": reason}
        results.append({**_result(group), "suppressions": [suppression]})
    run = {
        "tool": {"driver": {"name": "Beacon Gate", "version": verdict.judged.gate, "rules": list(rules.values())}},
        "automationDetails": {"id": f"beacon-gate/{verdict.target}/{verdict.depth}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(verdict)],
        "results": results,
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: FindingResult) -> dict[str, Any]:
    return {
        "id": finding.code,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.explanation or finding.title},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"severity": finding.severity},
    }


def _result(group: Group) -> dict[str, Any]:
    finding = group.first
    result = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": text_of(group)},
        "locations": [_location(finding)] if finding.file else [],
        "partialFingerprints": {"finding/v1": hashlib.sha256(f"{finding.code}\n{finding.where}".encode()).hexdigest()},
    }
    related = list(_related(group))
    return result | ({"relatedLocations": related} if related else {})


def _related(group: Group) -> Iterator[dict[str, Any]]:
    """Places of the consequences."""
    for number, finding in enumerate(group.consequences):
        if finding.file:
            text = f"{finding.code} {finding.title}: {finding.where}"
            yield {"id": number, **_location(finding), "message": {"text": text}}


def _location(finding: FindingResult) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": finding.file}, "region": {"startLine": finding.line}}
    return {"physicalLocation": place}


def _invocation(verdict: Verdict) -> dict[str, Any]:
    """The end of the run; one without a verdict was not successful, and says why."""
    judged = verdict.verdict in {"pass", "broken"}
    note = {"level": "error", "message": {"text": f"{verdict.verdict}: {verdict.reason}"}}
    return {"executionSuccessful": judged} | ({} if judged else {"toolExecutionNotifications": [note]})
