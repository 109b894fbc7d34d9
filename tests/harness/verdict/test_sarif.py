"""A verdict as SARIF 2.1.0: a result for each cause, at the place of its promise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from beacon.pack import pack
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.session.sources import sources
from gate.verdict import sarif
from gate.verdict.annotations import workflow_commands
from gate.verdict.events import Event, FindingReported
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import accepting, passing, reported

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "required": ["uri"],
                    "additionalProperties": False,
                    "properties": {"uri": {"type": "string", "pattern": "^[^/\\\\]"}},
                },
                "region": {
                    "required": ["startLine"],
                    "additionalProperties": False,
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "level", "message", "locations", "partialFingerprints"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "level": LEVEL,
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "relatedLocations": {"type": "array", "items": LOCATION, "uniqueItems": True},
        "partialFingerprints": {"additionalProperties": {"type": "string"}},
        "suppressions": {
            "type": "array",
            "items": {
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "status": {"enum": ["accepted", "underReview", "rejected"]},
                    "justification": {"type": "string"},
                },
            },
        },
    },
}
RULE = {
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "defaultConfiguration": {"properties": {"level": LEVEL}},
        "properties": {"type": "object"},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {"rules": {"type": "array", "items": RULE, "uniqueItems": True}},
                            }
                        },
                    },
                    "automationDetails": {"properties": {"id": {"type": "string"}}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {
                        "type": "array",
                        "items": {
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "items": {"required": ["message"], "properties": {"message": TEXT, "level": LEVEL}}
                                },
                            },
                        },
                    },
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""The part of the published schema that the file uses, and what GitHub's code scanning wants beside it."""


def run_of(verdict: Verdict) -> Mapping[str, Any]:
    """The run in the document of a verdict, which has to be valid."""
    document = json.loads(sarif.document(sources(pack(), {}).placed(verdict)))
    jsonschema_rs.validator_for(SCHEMA).validate(document)
    [run] = document["runs"]
    ids = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == ids
    members: Mapping[str, Any] = run
    return members


def test_a_pass_has_no_result() -> None:
    """The service closes the alerts of an earlier run then."""
    run = run_of(passing())
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_each_cause_is_a_result_and_its_consequences_are_related() -> None:
    """Two findings about one request are one cause."""
    first = FindingReported(Finding("BG-HTTP-001", "GET /health", "200", "500", request="r"), Evidence("t::a"))
    second = FindingReported(Finding("BG-HTTP-005", "GET /health", "a header", "none", request="r"), Evidence("t::a"))
    run = run_of(passing(first, second, reported("GET /api/v1/jobs")))
    other, result = run["results"]
    assert [result["ruleId"], other["ruleId"]] == ["BG-HTTP-001", "BG-HTTP-001"]
    assert [related["message"]["text"].split()[0] for related in result["relatedLocations"]] == ["BG-HTTP-005"]
    assert result["partialFingerprints"] != other["partialFingerprints"]


@pytest.mark.parametrize("event", [reported("GET /health"), reported("job_not_in_queue", code="BG-INV-042")])
def test_places_are_those_of_the_annotations(event: Event) -> None:
    verdict = sources(pack(), {}).placed(passing(event))
    [result] = run_of(verdict)["results"]
    [location] = result["locations"]
    place = location["physicalLocation"]
    [command] = workflow_commands(verdict)
    assert f"file={place['artifactLocation']['uri']},line={place['region']['startLine']}," in command


def test_accepted_deviation_is_suppressed_with_its_reason() -> None:
    profile = accepting("BG-HTTP-001")
    [result] = run_of(passing(reported(), profile=profile))["results"]
    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "older than the gate"}
    ]


def test_a_run_without_verdict_was_not_successful() -> None:
    """Its reason is a notification of the tool, no result about the build."""
    run = run_of(passing(stopped="No container engine answers."))
    [invocation] = run["invocations"]
    assert not invocation["executionSuccessful"]
    [note] = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "unjudged: No container engine answers."
    assert run["results"] == []
