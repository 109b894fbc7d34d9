"""The promises that a run is judged by, handed in as data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gate.contract.document import Contract
from gate.core.documents import load_toml
from gate.core.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion of acceptance, which tests name with ``@pytest.mark.criterion``."""

    id: str
    group: str
    text: str


@dataclass(frozen=True, slots=True)
class Promises:
    """A service's promises; without any, where they could not be loaded."""

    contract: Contract = field(default_factory=lambda: Contract({"paths": {}}))
    criteria: Sequence[Criterion] = ()
    states: Mapping[str, Sequence[str]] = field(default_factory=dict)  # terminal states of rows, by table
    invariants: Sequence[str] = ()  # codes
    rules: Mapping[str, str] = field(default_factory=dict)  # sentences of the invariants, by code
    checks: Mapping[str, Collection[str]] = field(default_factory=dict)  # codes and tests that judge each promise


def criteria(path: Path) -> list[Criterion]:
    """Loads a file of criteria; raises DocumentError."""
    loaded = load_toml(path, list[Criterion], "[[criterion]] tables of id, group and text", "criterion")
    if not loaded or len({criterion.id for criterion in loaded}) != len(loaded):
        raise DocumentError(path, None, "[[criterion]] tables, each with an id of its own")
    return loaded
