"""The promises that a run is judged by, handed in as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gate.contract.document import Contract
from gate.core.errors import GateError


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


def criteria(path: Path) -> list[Criterion]:
    """Loads a file of criteria; GateError says why it cannot be used."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["criterion"]
        loaded = [Criterion(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"{path} cannot be read: {error}.", "Each [[criterion]] needs id, group and text.") from error
    if len({criterion.id for criterion in loaded}) != len(loaded):
        raise GateError(f"{path} has an id twice.", "Give each criterion an id of its own.")
    return loaded
