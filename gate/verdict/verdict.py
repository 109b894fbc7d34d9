"""The content of verdict.json, its published JSON schema, and its reader."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gate.core.errors import Exit, GateError
from gate.core.evidence import Evidence
from gate.core.findings import ANSWERED
from gate.verdict.baseline import VERSION, Comparison
from gate.verdict.events import FuzzResult
from gate.verdict.judged import Judged
from gate.verdict.profile import PUBLISHED
from gate.verdict.tally import UNDOCUMENTED

SCHEMA = Path(__file__).with_name("verdict.schema.json")
NAME = "verdict.json"
MOST_PARTS = 6
"""Consequences that a line names."""
CriterionState = Literal["met", "not met", "not run"]
"""A criterion of which no test ran, for instance at this depth, is neither met nor broken."""
Ending = Literal["pass", "broken", "partial", "unjudged"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CriterionResult(_Document):
    """A criterion with its passing tests: met if it has some and no failed one, not met with a failed one."""

    id: str
    group: str
    text: str
    state: CriterionState
    tests: list[str]


class FindingResult(_Document):
    """All findings with the same code and place, with the evidence of the first."""

    code: str
    severity: str
    title: str
    explanation: str
    where: str
    expected: str
    got: str
    times: int
    tests: list[str]
    evidence: Evidence
    group: int = 0  # from 1; findings with one cause, the nearest to it first
    seen_in: list[int] = []  # repetitions with the finding, where there is more than one repetition
    request: str = ""  # id of the request whose answer shows it
    resource: str = ""  # id of the resource that it is about
    file: str = ""  # that holds the broken promise, below the root of the checkout
    line: int = 0
    resources: list[str] = []  # ids of all resources that showed it
    flaky: bool = False  # some repetitions have the finding, others have not
    command: str = ""  # runs it again, against the same build

    @property
    def anchor(self) -> str:
        """A name that it has in each run."""
        return f"{self.code}-{hashlib.sha256(f'{self.code} {self.where}'.encode()).hexdigest()[:8]}"

    @property
    def sentence(self) -> str:
        """The place with the actual and the expected value; a place may say already what was answered."""
        answer = "" if ANSWERED in self.where else f" → {self.got}"
        return f"{self.where}{answer}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with one cause: the nearest to it, and its consequences."""

    first: FindingResult
    consequences: list[FindingResult]

    @property
    def more(self) -> str:
        """Further tests with the first finding, and the consequences, in a few words; empty without any."""
        tests = len(self.first.tests) - 1
        parts = [f"{tests} test{'s' if tests > 1 else ''}"] if tests > 0 else []
        parts += [f"{each.code} {each.where}" for each in self.consequences]
        hidden = [f"{len(parts) - MOST_PARTS} more"] if len(parts) > MOST_PARTS else []
        return ", ".join(f"+ {part}" for part in [*parts[:MOST_PARTS], *hidden])


class TestResult(_Document):
    """The state of a test at its end, and how long it took."""

    __test__ = False  # not a class of tests

    id: str
    state: Literal["passed", "failed", "skipped", "error"]
    seconds: float
    reason: str = ""


class Accepted(_Document):
    """A finding that is an accepted deviation of the profile."""

    deviation: str
    title: str
    owner: str
    reason: str
    expires: str
    finding: FindingResult


class Candidate(_Document):
    """A finding that does not decide the verdict, and the reason."""

    finding: FindingResult
    reason: str


class Unreached(_Document):
    """An operation of which no valid request was accepted: the refusals, and what to declare to get further."""

    operation: str
    refusals: list[str]
    advice: str


class Coverage(_Document):
    """The parts of the contract and the states that a run reached: how often, or whether."""

    operations: dict[str, int]
    statuses: dict[str, int]
    error_codes: dict[str, int]
    invariants: dict[str, int]
    states: dict[str, int]
    parameters: dict[str, bool] = {}  # of requests that were sent
    fields: dict[str, bool] = {}  # of bodies, by operation and JSON pointer
    values: dict[str, bool] = {}  # enumerated, in a request or a response
    keywords: dict[str, bool] = {}  # of schemas; those of requests both satisfied and violated

    @property
    def reached(self) -> dict[str, set[str]]:
        """Documented parts of the contract that the run reached, by kind."""
        kinds = self.model_dump(include={"operations", "statuses", "parameters", "fields", "values"})
        return {
            kind: {name for name, times in names.items() if times and not name.startswith(UNDOCUMENTED)}
            for kind, names in kinds.items()
        }

    @property
    def uncovered(self) -> list[str]:
        """Operations, documented statuses, error codes, invariants and states that the run did not reach."""
        counters = {
            "operation": self.operations,
            "status": self.statuses,
            "error code": self.error_codes,
            "invariant": self.invariants,
            "state": self.states,
        }
        return [f"{kind} {name}" for kind, counter in counters.items() for name, times in counter.items() if not times]


class Counts(_Document):
    """Numbers of tests, exchanges and resources."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: int = 0
    exchanges: int = 0
    resources: int = 0


class Verdict(_Document):
    """The content of verdict.json."""

    version: Literal[1] = VERSION
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
    not_checked: dict[str, list[str]]  # reason and skipped tests
    coverage: Coverage
    counts: Counts
    fuzz: list[FuzzResult] = []
    unavailable_checks: dict[str, str] = {}  # oracle and what the target does not show it
    missing: list[str] = []  # had to be judged and was not
    not_tried: dict[str, int] = {}  # tests by folder, where the run ended with the first group of findings
    unattributed: list[str] = []  # changes of rows that no request can be accused of, which are no findings
    gate_failures: dict[str, str] = {}  # of the gate itself: reason and evidence
    left_behind: list[str] = []  # created by the run, which could not remove it
    shard: str = ""  # such as 2/4, if it is a part of a run
    setting: str = "own"  # or rows, api: what the target shows
    profile: str = PUBLISHED
    accepted: list[Accepted] = []
    compared: Comparison | None = None  # with --baseline
    repetitions: int = 1
    judged: Judged = Judged()
    tests: list[TestResult] = []
    unreached: list[Unreached] = []  # operations of a declared service
    candidates: list[Candidate] = []  # of a declared service, to be looked at
    rules: dict[str, str] = {}  # sentences of the invariants, by code

    @property
    def groups(self) -> list[Group]:
        """The findings by their causes."""
        groups: dict[int, list[FindingResult]] = {}
        for finding in self.findings:
            groups.setdefault(finding.group, []).append(finding)
        return [Group(first, others) for first, *others in groups.values()]

    def exit_code(self, *, allow_partial: bool = False) -> Exit:
        """The code with which the gate exits."""
        if self.verdict == "partial":
            return Exit.PASS if allow_partial else Exit.UNJUDGED
        return {"pass": Exit.PASS, "broken": Exit.BROKEN, "unjudged": Exit.UNJUDGED}[self.verdict]


def read(directory: Path) -> Verdict:
    """The verdict of the run that wrote its reports to ``directory``; GateError where there is none."""
    path = directory / NAME
    try:
        return Verdict.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GateError(f"There is no verdict in {directory}.", "Name the report directory of a run.") from error
    except (OSError, ValueError) as error:
        raise GateError(f"{path} is no verdict of version {VERSION}.", "Run the gate again.") from error


def schema() -> str:
    """The JSON schema of verdict.json as the package holds it, in ``SCHEMA``."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:gate:verdict:{VERSION}"}
    return json.dumps(document | Verdict.model_json_schema(mode="serialization"), indent=2) + "\n"
