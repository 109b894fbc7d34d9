"""Groups of findings: those that share a resource or an exchange have one cause, and the nearest to it comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gate.core.findings import OWN, SEVERITIES, Finding, nearest_first
from gate.verdict.baseline import without_repetition
from gate.verdict.events import FindingReported


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with one cause, one of each code and place, and the tests that reported them."""

    findings: tuple[Finding, ...]
    tests: frozenset[str]

    @property
    def first(self) -> Finding:
        """The finding that is nearest to the cause."""
        return self.findings[0]

    @property
    def consequences(self) -> tuple[Finding, ...]:
        """All others."""
        return self.findings[1:]

    @property
    def own(self) -> bool:
        """Return whether only tests say something, and no oracle."""
        return self.first.kind.layer in OWN

    @property
    def order(self) -> tuple[object, ...]:
        """Oracles before tests, blemishes late, then what is nearest to a cause."""
        blemish = all(finding.kind.severity == SEVERITIES[-1] for finding in self.findings)
        return self.own, blemish, self.first.nearness


def grouped(reports: Iterable[FindingReported]) -> list[Group]:
    """The groups of the findings of a run, in their order.

    A finding that names no resource and no exchange belongs to a group of its test. The failure of a test alone belongs
    to a group about an operation that the test called, or else to the tests that failed by the same operation. Of the
    places of one code the one that most tests saw comes first: it is the plain case.
    """
    by_cause = _by_cause(reports)
    seen = {cause: len({report.evidence.test for report in same}) for cause, same in by_cause.items()}

    def order(finding: Finding) -> tuple[object, ...]:
        return finding.kind.nearness, -seen[finding.cause], finding.where

    groups = _groups(_sharing(by_cause.values()))
    return [replace(group, findings=tuple(sorted(group.findings, key=order))) for group in groups]


def _groups(groups: Iterable[Group]) -> list[Group]:
    """The groups, with what shares neither resource nor exchange in the group where it belongs."""
    groups = list(groups)
    linked = [group for group in groups if not group.own and _about(group)]
    loose = [group for group in groups if not group.own and not _about(group)]
    own = _joined([group for group in groups if group.own], _fails_alike)
    return _joined([*_joined([*linked, *loose], _is_of_its_test), *own], _calls_what_it_is_about)


def _about(group: Group) -> frozenset[str]:
    return frozenset[str]().union(*(finding.about for finding in group.findings))


def _by_cause(reports: Iterable[FindingReported]) -> Mapping[tuple[str, str], list[FindingReported]]:
    by_cause: dict[tuple[str, str], list[FindingReported]] = defaultdict(list)
    for report in reports:
        finding = replace(report.finding, where=without_repetition(report.finding.where))
        by_cause[finding.cause].append(replace(report, finding=finding))
    return by_cause


def _sharing(causes: Iterable[Sequence[FindingReported]]) -> list[Group]:
    """One group for each set of findings that share resources or exchanges, directly or through others."""
    groups = [
        Group(
            tuple(nearest_first(report.finding for report in same)),
            frozenset(without_repetition(report.evidence.test) for report in same),
        )
        for same in causes
    ]
    return sorted(map(_merged, _components(groups)), key=lambda group: group.order)


def _components(groups: Sequence[Group]) -> Iterable[list[Group]]:
    """The groups in lists of those that share something, directly or through others; a union-find over their places."""
    parents, first = list(range(len(groups))), dict[str, int]()

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = place = parents[parents[place]]
        return place

    for place, group in enumerate(groups):
        for name in _about(group):
            parents[root(place)] = root(first.setdefault(name, place))
    components: dict[int, list[Group]] = defaultdict(list)
    for place, group in enumerate(groups):
        components[root(place)].append(group)
    return components.values()


def _merged(groups: Sequence[Group]) -> Group:
    findings = nearest_first(finding for group in groups for finding in group.findings)
    return Group(tuple(findings), frozenset[str]().union(*(group.tests for group in groups)))


def _joined(groups: Iterable[Group], belongs: Callable[[Group, Group], bool]) -> list[Group]:
    """The groups, each that belongs to an earlier one merged with the first such."""
    joined: list[Group] = []
    for group in groups:
        place = next((place for place, other in enumerate(joined) if belongs(group, other)), len(joined))
        joined[place : place + 1] = [_merged([group, *joined[place : place + 1]])]
    return sorted(joined, key=lambda group: group.order)


def _is_of_its_test(group: Group, other: Group) -> bool:
    return bool(group.tests & other.tests) and not _about(group)


def _fails_alike(group: Group, other: Group) -> bool:
    latest = {finding.operations[-1] for finding in group.findings if finding.operations}
    return bool(group.tests & other.tests) or any(
        finding.operations[-1:] == (name,) for finding in other.findings for name in latest
    )


def _calls_what_it_is_about(group: Group, other: Group) -> bool:
    called = {name for finding in group.findings for name in finding.operations}
    places = (f"{finding.where} " for finding in other.findings if finding.kind.layer not in OWN)
    return group.own and any(place.startswith(f"{name} ") for place in places for name in called)
