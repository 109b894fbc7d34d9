"""Facts about the runner that fuzzing needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from beacon import rows, sequences
from beacon.api import EXECUTIONS
from beacon.checkout import ROOT
from beacon.database import DATABASE
from beacon.oracles import stored
from beacon.personalise import personalise
from beacon.regions import REGIONS
from beacon.scenario import Job, Scenario
from beacon.states import STANDARD
from gate.core.database import Database
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Record
from gate.fuzz.plan import Plan
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import KnownIds, Step
from gate.oracles import invariants
from gate.session.session import Session

NOT_FOUND = frozenset(
    {
        "not_found",
        "job_not_found",
        "execution_not_found",
        "cross_region_execution_not_found",
        "region_result_not_found",
    }
)
AT_ONCE = frozenset({"BG-INV-002", "BG-INV-003", "BG-INV-005", "BG-INV-007", "BG-INV-014"})
"""Invariants that hold from the moment of acceptance: every promised row exists."""


@dataclass(frozen=True)
class BeaconFuzzing:
    """The members of ``gate.fuzz.rules.FuzzRules``."""

    not_found: frozenset[str] = NOT_FOUND

    @cached_property
    def plan(self) -> Plan:
        """The plan of this checkout."""
        return Plan.load(ROOT / "contracts" / "fuzz.toml")

    @property
    def least(self) -> Mapping[str, int]:
        """The smallest value of each number in a step."""
        return sequences.LEAST

    def prepare(self, session: Session, record: Record) -> KnownIds:
        """A finished job of each workflow, with its executions."""
        scenario = Scenario(session, record.test, record)
        job = scenario.finished(regions=REGIONS)
        standard = scenario.finished(workflow=STANDARD)
        executions = [str(execution["id"]) for execution in job.executions()]
        details = session.client.get(f"{EXECUTIONS}/{executions[0]}/details").json
        return KnownIds(
            {
                "job_id": [job.id] * 7 + [standard.id],
                "execution_id": executions,
                "cross_region_execution_id": [str(details["cross_region_execution_id"])],
            }
        )

    def personalise(
        self, request: GeneratedRequest, path: str, known: KnownIds, new_id: Callable[[], str]
    ) -> GeneratedRequest:
        """Give a request ids of its own."""
        return personalise(request, path, known, new_id)

    def check_accepted(self, database: Database, exchange: Exchange, resource: str) -> list[Finding]:
        """Findings on the rows of a job that was just accepted."""
        rules = [rule for rule in DATABASE.invariants if rule.code in AT_ONCE]
        return [
            *stored.differences(exchange, rows.read(database, resource)),
            *invariants.check(database.connection, rules, [resource]),
        ]

    def wait(self, session: Session, record: Record, resource: str) -> None:
        """Wait until a job has ended."""
        Job(Scenario(session, record.test, record), resource).wait()

    def sequence(self, seed: int, part: str, number: int) -> list[Step]:
        """The steps of a generated sequence."""
        return sequences.sequence(seed, part, number)

    def perform(self, session: Session, record: Record, steps: Sequence[Step]) -> list[Finding]:
        """Perform the steps of a sequence."""
        return sequences.perform(Scenario(session, record.test, record), steps)
