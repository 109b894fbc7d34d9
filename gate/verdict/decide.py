"""The verdict on a run, decided from the tally of its events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from gate.contract.coverage import coverable
from gate.core.findings import Finding
from gate.core.rerun import Rerun
from gate.core.texts import counted
from gate.verdict.baseline import Baseline, Comparison, compare, without_repetition
from gate.verdict.codes import UNCOVERED
from gate.verdict.events import MACHINE
from gate.verdict.judged import Judged
from gate.verdict.profile import PUBLISHED, Deviation, Profile
from gate.verdict.promises import Promises
from gate.verdict.results import candidates, numbered, of_run, sort_out
from gate.verdict.tally import Tally
from gate.verdict.verdict import (
    Accepted,
    Counts,
    Coverage,
    CriterionResult,
    CriterionState,
    Ending,
    FindingResult,
    TestResult,
    Unreached,
    Verdict,
)


@dataclass(slots=True)
class Run:
    """The conditions of a run, and how it went as a whole."""

    target: str = "embedded"
    setting: str = "own"  # or rows, api: what the target shows; see the inventory
    depth: str = "ci"
    seed: int = 0
    workers: int = 1
    repeat: int = 1
    judged: Judged = field(default_factory=Judged)
    rerun: Rerun = field(default_factory=Rerun)
    profile: Profile = field(default_factory=lambda: Profile(name=PUBLISHED))
    baseline: Baseline | None = None
    unavailable: Mapping[str, str] = field(default_factory=dict)  # oracle and what the target does not show it
    shard: str = ""  # such as 2/4, if it is a part of a run
    narrowed: bool = False  # tests were selected, so a pass is about those alone
    duration: float = 0.0  # seconds
    remark: str = ""  # that its report begins with
    stopped: str = ""  # why the run could not go on, or says nothing whatever it found
    missing: Sequence[str] = ()  # had to be judged and was not
    not_tried: Mapping[str, int] = field(default_factory=dict)  # tests after the end of the run, by folder
    unattributed: Sequence[str] = ()  # changes of rows that no request can be accused of
    left_behind: Sequence[str] = ()  # created by the run, which could not remove it


def decide(tally: Tally, run: Run, promises: Promises) -> Verdict:
    """Decides the verdict on a run."""
    coverage, counts = _coverage(tally, promises), _counts(tally)
    groups, accepted = sort_out(tally.findings, run.profile, run.repeat)
    excused = _excused(tally, [finding for group in groups for finding in group], accepted)
    if run.depth == "full" and not (run.stopped or counts.skipped or run.narrowed):
        groups.append(of_run(Finding(UNCOVERED, name, "seen at least once", "never") for name in coverage.uncovered))
    if not run.stopped:
        reached = [] if run.shard else _reached(tally)  # another shard may have seen what this one did not
        groups += map(of_run, zip(run.profile.findings({each.id for _, each in accepted}, reached), strict=True))
    findings = [_repeatable(finding, run.rerun) for finding in numbered(groups)]
    ending, reason = _ending(run, counts, findings, len(excused), tally)
    left_out = _left_out(tally)
    if ending == "partial" and not run.unavailable and left_out.total() == counts.skipped:
        ending, reason = "pass", _passed(run, counts)
    if ending == "pass":
        reason += "".join(f" {counted(count, 'test')} did not run: {text}." for text, count in left_out.items())
    return Verdict(
        verdict=ending,
        reason=f"{run.remark} {reason}".strip(),
        target=run.target,
        setting=run.setting,
        depth=run.depth,
        seed=run.seed,
        narrowed=run.narrowed,
        shard=run.shard,
        workers=run.workers,
        duration_seconds=round(run.duration, 3),
        criteria=_criteria(tally, promises),
        findings=findings,
        not_checked=_not_checked(tally),
        coverage=coverage,
        counts=counts,
        fuzz=sorted(tally.fuzz, key=lambda result: result.operation),
        unavailable_checks={**run.unavailable, **tally.unavailable},
        missing=list(run.missing),
        not_tried=dict(run.not_tried),
        unattributed=_by_place((*run.unattributed, *tally.unattributed)),
        gate_failures=tally.gate_failures,
        left_behind=list(run.left_behind),
        profile=run.profile.name,
        accepted=[_accepted(_repeatable(finding, run.rerun), deviation) for finding, deviation in accepted],
        compared=_compared(tally, run, findings),
        repetitions=run.repeat,
        judged=run.judged,
        tests=_tests(tally),
        unreached=_unreached(tally),
        candidates=candidates(tally.candidates, {(finding.code, finding.where) for finding in findings}),
        rules=dict(promises.rules),
    )


def _repeatable(finding: FindingResult, rerun: Rerun) -> FindingResult:
    """A finding with the command that runs it again."""
    test = without_repetition(finding.evidence.test)
    return finding.model_copy(update={"command": finding.evidence.command or rerun.of_test(test)})


def _excused(
    tally: Tally, standing: Sequence[FindingResult], accepted: Sequence[tuple[FindingResult, Deviation]]
) -> set[str]:
    """Tests that failed by accepted findings alone."""
    guilty = {test for finding in standing for test in finding.tests}
    excused = {test for finding, _ in accepted for test in finding.tests}
    return (excused & set(tally.tests("failed", "error"))) - guilty


def _reached(tally: Tally) -> list[str]:
    """Operations, statuses, invariants and tests of a run."""
    return [*tally.operations, *tally.statuses, *tally.invariants, *tally.tests("passed", "failed", "error")]


def _ending(
    run: Run, counts: Counts, findings: Sequence[FindingResult], excused: int, tally: Tally
) -> tuple[Ending, str]:
    if reason := _stopped(run, counts, tally.gate_failures):
        return "unjudged", reason
    if findings or counts.failed + counts.errors > excused:
        causes = len({finding.group for finding in findings})
        consequences = counted(len(findings) - causes, "consequence")
        left = f" {counted(sum(run.not_tried.values()), 'test')} not tried." if run.not_tried else ""
        return "broken", f"{counted(causes, 'finding')}{f' with {consequences}' if findings[causes:] else ''}.{left}"
    if reason := _nothing_known(run, counts, reached=not tally.unreached or any(each.accepted for each in tally.fuzz)):
        return "unjudged", reason
    if counts.skipped or run.unavailable:
        oracles = f"{counted(len(run.unavailable), 'oracle')} and " if run.unavailable else ""
        return "partial", f"{oracles}{counted(counts.skipped, 'check')} could not be made on this target."
    return "pass", _passed(run, counts)


def _passed(run: Run, counts: Counts) -> str:
    selected = "selected " if run.narrowed else ""
    exchanges, resources = counted(counts.exchanges, "exchange"), counted(counts.resources, "resource")
    return f"{counted(counts.passed, f'{selected}test')} passed on {exchanges} and {resources}."


def _left_out(tally: Tally) -> Counter[str]:
    """The reasons for which tests did not run that need what the machine lacks, and how many they were."""
    ended = tally.outcomes.values()
    return Counter(event.reason for event in ended if event.outcome == "skipped" and event.unavailable == MACHINE)


def _stopped(run: Run, counts: Counts, gate_failures: Collection[str]) -> str:
    """The reason why not even a finding of the run counts; empty without any."""
    if run.stopped:
        return run.stopped
    if gate_failures:
        return f"The gate itself failed: {next(iter(gate_failures))}"
    if counts.passed + counts.failed + counts.errors:
        return ""
    return _missing(run) or _none_ran(run)


def _none_ran(run: Run) -> str:
    if run.rerun.expression:
        return f"No test ran: at depth {run.depth} none matches -k {run.rerun.expression!r}."
    return "No test ran, so nothing is known."


def _nothing_known(run: Run, counts: Counts, *, reached: bool) -> str:
    """The reason why a run without a finding does not say that there is none; empty without any."""
    if run.missing:
        return _missing(run)
    if not counts.exchanges:
        return "No request was sent to the service, so nothing is known about it."
    return "" if reached else "The service accepted no request, so nothing is known about it."


def _by_place(changes: Sequence[str]) -> list[str]:
    """One line for each request beside which rows changed, with all tables; other texts stay as they are."""
    tables: dict[str, set[str]] = defaultdict(set)
    for text in changes:
        place, _, table = text.partition(" -> ")
        tables[place].add(table)
    return [" -> ".join(filter(None, (place, ", ".join(sorted(names))))) for place, names in sorted(tables.items())]


def _missing(run: Run) -> str:
    more = f" And {len(run.missing) - 1} more, listed in the reports." if run.missing[1:] else ""
    return f"Not everything that had to be judged was. {run.missing[0]}{more}" if run.missing else ""


def _unreached(tally: Tally) -> list[Unreached]:
    """The operations that were never accepted, but for those that another worker reached."""
    reached = {result.operation for result in tally.fuzz if result.accepted}
    return [
        Unreached(operation=each.operation, refusals=list(each.refusals), advice=each.advice)
        for name, each in sorted(tally.unreached.items())
        if name not in reached
    ]


def _counts(tally: Tally) -> Counts:
    outcomes = Counter(event.outcome for event in tally.outcomes.values())
    return Counts(
        passed=outcomes["passed"],
        failed=outcomes["failed"],
        skipped=outcomes["skipped"],
        errors=outcomes["error"],
        exchanges=tally.operations.total(),
        resources=tally.resources,
    )


def _coverage(tally: Tally, promises: Promises) -> Coverage:
    contract = promises.contract
    operations = {operation.id: operation.document["responses"] for operation in contract.operations}
    statuses = [f"{name} {status}" for name, responses in operations.items() for status in responses]
    states = [f"{table} {state}" for table, names in promises.states.items() for state in names]
    parts = {
        kind: {name: name in tally.parts[kind] for name in sorted(names)} for kind, names in coverable(contract).items()
    }
    return Coverage(
        operations=dict.fromkeys(operations, 0) | tally.operations,
        statuses=dict.fromkeys(statuses, 0) | dict(sorted(tally.statuses.items())),
        error_codes=dict(sorted((dict.fromkeys(contract.error_codes(), 0) | tally.error_codes).items())),
        invariants=dict(sorted((dict.fromkeys(promises.invariants, 0) | tally.invariants).items())),
        states=dict(sorted((dict.fromkeys(states, 0) | tally.states).items())),
        **parts,
    )


def _criteria(tally: Tally, promises: Promises) -> list[CriterionResult]:
    passed, failed = defaultdict[str, list[str]](list), set[str]()
    for event in tally.outcomes.values():
        for criterion in event.criteria:
            if event.outcome == "passed":
                passed[criterion].append(event.test)
            elif event.outcome != "skipped":
                failed.add(criterion)

    def state(criterion: str) -> CriterionState:
        if criterion in failed:
            return "not met"
        return "met" if passed[criterion] else "not run"

    return [
        CriterionResult(**asdict(criterion), state=state(criterion.id), tests=sorted(passed[criterion.id]))
        for criterion in promises.criteria
    ]


def _tests(tally: Tally) -> list[TestResult]:
    ended = sorted(tally.outcomes.values(), key=lambda event: event.test)
    return [
        TestResult(id=event.test, state=event.outcome, seconds=round(event.seconds, 3), reason=event.reason)
        for event in ended
    ]


def _not_checked(tally: Tally) -> dict[str, list[str]]:
    skipped: dict[str, list[str]] = defaultdict(list)
    for test in tally.tests("skipped"):
        skipped[tally.outcomes[test].reason].append(test)
    return dict(sorted(skipped.items()))


def _accepted(finding: FindingResult, deviation: Deviation) -> Accepted:
    members = deviation.model_dump(mode="json", include={"title", "owner", "reason", "expires"})
    return Accepted(deviation=deviation.id, finding=finding, **members)


def _compared(tally: Tally, run: Run, findings: Sequence[FindingResult]) -> Comparison | None:
    if run.baseline is None:
        return None
    ran = set(map(without_repetition, tally.tests("passed", "failed", "error")))
    return compare(run.baseline, [(finding.code, finding.where) for finding in findings], ran)
