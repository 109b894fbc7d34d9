"""The pack of a declared service: the members of a pack, filled from ``gate.toml`` and the OpenAPI document."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.contract.document import Contract
from gate.contract.nodes import DanglingReferenceError, Operation
from gate.core.declaration import Declaration, load
from gate.core.effect import Declared
from gate.core.errors import DocumentError
from gate.core.exchange import Exchange
from gate.core.record import Record, Rows
from gate.core.surroundings import FILE
from gate.fuzz.service.facts import Facts
from gate.fuzz.service.owned import Owned
from gate.fuzz.service.settings import ServiceSettings, settings_of
from gate.fuzz.survey import guesses
from gate.session.pack import Stage, Suite, Views
from gate.targets.declared_service import service_of
from gate.targets.remote_run.production import Production
from gate.targets.service import Service, StandIn
from gate.verdict.profile import PUBLISHED, Profile
from gate.verdict.promises import Promises

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.database import Database
    from gate.fuzz.rules import FuzzRules
    from gate.oracles.database_contract import DatabaseContract
    from gate.oracles.registry import Oracle

DOCUMENT = "GATE_DOCUMENT"
"""Variable with the file of the document, where the service itself published it."""
ELSEWHERE = (
    "Not sent, since it may change what others have: the service runs at base_url, where only GET is sent without "
    "service.writes."
)
OTHERS = "Not sent: it names no resource, so it may change what the run did not create."
PACKAGED = Path(__file__).parents[2] / "suite" / "declared"
"""The folder of the tests that judge a declared service."""
CHECKS = Path(__file__).with_name("checks.toml")
SUITE = Suite(
    folder=str(PACKAGED / "operations.py"),
    harness="harness/",
    config=str(PACKAGED / "pytest.ini"),
    rootdir=str(PACKAGED),
    ordered=True,
)
PRODUCTION = Production(words=("prod", "production", "live"), domains=())


@dataclass(frozen=True)
class DeclaredPack:
    """The members of ``gate.session.pack.Pack``."""

    declaration: Declaration
    suite: Suite = SUITE
    options: type[ServiceSettings] = ServiceSettings
    consumers: Mapping[str, Path] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    generated: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    production: Production = PRODUCTION
    checks: Path = CHECKS
    log: str = ""
    metrics: str = ""

    @property
    def root(self) -> Path:
        """The folder of ``gate.toml``."""
        return self.declaration.root

    @property
    def openapi(self) -> Path:
        """The file of the document: declared, or as the service published it."""
        return self.declaration.document or Path(os.environ.get(DOCUMENT, self.root / "openapi.json"))

    @property
    def accepted_drift(self) -> Path:
        """The reasons for accepted differences from the document, of which there are none."""
        return self.root / "drift.toml"

    @cached_property
    def contract(self) -> Contract:
        """The document; raises DocumentError where it does not load."""
        base = self.declaration.service.base
        return Contract.load(self.openapi, base=None if base is None else base.rstrip("/"))

    @cached_property
    def service(self) -> Service:
        """The service as targets start it."""
        service = service_of(self.declaration)
        rules = replace(service.remote, owned=lambda method, path: bool(self.owned and self.owned.may(method, path)))
        return replace(service, remote=rules) if self.declaration.service.writes else service

    @cached_property
    def owned(self) -> Owned | None:
        """The resources that the run creates where others do, too; None where it may not, or has the service alone."""
        return Owned(self.contract, self.facts.base) if self.declaration.service.writes else None

    @cached_property
    def promises(self) -> Promises:
        """The document alone."""
        return Promises(contract=self.contract)

    def profile(self, name: str) -> Profile:
        """The profile that accepts no deviation, or that of a file."""
        if name == PUBLISHED:
            return Profile(name=PUBLISHED)
        from gate.verdict import profile

        return profile.load(name, self.root)

    @cached_property
    def database(self) -> DatabaseContract:
        """The contract of a database of which nothing is published."""
        from gate.oracles.database_contract import DatabaseContract

        return DatabaseContract(schema=None, tables={}, invariants=(), unfinished="SELECT 0", status="")

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The declared headers of each request; UsageError where a variable that holds one is not set."""
        return self.declaration.fuzz.sent_headers(os.environ)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The declared parameters of each request; UsageError where a variable that holds one is not set."""
        return self.declaration.fuzz.sent_query(os.environ)

    def request_headers(self, number: int) -> Mapping[str, str]:
        """The declared headers."""
        del number
        return self.headers

    @property
    def oracles(self) -> Sequence[Oracle]:
        """The row oracles of any service."""
        from gate.oracles import general

        return general.ROW_ORACLES

    @cached_property
    def fuzzing(self) -> FuzzRules:
        """The way in which its replay files are performed."""
        from gate.fuzz.service.rules import rules_of

        return rules_of(lambda: self.facts, lambda: self.owned)

    @cached_property
    def facts(self) -> Facts:
        """The declared facts about the rows."""
        rows, base = self.declaration.rows, self.declaration.service.base
        key = self.declaration.idempotency
        exceptions = {entry.operation: frozenset(entry.members) for entry in self.declaration.stored}
        bases = next((operation.bases for operation in self.contract.operations), ())
        return Facts(
            base=(base if base is not None else next(iter(bases), "")).rstrip("/"),
            query=self.query,
            late=frozenset(rows.late),
            unequal=frozenset((*rows.computed, *rows.encrypted)),
            resources={path: (each.table, each.key) for path, each in rows.resources.items()},
            exceptions=exceptions,
            soft=dict(rows.soft_deletes),
            key_header=(key.header.lower() if key else "") or "idempotency-key",
            key_member=key.member if key else "",
            rows=Declared(self.declaration.states, self._models()),
            invariants=self.declaration.invariant_queries(),
        )

    def _models(self) -> dict[str, Any]:
        """The schemas of rows by table; DocumentError where the document does not have one."""
        models = {}
        for table, reference in self.declaration.rows.models.items():
            try:
                models[table] = self.contract.resolve({"$ref": reference})
            except DanglingReferenceError as error:
                path = self.root / FILE
                expected = f"rows.models.{table}: a schema of the document, not {reference!r}"
                raise DocumentError(path, None, expected) from error
        return models

    def left_out(self, operation: Operation) -> str:
        """The reason why an operation is left out; empty where it is not."""
        service, reading = self.declaration.service, operation.method == "GET"
        if service.base_url and not service.writes and not reading:
            return ELSEWHERE
        if service.writes and not reading:
            if operation.method != "POST" and "{" not in operation.path:
                return OTHERS
            if harm := guesses.left_out(operation):
                return f"Not sent: {harm}"
        reason = self.declaration.fuzz.reason_to_skip(str(operation))
        return f"Left out in [fuzz.skip]: {reason}" if reason else ""

    def skipped(self, operation: Operation) -> bool:
        """Return whether an operation is left out."""
        return bool(self.left_out(operation))

    def created(self, exchange: Exchange) -> str:
        """Nothing: the ids of a declared service are kept by its exploration."""
        del exchange
        return ""

    def rows(self, database: Database, resource: str) -> Rows:
        """No row belongs to one resource alone."""
        del database, resource
        return {}

    def unfinished(self, database: Database, resources: Sequence[str]) -> list[str]:
        """No resource is known to be unfinished."""
        del database, resources
        return []

    def calls(self, stand_ins: Mapping[str, StandIn], resource: str) -> Any:
        """No stand-in logs calls."""
        del stand_ins, resource

    def observe_service(self, views: Views) -> None:
        """Ask nothing."""

    def observe(self, views: Views, resource: str, rows: Rows | None, record: Record) -> None:
        """Ask nothing."""

    def shown_rows(self, answers: Mapping[str, Sequence[Exchange]], resource: str, record: Record) -> Rows:
        """No rows."""
        del answers, resource, record
        return {}

    def __hash__(self) -> int:
        return hash(self.root)


def pack_in(directory: Path) -> DeclaredPack:
    """The pack of the ``gate.toml`` in a folder; raises DocumentError where it cannot be used."""
    declaration = load(directory)
    return DeclaredPack(declaration, options=settings_of(declaration))
