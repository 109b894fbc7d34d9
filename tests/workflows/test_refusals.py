"""A request that breaks a rule is refused with a reason that names the place, and leaves no row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beacon.jobs import wrap
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

BAD_REGIONS: dict[str, list[Any]] = {
    "none": [],
    "unknown": ["US", "MARS"],
    "router name": ["us-east"],
    "lower case": ["us"],
    "twice": ["US", "US"],
    "alias of another": ["ASIA", "APAC"],
    "no text": [1],
    "null": [None],
}


@pytest.mark.smoke
@pytest.mark.criterion("edge.invalid-regions", "automated.error-cases")
@pytest.mark.parametrize("regions", BAD_REGIONS.values(), ids=BAD_REGIONS)
def test_bad_regions_are_refused_and_leave_no_row(scenario: Scenario, workflow: str, regions: list[Any]) -> None:
    spec = scenario.spec(regions=regions)
    answer = scenario.send(spec, workflow)

    assert (answer.status, answer.error_code) == (400, "validation_error")
    assert any("regions" in error["pointer"] for error in answer.json["details"]["errors"])
    assert not any(scenario.rows(spec["id"]).counts().values())


BAD_LIMITS: dict[str, dict[str, Any]] = {
    "min_regions 0": {"min_regions": 0},
    "min_regions above the regions": {"min_regions": 3},
    "min_regions negative": {"min_regions": -1},
    "min_regions a fraction": {"min_regions": 1.5},
    "min_regions true": {"min_regions": True},
    "rate 0": {"min_success_rate": 0},
    "rate above 1": {"min_success_rate": 1.01},
    "rate 99": {"min_success_rate": 99},
    "rate negative": {"min_success_rate": -0.5},
    "rate text": {"min_success_rate": "0.67"},
}


@pytest.mark.criterion("edge.invalid-regions", "automated.error-cases")
@pytest.mark.parametrize("limits", BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_bad_limits_are_refused_and_leave_no_row(scenario: Scenario, workflow: str, limits: dict[str, Any]) -> None:
    spec = scenario.spec(**(limits if workflow == STANDARD else {}))
    answer = scenario.send(spec, workflow, **limits)

    assert (answer.status, answer.error_code) == (400, "validation_error")
    assert next(iter(limits)) in answer.json["details"]["errors"][0]["pointer"]
    assert not any(scenario.rows(spec["id"]).counts().values())


BAD_SPECS: dict[str, tuple[str, Any]] = {
    "benchmark missing": ("/benchmark", None),
    "benchmark name missing": ("/benchmark/name", {"container": {"image": "i"}, "input": {"hash": "h"}}),
    "container image missing": ("/benchmark/container", {"name": "bias", "input": {"hash": "h"}}),
    "input hash missing": ("/benchmark/input", {"name": "bias", "container": {"image": "i"}}),
    "id with a space": ("/id", "bias detection"),
    "id too long": ("/id", "x" * 101),
    "id empty": ("/id", ""),
    "id that no job can have": ("/id", "cross-region"),
    "no questions for bias": ("/questions", []),
    "unknown question": ("/questions/0", ["tiananmen-neutral"]),
    "question no text": ("/questions/0", [1]),
    "model without id": ("/models/0", [{"name": "x"}]),
    "metadata a list": ("/metadata", []),
    "runs 0": ("/runs", 0),
}


@pytest.mark.criterion("automated.error-cases")
@pytest.mark.parametrize(("pointer", "value"), BAD_SPECS.values(), ids=BAD_SPECS)
def test_bad_specs_are_refused_with_the_place(scenario: Scenario, workflow: str, pointer: str, value: Any) -> None:
    spec = scenario.spec()
    job_id, member = spec["id"], pointer.split("/")[1]
    spec[member] = value
    if value is None:
        del spec[member]
    answer = scenario.send(spec, workflow)

    assert (answer.status, answer.error_code) == (400, "validation_error")
    prefix = "" if workflow == STANDARD else "/job_spec"
    pointers = [error["pointer"] for error in answer.json["details"]["errors"]]
    assert any(place.startswith(prefix + pointer) for place in pointers), pointers
    assert not any(scenario.rows(job_id).counts().values())


@pytest.mark.parametrize(("member", "pointer"), [("target_region", "/target_region"), ("a/b~c", "/a~1b~0c")])
def test_unknown_member_of_the_wrapper_is_refused(scenario: Scenario, member: str, pointer: str) -> None:
    spec = scenario.spec()
    answer = scenario.client.submit_cross_region({**wrap(spec), member: ["US"]})

    assert (answer.status, answer.error_code) == (400, "validation_error")
    assert answer.json["details"]["errors"][0]["pointer"] == pointer
    assert not any(scenario.rows(spec["id"]).counts().values())


PATHS = {STANDARD: "/api/v1/jobs", CROSS_REGION: "/api/v1/jobs/cross-region"}
BAD_BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "empty": (b"", "application/json", 400, "invalid_body"),
    "not JSON": (b"{", "application/json", 400, "invalid_json"),
    "not UTF-8": (b'{"id": "\xff"}', "application/json", 400, "invalid_json"),
    "a list": (b"[]", "application/json", 400, "invalid_json"),
    "null": (b"null", "application/json", 400, "invalid_json"),
    "not a number": (b'{"runs": NaN}', "application/json", 400, "invalid_json"),
    "infinite": (b'{"runs": 1e999}', "application/json", 400, "invalid_json"),
    "member twice": (b'{"id": "a", "id": "b"}', "application/json", 400, "invalid_json"),
    "too deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json", 400, "invalid_json"),
    "form": (b"id=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    "text": (b"{}", "text/plain", 415, "unsupported_media_type"),
    "too large": (b'{"a": "' + b"x" * (1 << 20) + b'"}', "application/json", 413, "payload_too_large"),
}


@pytest.mark.criterion("automated.error-cases")
@pytest.mark.parametrize(("content", "media_type", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_bodies_that_are_no_json_object_are_refused(
    scenario: Scenario, workflow: str, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = scenario.client.request("POST", PATHS[workflow], content=content, headers={"content-type": media_type})

    assert (answer.status, answer.error_code) == (status, code)


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"], ids=["NUL", "lone surrogate"])
def test_text_that_no_database_can_hold_is_refused(scenario: Scenario, workflow: str, text: str) -> None:
    spec = scenario.spec()
    spec["metadata"] = {"note": "here", "HERE": ["there"]}
    body = spec if workflow == STANDARD else wrap(spec)
    content = json.dumps(body).replace("here", text).replace("HERE", text)
    answer = scenario.client.request(
        "POST", PATHS[workflow], content=content.encode(), headers={"content-type": "application/json"}
    )

    assert (answer.status, answer.error_code) == (400, "validation_error")
    pointers = [error["pointer"] for error in answer.json["details"]["errors"]]
    prefix = "/metadata" if workflow == STANDARD else "/job_spec/metadata"
    assert len(pointers) == 3
    assert f"{prefix}/note" in pointers
    assert all(place.startswith(prefix) for place in pointers)
