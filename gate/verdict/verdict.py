"""The outcome of a run, derived from what the workers wrote and how the tests ended; every report is a view of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from gate.contract import coverage as exercised
from gate.contract.document import Contract
from gate.core.errors import Exit
from gate.core.evidence import Evidence
from gate.core.findings import SEVERITIES, Finding, catalogue
from gate.core.settings import Settings
from gate.oracles.invariants import load as load_invariants
from gate.verdict import acceptance
from gate.verdict.baseline import Comparison, compare, once, repetition
from gate.verdict.criteria import criteria
from gate.verdict.profile import PUBLISHED, Deviation
from gate.verdict.unavailable import blind

Ending = Literal["pass", "broken", "partial", "unjudged"]


STATES = [
    f"{table} {status}"
    for table, statuses in {
        "jobs": "completed partial failed cancelled",
        "cross_region_executions": "completed partial failed cancelled",
        "executions": "completed failed timeout cancelled",
        "region_results": "success failed timeout cancelled",
    }.items()
    for status in statuses.split()
]
"""Every way in which a row's life can end; a run that saw one of them never cannot speak of it."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CriterionResult(_Document):
    """One criterion and the passing tests that exercised it; met only if there is one and none failed."""

    id: str
    group: str
    text: str
    met: bool
    tests: list[str]


class FindingResult(_Document):
    """One finding: all failures with the same cause, with the evidence of the first."""

    code: str
    severity: str
    title: str
    explanation: str
    where: str
    expected: str
    got: str
    times: int
    tests: list[str]
    evidence: dict[str, Any]
    seen_in: list[int] = []  # repetitions that saw it, where there is more than one
    flaky: bool = False  # some repetitions saw it, and others did not


class Accepted(_Document):
    """A finding that the profile accepts, and by which of its deviations."""

    deviation: str
    title: str
    owner: str
    reason: str
    expires: str
    finding: FindingResult


class Exercised(_Document):
    """What a run has seen, with how often, or whether; what stands at 0 or false it has not."""

    operations: dict[str, int]
    statuses: dict[str, int]
    error_codes: dict[str, int]
    invariants: dict[str, int]
    states: dict[str, int]
    parameters: dict[str, bool] = {}  # that were sent
    fields: dict[str, bool] = {}  # members of bodies, by operation and JSON pointer
    values: dict[str, bool] = {}  # enumerated ones, sent or answered
    keywords: dict[str, bool] = {}  # of schemas; those of requests both kept and broken


class Fuzzed(_Document):
    """What became of one operation's generated requests, or of one part of the sequences."""

    operation: str
    cases: int
    positive: int
    accepted: int  # positive cases that were answered with 2xx
    seconds: float
    oracle_seconds: float
    digest: str  # of all cases in their order; the same for the same seed

    @property
    def share(self) -> float | None:
        """Accepted of the positive cases; None where there is none."""
        return self.accepted / self.positive if self.positive else None


class Counts(_Document):
    """How many of each there were."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: int = 0
    exchanges: int = 0
    jobs: int = 0


class Verdict(_Document):
    """The content of verdict.json."""

    verdict: Ending
    reason: str
    target: str
    depth: str
    seed: int
    narrowed: bool
    workers: int
    duration_seconds: float
    criteria: list[CriterionResult]
    findings: list[FindingResult]
    not_checked: dict[str, list[str]]
    exercised: Exercised
    counts: Counts
    fuzz: list[Fuzzed] = []
    oracles_not_checked: dict[str, str] = {}  # oracle and why this target cannot show what it needs
    left_behind: list[str] = []  # what the run created and could not remove
    profile: str = PUBLISHED
    accepted: list[Accepted] = []
    compared: Comparison | None = None  # with --baseline
    repetitions: int = 1

    def exit_code(self, *, allow_partial: bool = False) -> Exit:
        """The code with which the gate exits."""
        if self.verdict == "partial":
            return Exit.PASS if allow_partial else Exit.UNJUDGED
        return {"pass": Exit.PASS, "broken": Exit.BROKEN, "unjudged": Exit.UNJUDGED}[self.verdict]


@dataclass(slots=True)
class Outcome:
    """How one test ended."""

    test: str
    outcome: Literal["passed", "failed", "skipped", "error"]
    criteria: Sequence[str] = ()
    reason: str = ""


@dataclass(slots=True)
class Run:
    """What the controller of a run knows when it is over."""

    settings: Settings
    duration: float
    outcomes: list[Outcome] = field(default_factory=list)
    stopped: str = ""  # why the run could not go on, where that is so
    narrowed: bool = False  # somebody chose tests, so that a pass speaks of those alone
    left: Sequence[str] = ()  # what the run created and could not remove


def build(run: Run, facts: Iterable[Mapping[str, Any]], contract: Contract) -> Verdict:
    """The verdict on a run."""
    facts = list(facts)
    operations, statuses, codes, states, jobs = Counter[str](), Counter[str](), Counter[str](), Counter[str](), 0
    invariants = Counter[str]()
    fuzzed: list[Fuzzed] = []
    # Accepted ones apart: what is accepted must not hide what has the same place and is something else.
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    profile = run.settings.profile
    for fact in facts:
        match fact["kind"]:
            case "exchange":
                operation = fact["operation"] or "undocumented"
                operations[operation] += 1
                statuses[f"{operation} {fact['status']}"] += 1
                if fact["error_code"]:
                    codes[fact["error_code"]] += 1
            case "job":
                jobs += 1
                states.update(f"{table} {status}" for table, seen in fact["states"].items() for status in seen)
            case "invariants":
                invariants.update(fact["codes"])
            case "fuzz":
                fuzzed.append(Fuzzed(**{name: value for name, value in fact.items() if name != "kind"}))
            case "finding":
                place = once(fact["where"])
                deviation = profile.deviation_of((fact["code"], place, fact["got"]))
                found[fact["code"], place, deviation.id if deviation else ""].append(fact)
    known = {deviation.id: deviation for deviation in profile.deviation}
    results = {key: _finding(same, run.settings.repeat) for key, same in found.items()}
    findings = [one for (_, _, accepted), one in results.items() if not accepted]
    excepted = [(one, known[accepted]) for (_, _, accepted), one in results.items() if accepted]
    counted = Counter(outcome.outcome for outcome in run.outcomes)
    counts = Counts(
        passed=counted["passed"],
        failed=counted["failed"],
        skipped=counted["skipped"],
        errors=counted["error"],
        exchanges=operations.total(),
        jobs=jobs,
    )
    seen = Exercised(
        operations={operation.id: operations[operation.id] for operation in contract.operations} | dict(operations),
        statuses=_documented(contract) | dict(sorted(statuses.items())),
        error_codes=dict(sorted((dict.fromkeys(contract.error_codes(), 0) | codes).items())),
        invariants=dict(sorted((dict.fromkeys((rule.code for rule in load_invariants()), 0) | invariants).items())),
        states=dict(sorted((dict.fromkeys(STATES, 0) | states).items())),
        **exercised.seen(contract, facts),
    )
    if run.settings.depth == "full" and not (run.stopped or counts.skipped or run.narrowed):
        findings += [_unseen(what) for what in never(seen)]
    settled = acceptance.settle(profile, findings, excepted, run.outcomes, _told(seen, run.outcomes))
    if not run.stopped:
        findings = settled.standing + [_of_profile(one) for one in settled.faults]
    ending, reason = _ending(run, counts, findings, len(settled.excused))
    return Verdict(
        verdict=ending,
        reason=reason,
        target=run.settings.target,
        depth=run.settings.depth,
        seed=run.settings.seed,
        narrowed=run.narrowed,
        workers=run.settings.workers,
        duration_seconds=round(run.duration, 3),
        criteria=_criteria(run.outcomes),
        findings=sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.code)),
        not_checked=_not_checked(run.outcomes),
        exercised=seen,
        counts=counts,
        fuzz=sorted(fuzzed, key=lambda one: one.operation),
        oracles_not_checked=blind(run.settings),
        left_behind=list(run.left),
        profile=run.settings.profile.name,
        accepted=[_accepted(finding, deviation) for finding, deviation in settled.accepted],
        compared=_compared(run, findings),
        repetitions=run.settings.repeat,
    )


def _told(seen: Exercised, outcomes: Iterable[Outcome]) -> list[str]:
    """Operations, statuses, rules between rows and tests that a run has seen."""
    counted = (*seen.operations.items(), *seen.statuses.items(), *seen.invariants.items())
    ended = [outcome.test for outcome in outcomes if outcome.outcome != "skipped"]
    return [name for name, times in counted if times] + ended


def _of_profile(one: acceptance.Fault) -> FindingResult:
    return _of_run(one.code, one.where, one.expected, one.got)


def _accepted(finding: FindingResult, deviation: Deviation) -> Accepted:
    told = {"title": deviation.title, "owner": deviation.owner, "reason": deviation.reason}
    return Accepted(deviation=deviation.id, expires=deviation.expires.isoformat(), finding=finding, **told)


def _compared(run: Run, findings: Sequence[FindingResult]) -> Comparison | None:
    if run.settings.baseline is None:
        return None
    ran = {once(outcome.test) for outcome in run.outcomes if outcome.outcome != "skipped"}
    return compare(run.settings.baseline, [(one.code, one.where) for one in findings], ran)


def _unseen(what: str) -> FindingResult:
    return _of_run("BG-SEEN-001", what, "seen at least once", "never")


def _of_run(code: str, where: str, expected: str, got: str) -> FindingResult:
    kind = catalogue()[code]
    return FindingResult(
        code=kind.code,
        severity=kind.severity,
        title=kind.title,
        explanation=kind.explanation,
        where=where,
        expected=expected,
        got=got,
        times=1,
        tests=[],
        evidence=Evidence("the run as a whole").as_dict(),
    )


def never(seen: Exercised) -> list[str]:
    """What a run has to see sometimes, and did not: operations, documented statuses, error codes, rules and states."""
    return [
        f"{kind} {name}"
        for kind, counted in (
            ("operation", seen.operations),
            ("status", seen.statuses),
            ("error code", seen.error_codes),
            ("invariant", seen.invariants),
            ("state", seen.states),
        )
        for name, times in counted.items()
        if not times
    ]


def _ending(run: Run, counts: Counts, findings: Sequence[FindingResult], excused: int) -> tuple[Ending, str]:
    if run.stopped:
        return "unjudged", run.stopped
    if counts.passed + counts.failed + counts.errors == 0:
        return "unjudged", "No test ran, so nothing is known."
    if findings or counts.failed + counts.errors > excused:
        return "broken", f"{len(findings)} finding{'s' if len(findings) != 1 else ''}."
    if counts.exchanges == 0:
        return "unjudged", "No request was sent to a runner, so nothing is known about it."
    unseen = blind(run.settings)
    if counts.skipped or unseen:
        oracles = f"{len(unseen)} oracles and " if unseen else ""
        return "partial", f"{oracles}{counts.skipped} checks could not be made on this target."
    selected = "selected " if run.narrowed else ""
    return "pass", f"{counts.passed} {selected}tests passed on {counts.exchanges} exchanges and {counts.jobs} jobs."


def _finding(same: Sequence[Mapping[str, Any]], repetitions: int) -> FindingResult:
    first = same[0]
    finding = Finding(first["code"], once(first["where"]), first["expected"], first["got"])
    seen_in = sorted({number for fact in same if (number := repetition(fact["evidence"]["test"]))})
    return FindingResult(
        code=finding.code,
        severity=finding.kind.severity,
        title=finding.kind.title,
        explanation=finding.kind.explanation,
        where=finding.where,
        expected=finding.expected,
        got=finding.got,
        times=len(same),
        tests=sorted({fact["evidence"]["test"] for fact in same}),
        evidence=first["evidence"],
        seen_in=seen_in,
        flaky=0 < len(seen_in) < repetitions,
    )


def _criteria(outcomes: Iterable[Outcome]) -> list[CriterionResult]:
    passed, failed = defaultdict[str, list[str]](list), set[str]()
    for outcome in outcomes:
        for criterion in outcome.criteria:
            if outcome.outcome == "passed":
                passed[criterion].append(outcome.test)
            elif outcome.outcome in {"failed", "error"}:
                failed.add(criterion)
    return [
        CriterionResult(
            id=criterion.id,
            group=criterion.group,
            text=criterion.text,
            met=bool(passed[criterion.id]) and criterion.id not in failed,
            tests=sorted(passed[criterion.id]),
        )
        for criterion in criteria().values()
    ]


def _not_checked(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    skipped: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.outcome == "skipped":
            skipped[outcome.reason].append(outcome.test)
    return dict(sorted(skipped.items()))


def _documented(contract: Contract) -> dict[str, int]:
    return {
        f"{operation.id} {status}": 0 for operation in contract.operations for status in operation.document["responses"]
    }
