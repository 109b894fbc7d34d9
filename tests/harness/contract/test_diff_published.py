"""Edits of the published contract are reported as the changes that they are."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from beacon.contract import published
from gate.contract.diff import compare
from tests.harness.support.documents import S, Schema, changes

RUNNER = dict(published().document)


def edited(edit: Callable[[Schema, Schema], object]) -> Schema:
    """The published contract after an edit, which gets the document and its schemas."""
    new = copy.deepcopy(RUNNER)
    edit(new, new["components"]["schemas"])
    return new


def test_published_contract_has_no_change_against_its_copy() -> None:
    assert compare(RUNNER, copy.deepcopy(RUNNER)) == []


MUTATIONS: dict[str, tuple[Callable[[Schema, Schema], object], set[str]]] = {
    "error code removed": (
        lambda _, s: s["AnalysisUnavailableError"]["anyOf"].pop(3),
        {"228 safe /components/schemas/AnalysisUnavailableError/anyOf/3"},
    ),
    "required request member": (
        lambda _, s: s["Benchmark"].update(
            required=[*s["Benchmark"]["required"], "zone"], properties={**s["Benchmark"]["properties"], "zone": S}
        ),
        {"112 breaking /components/schemas/Benchmark/properties/zone"},
    ),
    "optional request member": (
        lambda _, s: s["JobSpec"]["properties"].update(zone=S),
        {"114 risky /components/schemas/JobSpec/properties/zone"},
    ),
    "response member removed": (
        lambda _, s: (s["JobAccepted"]["properties"].pop("status"), s["JobAccepted"]["required"].remove("status")),
        {"217 breaking /components/schemas/JobAccepted/properties/status"},
    ),
    "response member added": (
        lambda _, s: s["JobSummary"]["properties"].update(zone=S),
        {"213 breaking /components/schemas/JobSummary/properties/zone"},
    ),
    "response member optional": (
        lambda _, s: s["RegionOutput"]["required"].remove("first_response"),
        {"211 breaking /components/schemas/RegionOutput/required"},
    ),
    "maxLength shrunk": (
        lambda _, s: s["ModelId"].update(maxLength=40),
        {"118 breaking /components/schemas/ModelId/maxLength", "218 safe /components/schemas/ModelId/maxLength"},
    ),
    "new status": (
        lambda _, s: s["JobStatus"]["enum"].append("paused"),
        {"107 safe /components/schemas/JobStatus/enum", "207 breaking /components/schemas/JobStatus/enum"},
    ),
    "alias gone": (
        lambda _, s: s["RegionName"]["enum"].remove("APAC"),
        {"106 breaking /components/schemas/RegionName/enum"},
    ),
    "null in a response": (
        lambda _, s: s["CompletedOutput"]["properties"].update(provider={"type": ["string", "null"], "minLength": 1}),
        {"205 breaking /components/schemas/CompletedOutput/properties/provider/type"},
    ),
    "limit raised": (
        lambda d, _: d["components"]["parameters"]["Limit"]["schema"].update(maximum=500, default=100),
        {
            "119 safe /components/parameters/Limit/schema/maximum",
            "135 risky /components/parameters/Limit/schema/default",
        },
    ),
    "header not always there": (
        lambda d, _: d["components"]["headers"]["RetryAfterOutage"].pop("required"),
        {"038 breaking /components/headers/RetryAfterOutage/required"},
    ),
    "rule of signed jobs": (
        lambda _, s: s["JobSpec"]["dependentRequired"]["signature"].append("id"),
        {"132 breaking /components/schemas/JobSpec/dependentRequired"},
    ),
    "word of the analysis": (
        lambda d, _: d["x-beacon-analysis"]["refusal_words"].append("decline"),
        {"050 risky /x-beacon-analysis/refusal_words"},
    ),
    "operation removed": (
        lambda d, _: d["paths"].pop("/api/v1/questions"),
        {"001 breaking /paths/~1api~1v1~1questions"},
    ),
}


@pytest.mark.parametrize(("edit", "expected"), MUTATIONS.values(), ids=MUTATIONS)
def test_one_edit_of_the_published_contract_is_one_change_for_each_direction(
    edit: Callable[[Schema, Schema], object], expected: set[str]
) -> None:
    reported = [" ".join(change) for change in changes(RUNNER, edited(edit))]
    assert len(reported) == len(expected)
    assert set(reported) == expected
