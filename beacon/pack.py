"""The Beacon pack: Project Beacon's contracts, and what the engine has to know of its runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beacon import api, contract, load_codes, rows, views
from beacon.api import METRICS
from beacon.checkout import ROOT
from beacon.generated import CHECKS, ROW_CHECKS, generated, row_checks
from beacon.options import BeaconSettings, lacking
from beacon.states import TERMINAL, TERMINAL_BY_TABLE
from beacon.wire import Wire
from gate.contract import ledger
from gate.contract.document import Contract
from gate.core.documents import load_toml
from gate.core.errors import DocumentError
from gate.core.exchange import Exchange
from gate.core.findings import add
from gate.core.record import Record, Rows
from gate.session.pack import Stage, Suite, Views
from gate.targets.remote_run.production import Production
from gate.targets.service import Service, StandIn
from gate.verdict import profile
from gate.verdict.promises import Promises, criteria
from gate.verdict.verdict import schema

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.database import Database
    from gate.fuzz.rules import FuzzRules
    from gate.oracles.database_contract import DatabaseContract
    from gate.oracles.registry import Oracle

add(*load_codes.CODES)  # which no oracle has: `explain` and the catalogue know them through the pack
SUITE = Suite(
    folder="tests",
    harness="tests/harness/",
    quick=("workflows", "limits", "analysis", "lifecycle", "contract", "security"),
    slow=("races", "portal", "backfill", "rollout", "resilience"),
    slow_fixtures=frozenset({"own_runner", "started_runner"}),
    fuzz="tests/fuzz/",
    optional_fixtures=frozenset({"browser"}),
    lacking=lacking,
    inventory="contracts/inventory.toml",
    order="contracts/order.toml",
    times="contracts/times.toml",
)


@dataclass(frozen=True)
class BeaconPack:
    """The members of ``gate.session.pack.Pack``."""

    root: Path = ROOT
    suite: Suite = SUITE
    options: type[BeaconSettings] = BeaconSettings
    openapi: Path = contract.PATH
    accepted_drift: Path = ROOT / "contracts" / "drift.toml"
    checks: Path = CHECKS
    ledger: Path = ROOT / "contracts" / "promises.toml"

    @property
    def contract(self) -> Contract:
        """The published contract; raises DocumentError where it does not load."""
        return contract.published()

    @property
    def consumers(self) -> Mapping[str, Path]:
        """The portal's consumer contract."""
        return {"portal": self.root / "contracts" / "portal"}

    @property
    def service(self) -> Service:
        """The runner as targets start and reach it."""
        from beacon.service import SERVICE

        return SERVICE

    @property
    def fuzzing(self) -> FuzzRules:
        """Facts about the runner that fuzzing needs."""
        from beacon.fuzzing import RULES

        return RULES

    @cached_property
    def stages(self) -> Mapping[str, Stage]:
        """Every stage by name, in the order of the rollout."""
        return load_toml(self.root / "contracts" / "stages.toml", dict[str, Stage], "tables of purpose and options")

    @cached_property
    def promises(self) -> Promises:
        """The contract, the criteria of the fix plan, the terminal states, and the invariants.

        DocumentError where one of their files, or the ledger, does not load.
        """
        promised = ledger.load(self.ledger)
        return Promises(
            contract=self.contract,
            criteria=criteria(self.root / "contracts" / "criteria.toml"),
            states=TERMINAL_BY_TABLE,
            invariants=[rule.code for rule in self.database.invariants],
            rules={rule.code: rule.rule for rule in self.database.invariants},
            checks={name: promise.checks for name, promise in promised.items()},
        )

    def profile(self, name: str) -> profile.Profile:
        """A profile of contracts/profiles, or of a path."""
        return profile.load(name, self.root / "contracts" / "profiles", Wire)

    @cached_property
    def production(self) -> Production:
        """Marks of the addresses of production."""
        path = self.root / "contracts" / "production.toml"
        production = load_toml(path, Production, "lists of words and domains")
        if not production.words:
            raise DocumentError(path, None, "words that mark an address of production")
        return production

    @property
    def generated(self) -> Mapping[str, Callable[[], str]]:
        """The schema of verdict.json, the catalogue of findings, and the lists of oracles."""
        return {"gate/verdict/verdict.schema.json": schema, ROW_CHECKS: row_checks, **generated(self)}

    @property
    def database(self) -> DatabaseContract:
        """The contract of the runner's database."""
        from beacon.database import DATABASE

        return DATABASE

    @property
    def log(self) -> str:
        """The extension with the rules of the runner's log."""
        return contract.LOG

    @property
    def metrics(self) -> str:
        """Path of the runner's metrics."""
        return METRICS

    def request_headers(self, number: int) -> Mapping[str, str]:
        """An origin, and a header that decides nothing: answers to pages of each kind are judged in each test."""
        from gate.oracles.cross_origin import origin

        ignored = [*self.contract.document.get(contract.HEADERS, {}).get("ignored", {}).items()]
        others = ignored[number % len(ignored) :][:1] if ignored else []
        return {**origin(self.contract.document.get(contract.CROSS_ORIGIN), number), **dict(others)}

    @property
    def oracles(self) -> Sequence[Oracle]:
        """The oracles of any service, and those of the runner."""
        from beacon.oracles.registered import ORACLES
        from gate.oracles import general

        return *general.oracles(self.database), *ORACLES

    def created(self, exchange: Exchange) -> str:
        """Id of the job that a submission created; empty where it created none."""
        return api.created(exchange)

    def rows(self, database: Database, resource: str) -> Rows:
        """Every row that belongs to a job, from one snapshot."""
        return rows.read(database, resource).by_table()

    def unfinished(self, database: Database, resources: Sequence[str]) -> list[str]:
        """The jobs that have not ended."""
        statement = "SELECT jobspec_id FROM jobs WHERE jobspec_id = ANY(%s) AND NOT status = ANY(%s)"
        return [str(row["jobspec_id"]) for row in database.query(statement, list(resources), list(TERMINAL))]

    def calls(self, stand_ins: Mapping[str, StandIn], resource: str) -> Any:
        """The router stand-in's log of a job; None without a stand-in."""
        from beacon.oracles import router_calls

        return router_calls.logged(stand_ins, resource)

    def observe_service(self, asked: Views) -> None:
        """Ask for the texts of the questions."""
        views.observe_service(asked)

    def observe(self, asked: Views, resource: str, seen: Rows | None, record: Record) -> None:
        """Ask for every view of a job that has ended."""
        views.observe(asked, resource, None if seen is None else rows.JobRows.of(seen), record)

    def shown_rows(self, answers: Mapping[str, Sequence[Exchange]], resource: str, record: Record) -> Rows:
        """The rows of a job as far as its views show them."""
        return views.shown_rows(answers, resource, record).by_table()


@cache
def pack() -> BeaconPack:
    """The pack of this checkout."""
    return BeaconPack()
