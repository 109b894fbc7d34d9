"""The Beacon pack: Project Beacon's contracts, and what the engine has to know of its runner."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from beacon import contract
from beacon.checkout import ROOT
from beacon.options import BeaconSettings
from beacon.states import TERMINAL
from beacon.wire import Wire
from contracts.database import invariants
from gate.contract.document import Contract
from gate.session.pack import Stage, Suite
from gate.targets.remote_run.production import Production
from gate.targets.service import Service
from gate.verdict import profile
from gate.verdict.promises import Promises, criteria
from gate.verdict.verdict import schema

SUITE = Suite(
    folder="tests",
    harness="tests/harness/",
    quick=("workflows", "analysis", "lifecycle", "contract", "security"),
    slow=("portal", "backfill", "rollout", "resilience"),
    slow_fixtures=frozenset({"own_runner"}),
)
GENERATED = {"gate/verdict/verdict.schema.json": schema}


@dataclass(frozen=True)
class BeaconPack:
    """The members of ``gate.session.pack.Pack``."""

    root: Path = ROOT
    suite: Suite = SUITE
    options: type[BeaconSettings] = BeaconSettings
    generated: Mapping[str, Callable[[], str]] = field(default_factory=lambda: GENERATED)
    openapi: Path = contract.PATH
    accepted_drift: Path = ROOT / "contracts" / "drift.toml"

    @property
    def contract(self) -> Contract:
        """The published contract; raises ContractError where it does not load."""
        return contract.published()

    @property
    def consumers(self) -> Mapping[str, Path]:
        """The portal's consumer contract."""
        return {"portal": self.root / "contracts" / "portal"}

    @property
    def service(self) -> Service:
        """The runner as targets start and reach it."""
        from beacon.service import SERVICE  # noqa: PLC0415 (its libraries would slow down every command)

        return SERVICE

    @cached_property
    def stages(self) -> Mapping[str, Stage]:
        """Every stage by name, in the order of the rollout."""
        table = tomllib.loads((self.root / "contracts" / "stages.toml").read_text(encoding="utf-8"))
        return {name: Stage(entry["what"], tuple(entry["options"])) for name, entry in table.items()}

    @cached_property
    def promises(self) -> Promises:
        """The contract, the criteria of the fix plan, the terminal states, and the invariants."""
        return Promises(
            contract=self.contract,
            criteria=criteria(self.root / "contracts" / "criteria.toml"),
            states=TERMINAL,
            invariants=[rule.code for rule in invariants()],
        )

    def profile(self, name: str) -> profile.Profile:
        """A profile of contracts/profiles, or of a path."""
        return profile.load(name, self.root / "contracts" / "profiles", Wire)

    @cached_property
    def production(self) -> Production:
        """Marks of the addresses of production."""
        table = tomllib.loads((self.root / "contracts" / "production.toml").read_text(encoding="utf-8"))
        return Production(**table)


@cache
def pack() -> BeaconPack:
    """The pack of this checkout."""
    return BeaconPack()
