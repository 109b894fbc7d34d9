"""Completes the results of Allure with what only the end of a run knows."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.core.findings import SEVERITIES
from gate.verdict.verdict import FindingResult, Verdict

LEVELS = {"critical": "critical", "major": "normal", "minor": "minor"}
"""Allure's severities by ours."""
END = "the end of the run"
"""Name of the result with the findings that no test reported."""
CATEGORIES, ENVIRONMENT = "categories.json", "environment.properties"
FAILED = ["failed", "broken"]


@dataclass(frozen=True, slots=True)
class Blame:
    """Findings of a test, the nearest to a cause first, and those that the profile accepts."""

    standing: Sequence[FindingResult]
    accepted: Sequence[FindingResult]

    @property
    def all(self) -> list[FindingResult]:
        """Standing findings, then accepted ones."""
        return [*self.standing, *self.accepted]


def unreported(verdict: Verdict) -> list[FindingResult]:
    """The findings that are those of no test, as they are about the run's end or about the run as a whole."""
    tests = {test.id for test in verdict.tests}
    return [finding for finding in verdict.findings if not tests & set(finding.tests)]


def blame(verdict: Verdict, test: str) -> Blame:
    """The findings of a test."""
    accepted = [entry.finding for entry in verdict.accepted if test in entry.finding.tests]
    return Blame([finding for finding in verdict.findings if test in finding.tests], accepted)


def sentence(finding: FindingResult) -> str:
    """A finding in three lines."""
    return f"{finding.code} {finding.title}: {finding.where}\nexpected {finding.expected}\ngot {finding.got}"


def complete(directory: Path, verdict: Verdict) -> None:
    """Adds severities, findings, categories, the environment and the run's end to a directory of results."""
    if not directory.is_dir():
        return
    for path in directory.glob("*-result.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        blamed = blame(verdict, result.get("fullName", ""))
        if blamed.all and result.get("status") in {*FAILED, "passed"}:  # passed: they were confirmed later
            _write(path, _with(result, blamed))
    if ends := unreported(verdict):
        _write(directory / f"{uuid.uuid4()}-result.json", _end(ends))
    _write(directory / CATEGORIES, categories(verdict))
    facts = [("verdict", verdict.verdict), ("target", verdict.target), ("depth", verdict.depth)]
    facts += [("seed", str(verdict.seed)), ("profile", verdict.profile), *verdict.judged.facts]
    lines = (f"{_property(name)}={_property(value)}\n" for name, value in facts)
    (directory / ENVIRONMENT).write_text("".join(lines), encoding="utf-8")


def categories(verdict: Verdict) -> list[dict[str, Any]]:
    """A category for each code, by the beginning of the message; Allure 2 wants a match of the whole."""
    findings = [*verdict.findings, *(entry.finding for entry in verdict.accepted)]
    titles = {finding.code: finding.title for finding in findings}
    return [
        {"name": f"{code} {title}", "matchedStatuses": FAILED, "messageRegex": rf"^{re.escape(code)} [\s\S]*"}
        for code, title in sorted(titles.items())
    ] + [{"name": "Not checked here", "matchedStatuses": ["skipped"]}]


def _with(result: dict[str, Any], blamed: Blame) -> dict[str, Any]:
    """A result with its findings, for which it failed."""
    steps = result.get("steps", [])
    if result.get("status") == "passed":
        result, steps = {**result, "status": "failed"}, [*steps, *_steps(blamed.all)]
    details = {**result.get("statusDetails", {}), **_details(blamed.all)}
    if not blamed.standing:
        details["known"] = True
    labels = result.get("labels", [])
    labels = labels + [label for label in _labels(blamed.all) if label not in labels]
    return {**result, "statusDetails": details, "labels": labels, **({"steps": steps} if steps else {})}


def _details(findings: Sequence[FindingResult]) -> dict[str, Any]:
    flaky = {"flaky": True} if any(finding.flaky for finding in findings) else {}
    return {"message": "\n\n".join(map(sentence, findings))} | flaky


def _labels(findings: Iterable[FindingResult]) -> list[dict[str, str]]:
    findings = list(findings)
    worst = min((finding.severity for finding in findings), key=SEVERITIES.index)
    tags = [{"name": "tag", "value": code} for code in dict.fromkeys(finding.code for finding in findings)]
    return [{"name": "severity", "value": LEVELS[worst]}, *tags]


def _end(findings: Sequence[FindingResult]) -> dict[str, Any]:
    """The result of the run's end, a step for each finding."""
    now = int(time.time() * 1000)
    id_ = hashlib.md5(END.encode(), usedforsecurity=False).hexdigest()
    return {
        "uuid": str(uuid.uuid4()),
        "name": END,
        "fullName": END,
        "testCaseId": id_,
        "historyId": id_,
        "status": "failed",
        "start": now,
        "stop": now,
        "statusDetails": _details(findings),
        "labels": [{"name": "suite", "value": END}, *_labels(findings)],
        "steps": _steps(findings),
    }


def _steps(findings: Iterable[FindingResult]) -> list[dict[str, Any]]:
    """A failed step for each finding, with its evidence."""
    return [
        {
            "name": f"{finding.code} {finding.title}: {finding.where}",
            "status": "failed",
            "statusDetails": {"message": sentence(finding), "trace": str(finding.evidence)},
        }
        for finding in findings
    ]


def _property(text: str) -> str:
    """A key or value of a Java properties file."""
    escaped = re.sub(r"([\\=:#! ])", r"\\\1", text)
    return escaped.replace("\n", "\\n").replace("\r", "\\r")


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
