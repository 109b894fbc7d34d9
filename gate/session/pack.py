"""A service's contracts, and what the engine has to know of the service; handed in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate.contract.document import Contract
from gate.core.settings import Settings
from gate.targets.remote_run.production import Production
from gate.targets.service import Service
from gate.verdict.profile import Profile
from gate.verdict.promises import Promises


@dataclass(frozen=True, slots=True)
class Suite:
    """Folders below the pack's root: the tests that judge the service, and those of the harness itself."""

    folder: str
    harness: str  # with a slash at its end, as the beginning of a test's id
    quick: tuple[str, ...] = ()  # folders with tests of a fraction of a second, those that cover the most first
    slow: tuple[str, ...] = ()  # folders with tests of seconds; those of any other folder take longer
    slow_fixtures: frozenset[str] = frozenset()  # that take seconds

    @property
    def words(self) -> tuple[str, ...]:
        """Arguments of pytest for the tests that judge the service."""
        return self.folder, f"--ignore={self.harness}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a rollout: what is verified, and the options that do it."""

    what: str
    options: tuple[str, ...]


class Pack(Protocol):
    """What the engine asks of a pack."""

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
        """The published contract; raises ContractError where it does not load."""

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
