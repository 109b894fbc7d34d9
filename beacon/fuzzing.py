"""Facts about the runner that fuzzing needs."""

from __future__ import annotations

from beacon import rows, sequences, steps
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
from gate.fuzz.rules import FuzzRules, KnownIds
from gate.oracles import invariants
from gate.session.session import Session

NOT_FOUND = (
    "not_found",
    "job_not_found",
    "execution_not_found",
    "cross_region_execution_not_found",
    "region_result_not_found",
)
AT_ONCE = frozenset({"BG-INV-002", "BG-INV-003", "BG-INV-005", "BG-INV-007", "BG-INV-014"})
"""Invariants that hold from the moment of acceptance: every promised row exists."""


def prepare(session: Session, record: Record) -> KnownIds:
    """Create a finished job of each workflow; their ids, and those of executions."""
    scenario = Scenario(session, record.test, record)
    job, standard = scenario.finished(regions=REGIONS), scenario.finished(workflow=STANDARD)
    executions = [str(execution["id"]) for execution in job.executions()]
    details = session.client.get(f"{EXECUTIONS}/{executions[0]}/details").json
    return KnownIds(
        {
            "job_id": [job.id] * 7 + [standard.id],
            "execution_id": executions,
            "cross_region_execution_id": [str(details["cross_region_execution_id"])],
        }
    )


def check_accepted(database: Database, exchange: Exchange, job: str) -> list[Finding]:
    """Findings on the rows of a job that was just accepted."""
    rules = [rule for rule in DATABASE.invariants if rule.code in AT_ONCE]
    differences = stored.differences(exchange, rows.read(database, job))
    return [*differences, *invariants.check(database.connection, rules, [job])]


def wait(session: Session, record: Record, job: str) -> None:
    """Wait until a job has ended."""
    Job(Scenario(session, record.test, record), job).wait()


RULES = FuzzRules(
    plan=Plan.load(ROOT / "contracts" / "fuzz.toml"),
    not_found=frozenset(NOT_FOUND),
    prepare=prepare,
    personalise=personalise,
    check_accepted=check_accepted,
    wait=wait,
    sequence=steps.sequence,
    perform=sequences.perform,
    least=sequences.LEAST,
)
