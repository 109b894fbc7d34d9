"""The fix plan's criteria and checklist, and which of them a run has shown to be met."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from gate.core.errors import GateError
from gate.core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the fix plan's success criteria, checklist, notes or rollout."""

    id: str
    group: str
    text: str


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by id, in the order of the file; GateError where the file is not as expected."""
    path = ROOT / "contracts" / "criteria.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["criterion"]
        found = [Criterion(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"{path} cannot be read: {error}.", "Each [[criterion]] needs id, group and text.") from error
    if len({criterion.id for criterion in found}) != len(found):
        raise GateError(f"{path} has an id twice.", "Give each criterion an id of its own.")
    return {criterion.id: criterion for criterion in found}
