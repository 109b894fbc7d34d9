"""The decision tables: the rule that holds, the whole table, and the few rows that cover it."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from typing import Any

import pytest

from beacon.decisions import Planned, Rule, analysis_answer, covering, decide, outcome, planned

TABLE = list(planned())


def test_first_rule_that_holds_decides() -> None:
    rules: list[Rule] = [
        {"then": "both", "when": ["number >= 2", "share < limit"]},
        {"then": "named", "when": ["name == x"]},
        {"then": "else", "when": []},
    ]
    third = Fraction(1, 3)
    assert decide(rules, {"number": 2, "share": third, "limit": Fraction("0.34"), "name": "x"}) == "both"
    assert decide(rules, {"number": 1, "share": third, "limit": Fraction("0.34"), "name": "x"}) == "named"
    assert decide(rules, {"number": 2, "share": third, "limit": third, "name": "y"}) == "else"
    with pytest.raises(KeyError):
        decide(rules, {"number": 1})


def test_whole_table_has_each_possible_combination_once() -> None:
    numbers = {(row.regions, row.successes, row.min_regions) for row in TABLE}
    assert numbers == {(t, s, m) for t, s, m in product((1, 2, 3), (0, 1, 2, 3), (1, 2, 3)) if s <= t and m <= t}
    assert len(TABLE) == len(set(TABLE))
    assert {row.failing for row in TABLE} == outcome()["ends"].keys() - {"answers"}
    assert {row.status for row in TABLE} == {rule["then"] for rule in outcome()["job"]}
    assert all(0 < row.min_success_rate <= 1 for row in TABLE)


@pytest.mark.parametrize(("rate", "status"), [("below", "completed"), ("at", "completed"), ("above", "partial")])
def test_rate_lies_just_beside_the_share(rate: str, status: str) -> None:
    rows = [row for row in TABLE if row.rate == rate and 0 < row.successes < row.regions]
    assert {row.status for row in rows if row.successes >= row.min_regions} == {status}
    assert all(abs(row.min_success_rate - row.successes / row.regions) < 1e-12 for row in rows)


def pairs(rows: list[Planned]) -> set[Any]:
    return {pair for row in rows for pair in combinations(enumerate(row[:-1]), 2)}


def test_few_rows_have_each_pair_of_the_table() -> None:
    """Each side of the limits in both workflows too."""
    few = covering(TABLE)
    assert pairs(few) == pairs(TABLE)
    assert {(row.workflow, row.beside) for row in few} == {(row.workflow, row.beside) for row in TABLE}
    assert len(few) < 50
    assert covering(TABLE[::-1]) == few


def test_each_answer_for_an_analysis_can_be_due() -> None:
    codes = {rule["then"] for rule in analysis_answer()["answer"]}
    assert {"200", "job_not_found", "standard_workflow", "analysis_pending", "analysis_failed"} < codes
