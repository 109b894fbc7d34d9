"""Soundness: no value contradicts the verdict on two random schemas, and each example of a breaking change is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import jsonschema_rs

from benchmarks.changes.contexts import answer, body, document
from benchmarks.changes.generated import Schemas, Values
from gate.contract.diff import Change, compare
from gate.contract.diff.examples import exemplified
from gate.contract.diff.meaning import meant
from gate.contract.diff.rules import rules

Fits = Callable[[Any], bool]


@dataclass
class Soundness:
    """Verdicts on random pairs: how many of each, and those that a value contradicts."""

    verdicts: Counter[str] = field(default_factory=Counter)
    contradicted: list[str] = field(default_factory=list)
    examples: int = 0
    values: int = 0


def sound(pairs: int, instances: int, seed: int) -> Soundness:
    """Compare random schemas in a request and in an answer, and try values on both."""
    random = Random(seed)
    schemas, values, outcome = Schemas(random), Values(random), Soundness()
    for number in range(pairs):
        old = schemas.schema()
        new = schemas.near(old)
        tried = [values.value(schema) for schema in (old, new) for _ in range(instances // 2)]
        fits = _validator(old), _validator(new)
        sides = ("request", body, fits), ("answer", answer, fits[::-1])
        for name, around, (narrow, wide) in sides:
            verdict = exemplified(compare(document(around(old)), document(around(new))))
            outcome.verdicts[verdict[0].severity if verdict else "none"] += 1
            outcome.values += len(tried)
            outcome.examples += sum(change.example is not None for change in verdict)
            faults = _faults(verdict, tried, narrow, wide)
            outcome.contradicted += [f"pair {number}, {name}: {old} -> {new}: {fault}" for fault in faults]
    return outcome


def _validator(schema: Any) -> Fits:
    return jsonschema_rs.Draft202012Validator(meant(schema), validate_formats=True).is_valid


def _faults(verdict: list[Change], tried: Iterable[Any], narrow: Fits, wide: Fits) -> Iterator[str]:
    """Values that say something else than a verdict; what ``narrow`` accepts is to be within ``wide``."""
    severities = {change.severity for change in verdict}
    if not severities & {"breaking", "unknown", "risky"}:
        value = next((value for value in tried if narrow(value) and not wide(value)), ...)
        if value is not ...:
            yield f"{' '.join(severities) or 'none'}, but {value!r} is refused"
    if not verdict:
        value = next((value for value in tried if wide(value) and not narrow(value)), ...)
        if value is not ...:
            yield f"no change, but {value!r} is accepted now"
    for change in verdict:
        proved = change.example is not None and change.proof is not None and not rules()[change.rule].shows
        if proved and change.where.location in ("request body, application/json", "response 200, application/json"):
            value = change.example.value if change.example else None
            if not narrow(value) or wide(value):
                yield f"{change.text}: {value!r} is no example"
