"""A published analysis is compared with the expected one; each wrong member is a mismatch."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from beacon.analysis.comparison import compare
from tests.harness.support.analysed import judge, pointers_of, publish, rich, run


def members(node: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any, Any]]:
    """Pointer, owner, name and value of every member that is no object and no array of objects."""
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        at = f"{pointer}/{name}"
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)):
            yield from members(value, at)
        else:
            yield at, node, name, value


def other(value: Any) -> Any:
    """A value of the same type that is wrong for a member."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value - 0.02 if value > 0.5 else value + 0.02
    return [*value, "XX"] if isinstance(value, list) else "  "


RICH = rich()
POINTERS = [pointer for pointer, *_ in members(publish(RICH))]


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_changed_member_is_found(pointer: str) -> None:
    """A wrong value, a wrong type and null are found at the member that has them, and nowhere else."""
    assert judge(RICH, publish(RICH)) == []
    for kind in ("value", "null", "object"):
        body = publish(RICH)
        owner, name, value = next(entry for at, *entry in members(body) if at == pointer)
        owner[name] = {"value": other(value), "null": None, "object": {}}[kind]
        (mismatch,) = judge(RICH, body)
        assert (mismatch.pointer, mismatch.got) == (pointer, owner[name])
        assert pointer in str(mismatch)


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_lost_member_is_found(pointer: str) -> None:
    """A member that is not there is found; one of variations shows as the set of keys."""
    body = publish(RICH)
    owner, name, _ = next(entry for at, *entry in members(body) if at == pointer)
    del owner[name]
    at = pointer.rpartition("/")[0] if "/variations/" in pointer else pointer
    assert pointers_of(judge(RICH, body)) == [at]


@pytest.mark.parametrize("name", ["key_differences", "risk_assessment"])
def test_arrays_are_whole_and_ordered(name: str) -> None:
    """Missing, additional, reordered and malformed entries are each one mismatch, at the array."""
    whole = publish(RICH)["analysis"][name]
    wrong: list[Any] = [whole[1:], [*whole, whole[0]], whole[::-1], [], None, {}, [None, *whole[1:]]]
    for entries in wrong:
        body = publish(RICH)
        body["analysis"][name] = copy.deepcopy(entries)
        assert pointers_of(judge(RICH, body)) == [f"/analysis/{name}"]


def test_missing_additional_or_malformed_region_is_found() -> None:
    """A region too few, too many or malformed in the scores is found, and regions of a risk keep their order."""
    body = publish(RICH)
    scores = body["region_scores"]
    for wrong in ({"EU": scores["EU"], "US": scores["US"]}, {**scores, "APAC": scores["ASIA"]}, {}):
        assert pointers_of(compare(RICH, body["analysis"], wrong)) == ["/region_scores"]
    assert pointers_of(compare(RICH, body["analysis"], {**scores, "US": None})) == ["/region_scores/US"]
    body["analysis"]["risk_assessment"][1]["regions"].reverse()
    assert pointers_of(judge(RICH, body)) == ["/analysis/risk_assessment/1/regions"]


def test_each_number_is_compared_to_its_own_places() -> None:
    """A difference that two places hide is a mismatch where four are published."""
    for pointer in ("/analysis/bias_variance", "/region_scores/EU/bias_score"):
        body = publish(RICH)
        owner, name, value = next(entry for at, *entry in members(body) if at == pointer)
        owner[name] = value + 0.0002
        assert pointers_of(judge(RICH, body)) == [pointer]
    body = publish(RICH)
    body["analysis"]["factual_consistency"] = 0.2333  # 7/30 = 0.2333..., to two places
    assert pointers_of(judge(RICH, body)) == ["/analysis/factual_consistency"]


def test_metrics_that_do_not_add_up_are_reported() -> None:
    """The message names the sum of consistency and divergence."""
    body = publish(RICH)
    body["analysis"]["narrative_divergence"] = 0.9
    (mismatch,) = judge(RICH, body)
    assert "add up to 1.13 instead of 1" in mismatch.message


def test_constant_zeros_are_mismatches() -> None:
    """A runner without a working extraction publishes zeros for every job."""
    body = publish(run({}))
    assert {
        "/analysis/bias_variance",
        "/analysis/key_differences",
        "/analysis/recommendation",
        "/region_scores",
    } <= set(pointers_of(judge(RICH, body)))
