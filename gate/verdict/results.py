"""The findings of a run as its verdict lists them, by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from gate.core.evidence import Evidence
from gate.core.findings import SEVERITIES, Finding
from gate.verdict.baseline import repetition, without_repetition
from gate.verdict.events import CandidateReported, FindingReported
from gate.verdict.groups import grouped
from gate.verdict.profile import Deviation, Profile
from gate.verdict.verdict import Candidate, FindingResult

Accepted = tuple[FindingResult, Deviation]


def sort_out(
    reports: Sequence[FindingReported], profile: Profile, repetitions: int
) -> tuple[list[list[FindingResult]], list[Accepted]]:
    """The groups of findings, without those that the profile accepts, and these.

    An accepted finding does not merge with another at the same place, which it would hide.
    """
    merged: dict[tuple[str, str, str], list[FindingReported]] = defaultdict(list)
    for report in reports:
        finding = replace(report.finding, where=without_repetition(report.finding.where))
        deviation = profile.deviation_of(finding)
        id_ = deviation.id if deviation else ""
        merged[finding.code, finding.where, id_].append(replace(report, finding=finding))
    deviations = {deviation.id: deviation for deviation in profile.deviation}
    accepted = [(_result(same, repetitions), deviations[id_]) for (*_, id_), same in merged.items() if id_]
    standing = {(code, where): same for (code, where, id_), same in merged.items() if not id_}
    groups = grouped(report for same in standing.values() for report in same)
    return [[_result(standing[each.cause], repetitions) for each in group.findings] for group in groups], accepted


def candidates(reports: Iterable[CandidateReported], standing: Collection[tuple[str, str]]) -> list[Candidate]:
    """The candidates, one for each cause, the most severe first; those that are findings elsewhere are left out."""
    merged: dict[tuple[str, str], list[CandidateReported]] = defaultdict(list)
    for report in reports:
        if report.finding.cause not in standing:
            merged[report.finding.cause].append(report)
    results = [
        Candidate(
            finding=_result([FindingReported(each.finding, each.evidence) for each in same], 1), reason=same[0].reason
        )
        for same in merged.values()
    ]
    return sorted(
        results, key=lambda each: (SEVERITIES.index(each.finding.severity), each.finding.code, each.finding.where)
    )


def of_run(findings: Iterable[Finding]) -> list[FindingResult]:
    """A group of findings about the run as a whole."""
    return [_result([FindingReported(each, Evidence("the run as a whole"))], 1, tested=False) for each in findings]


def numbered(groups: Iterable[Sequence[FindingResult]]) -> list[FindingResult]:
    """Every finding, with the number of its group."""
    filled = [group for group in groups if group]
    return [each.model_copy(update={"group": number}) for number, group in enumerate(filled, 1) for each in group]


def _result(reports: Sequence[FindingReported], repetitions: int, *, tested: bool = True) -> FindingResult:
    tests = sorted({report.evidence.test for report in reports}) if tested else []
    seen_in = sorted(set(map(repetition, tests)) - {0})
    plainest = min(reports, key=_length)
    finding = plainest.finding
    return FindingResult(
        code=finding.code,
        severity=finding.kind.severity,
        title=finding.kind.title,
        explanation=finding.kind.explanation,
        where=finding.where,
        expected=finding.expected,
        got=finding.got,
        times=len(reports),
        tests=tests,
        evidence=plainest.evidence,
        request=finding.request,
        resource=finding.resource,
        resources=list(dict.fromkeys(report.finding.resource for report in reports if report.finding.resource)),
        seen_in=seen_in,
        flaky=0 < len(seen_in) < repetitions,
    )


def _length(report: FindingReported) -> tuple[object, ...]:
    """The reading that a report asks for: requests, if it has any, then the test's name, which is in the command."""
    requests = len(report.evidence.exchanges)
    return not requests, requests, len(report.evidence.test), report.evidence.test
