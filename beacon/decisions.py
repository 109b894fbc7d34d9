"""The published decision tables: the rule that holds, and the rows that cover a table."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from typing import Any, NamedTuple
from zlib import crc32

from typing_extensions import TypedDict

from beacon.checkout import ROOT
from gate.core.documents import load_toml

DIRECTORY = ROOT / "contracts" / "decisions"
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {"<": operator.lt, ">=": operator.ge, "==": operator.eq}

Facts = Mapping[str, str | int | Fraction]


class Rule(TypedDict):
    """A result, and the conditions that all have to hold for it ("name operator value")."""

    then: str
    when: list[str]


class Outcome(TypedDict):
    """The tables of contracts/decisions/outcome.toml."""

    region: list[Rule]
    job: list[Rule]
    ends: dict[str, str]
    cases: dict[str, list[Any]]


class AnalysisAnswer(TypedDict):
    """The tables of contracts/decisions/analysis_answer.toml."""

    answer: list[Rule]
    comparison: list[Rule]


@cache
def outcome() -> Outcome:
    """How regions and jobs end; raises DocumentError."""
    return load_toml(DIRECTORY / "outcome.toml", Outcome, "tables of rules, ends and cases")


@cache
def analysis_answer() -> AnalysisAnswer:
    """The answers for an analysis; raises DocumentError."""
    return load_toml(DIRECTORY / "analysis_answer.toml", AnalysisAnswer, "tables of rules")


def decide(rules: Sequence[Rule], facts: Facts) -> str:
    """The first rule that holds; KeyError for a name that is no fact, StopIteration where no rule holds."""
    return next(rule["then"] for rule in rules if all(_holds(condition, facts) for condition in rule["when"]))


def _holds(condition: str, facts: Facts) -> bool:
    name, sign, text = condition.split()
    value: str | int | Fraction = facts.get(text, text)
    return OPERATORS[sign](facts[name], int(value) if isinstance(value, str) and value.isdecimal() else value)


class Planned(NamedTuple):
    """One row of the table of outcomes: a job whose first ``successes`` regions have an answer.

    ``beside`` says on which side of its limits the job is, so that each side occurs in both workflows.
    """

    workflow: str
    regions: int
    successes: int
    min_regions: int
    rate: str
    failing: str
    asked: str
    mixed: bool
    beside: tuple[int, str, str]

    @property
    def min_success_rate(self) -> float:
        """The rate that the job demands: the double that is nearest to its share, or a neighbour of that."""
        share = self.successes / self.regions
        if self.rate == "at":
            return share
        return math.nextafter(share, 0) if self.rate == "below" else math.nextafter(max(share, 0.001), 1)

    @property
    def status(self) -> str:
        """How it ends."""
        facts: Facts = {
            "successes": self.successes,
            "min_regions": self.min_regions,
            "share": Fraction(self.successes, self.regions),
            "min_success_rate": Fraction(str(self.min_success_rate)),
        }
        return decide(outcome()["job"], facts)


NO_RATE = {("below", "none"), ("at", "none"), ("above", "all")}
"""Sides of a share at which no rate lies that a job may demand."""


def planned() -> Iterator[Planned]:
    """The whole table of outcomes."""
    cases = outcome()["cases"]
    for workflow, regions, successes, least, rate, failing, asked, mixed in product(*cases.values()):
        sign = (successes > least) - (successes < least)
        number = "none" if not successes else "all" if successes == regions else "some"
        row = Planned(workflow, regions, successes, least, rate, failing, asked, mixed, (sign, rate, number))
        possible = successes <= regions and least <= regions and (rate, number) not in NO_RATE
        # A single execution cannot fail in two ways, nor do executions that are not called.
        single = mixed and (asked == cases["asked"][0] or failing == "lists no provider")
        # Nothing fails where all regions succeed.
        if possible and not single and (number != "all" or failing == cases["failing"][0]):
            yield row


def covering(rows: Iterable[Planned]) -> list[Planned]:
    """A few rows of the table, always the same ones, that have each pair of values which any of its rows has.

    The sides on which a job is of its limits count as a pair with the workflow alone.
    """
    left = {row: _pairs(row) for row in sorted(rows, key=lambda row: crc32(repr(row).encode()))}
    chosen: list[Planned] = []
    while any(left.values()):
        best = max(left, key=lambda row: len(left[row]))
        pairs = left.pop(best)
        chosen.append(best)
        for others in left.values():
            others.difference_update(pairs)
    return chosen


def _pairs(row: Planned) -> set[Any]:
    return {(row.workflow, row.beside), *combinations(enumerate(row[:-1]), 2)}
