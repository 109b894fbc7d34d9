"""Replay files of a declared service: their steps are performed as the exploration performs them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from gate.core.findings import Finding
from gate.core.record import Record
from gate.fuzz.plan import Plan
from gate.fuzz.rules import FuzzRules, KnownIds
from gate.fuzz.service.confirm import repeat
from gate.fuzz.service.facts import Facts
from gate.fuzz.service.owned import Owned, renewed
from gate.fuzz.service.steps import as_steps
from gate.fuzz.service.trial import Trial
from gate.oracles import general
from gate.session.session import Session

NO_PLAN = Plan(accepted_at_least=0.0, depths={}, submissions=(), nothing_to_negate=(), left_out={})


def rules_of(facts: Callable[[], Facts], owned: Callable[[], Owned | None]) -> FuzzRules:
    """The rules of a declared service: it has sequences alone."""

    def perform(session: Session, _: Record, steps: Sequence[Mapping[str, Any]]) -> list[Finding]:
        trial, sequence = Trial(session.unwatched(), facts(), owned()), as_steps(steps)
        if trial.owned is not None:  # what was sent before may still be there
            sequence = renewed(sequence, trial.owned, random.Random())
        findings, effect = repeat(trial, sequence, general.ROW_ORACLES, restless=True)
        return [*findings, *trial.contract.check(effect.exchange)]

    return FuzzRules(
        plan=NO_PLAN,
        not_found=frozenset(),
        prepare=lambda _, __: KnownIds({}),
        personalise=lambda request, _, __, ___: request,
        check_accepted=lambda _, __, ___: [],
        wait=lambda _, __, ___: None,
        sequence=_none,
        perform=perform,
        least={},
    )


def _none(*_: object) -> NoReturn:
    raise RuntimeError("a declared service has no sequences but those of replay files")
