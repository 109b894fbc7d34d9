"""A service's contracts, and what the engine has to know of the service; handed in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.record import Record, Rows
from gate.core.settings import Settings
from gate.targets.remote_run.production import Production
from gate.targets.service import Service, StandIn
from gate.verdict.profile import Profile
from gate.verdict.promises import Promises

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.client import Client
    from gate.core.database import Database
    from gate.oracles.database_contract import DatabaseContract
    from gate.oracles.registry import Oracle


@dataclass(frozen=True, slots=True)
class Suite:
    """Folders below the pack's root: the tests that judge the service, and those of the harness itself."""

    folder: str
    harness: str  # with a slash at its end, as the beginning of a test's id
    quick: tuple[str, ...] = ()  # folders with tests of a fraction of a second, those that cover the most first
    slow: tuple[str, ...] = ()  # folders with tests of seconds; those of any other folder take longer
    slow_fixtures: frozenset[str] = frozenset()  # that take seconds
    fuzz: str = "-"  # beginning of the ids of tests that send generated requests
    optional_fixtures: frozenset[str] = frozenset()  # that a machine may lack
    lacking: Callable[[Any], str] = lambda _: ""  # with the run's settings: what they lack here, and what brings it
    inventory: str = ""  # file with the least that a run has to judge
    order: str = ""  # file with what each test reveals for its time
    times: str = ""  # file with the seconds of each test
    config: str = "pyproject.toml"  # file with the settings of pytest, which reads no other
    rootdir: str = "."  # that the ids of tests begin in
    ordered: bool = False  # tests run in the order in which they are collected

    @property
    def dividing(self) -> tuple[str, ...]:
        """Files by which the tests are divided among shards."""
        return tuple(filter(None, (self.inventory, self.times)))

    @property
    def words(self) -> tuple[str, ...]:
        """Arguments of pytest for the tests that judge the service."""
        return self.folder, f"--ignore={self.harness}", f"--config-file={self.config}", f"--rootdir={self.rootdir}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a rollout: what is verified, and the options that do it."""

    purpose: str
    options: tuple[str, ...]


class Views:
    """Asks the service, and keeps each answer under the name of the view that it shows."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.answers: dict[str, list[Exchange]] = {}

    def get(self, view: str, path: str, **params: str | int) -> Exchange:
        """GET ``path``; Unreachable where nothing answers."""
        exchange = self._client.get(path, **params)
        self.answers.setdefault(view, []).append(exchange)
        return exchange


class Pack(Protocol):
    """The interface of a pack to the engine."""

    @property
    def root(self) -> Path:
        """Top of the checkout; the suite and its commands run there."""

    @property
    def suite(self) -> Suite:
        """The tests."""

    @property
    def openapi(self) -> Path:
        """The published OpenAPI document."""

    @property
    def contract(self) -> Contract:
        """The published contract; raises DocumentError where it does not load."""

    @property
    def consumers(self) -> Mapping[str, Path]:
        """Folders of consumer contracts (Pact) by the consumer's name."""

    @property
    def accepted_drift(self) -> Path:
        """The reasons for accepted differences from the published document."""

    @property
    def service(self) -> Service:
        """The service as targets start and reach it."""

    @property
    def stages(self) -> Mapping[str, Stage]:
        """Every stage by name, in the order of the rollout."""

    @property
    def promises(self) -> Promises:
        """The promises that a run is judged by; GateError where they cannot be loaded."""

    def profile(self, name: str) -> Profile:
        """The profile of a name or a path; UsageError where it is not valid."""

    @property
    def options(self) -> type[Settings]:
        """The settings model: the gate's own options, and those of the pack."""

    @property
    def production(self) -> Production:
        """Marks of the addresses of production."""

    @property
    def generated(self) -> Mapping[str, Callable[[], str]]:
        """Generated files, as paths below the root, and what makes the text of each."""

    @property
    def checks(self) -> Path:
        """The list of the checks that have to be red on their violation; one of the generated files."""

    @property
    def database(self) -> DatabaseContract:
        """The contract of the database."""

    @property
    def log(self) -> str:
        """The contract's extension with the rules of the service's log; empty without any."""

    @property
    def metrics(self) -> str:
        """Path of the service's metrics; empty without any."""

    def request_headers(self, number: int) -> Mapping[str, str]:
        """Headers that request ``number`` of a test has unless it gives others."""

    @property
    def oracles(self) -> Sequence[Oracle]:
        """Every oracle that judges the service; of two findings with the same cause, the first oracle's counts."""

    def created(self, exchange: Exchange) -> str:
        """Id of the resource that an accepted request created; empty where it created none."""

    def rows(self, database: Database, resource: str) -> Rows:
        """Every row that belongs to a resource, from one snapshot."""

    def unfinished(self, database: Database, resources: Sequence[str]) -> list[str]:
        """Those of the resources that the service still works on."""

    def calls(self, stand_ins: Mapping[str, StandIn], resource: str) -> Any:
        """The stand-ins' log of a resource; None where it is not known."""

    def observe_service(self, views: Views) -> None:
        """Ask for what judging needs to know of the service itself; only where there is a stand-in."""

    def observe(self, views: Views, resource: str, rows: Rows | None, record: Record) -> None:
        """Ask for every view of a resource that judging needs; ``rows`` are None where the target shows none."""

    def shown_rows(self, answers: Mapping[str, Sequence[Exchange]], resource: str, record: Record) -> Rows:
        """The rows of a resource as far as its views show them, for a target without rows."""
