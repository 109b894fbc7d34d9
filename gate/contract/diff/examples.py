"""Examples of breaking changes: a request that is refused now, or an answer that could not come before.

The value of an example is found by the proof of containment or a bounded search, and is valid in one document and not
in the other. A change of a part that has no schema is shown by the request or the answer that it concerns.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from gate.contract.diff.change import Change, Example
from gate.contract.diff.containment import MISSING
from gate.contract.diff.rules import Direction, rules
from gate.contract.diff.trail import telling

SECONDS = 5.0
"""How long examples are looked for, so that a change of everything is reported soon."""


def exemplified(changes: Sequence[Change], seconds: float = SECONDS) -> list[Change]:
    """The changes, each breaking change with an example where there is one."""
    end = time.monotonic() + seconds
    return [
        replace(change, example=example(change, search=time.monotonic() < end))
        if change.severity == "breaking"
        else change
        for change in changes
    ]


def example(change: Change, *, search: bool = True) -> Example | None:
    """An example of a breaking change; None where none is known."""
    if change.proof is None or rules()[change.rule].shows:  # a value alone cannot show how it is read
        return _sketched(change)
    value = telling(change.proof.trail, change.proof.direction, change.proof.containment) if search else MISSING
    if value is MISSING:
        return None
    if change.proof.direction is Direction.REQUEST:
        return Example("was accepted, is refused now", value)
    return Example("may come now, could not before", value)


def _sketched(change: Change) -> Example | None:
    """The request or answer that a change of a part concerns, in words."""
    sentence = rules()[change.rule].shows
    if not sentence:
        return None
    words = {
        "operation": change.where.operation or "a request",
        "place": change.where.location,
        "name": change.where.location.rsplit(" ", 1)[-1],
        "text": change.text,
        "what": re.sub(r" (removed|added|narrowed.*)$", "", change.text),
        "old": change.old,
        "new": change.new,
    }
    return Example(sentence.format(**words))
