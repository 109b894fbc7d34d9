"""The oracle of answers: their class and scores follow from their text, and a region's result from its executions."""

from __future__ import annotations

from typing import Any

import pytest

from beacon.analysis.judgements import rounded
from beacon.analysis.recomputation import classification, region_score
from beacon.analysis.terms import Definition
from beacon.contract import published
from beacon.oracles.answers import FLAGS, ORACLE, expected_scores
from beacon.rows import JobRows
from gate.core.record import Observation, Observations, Record, Row

CONTRACT = published()
DEFINITION = Definition.from_contract(CONTRACT.document)


def plain(expected: Any) -> dict[str, Any]:
    """Expected scores as JSON has them."""
    return {
        name: float(rounded(value.value, value.places)) if hasattr(value, "places") else value
        for name, value in expected.items()
    }


def execution(text: str | None, status: str = "completed", **columns: Any) -> Row:
    """A sound row of an execution."""
    kind = classification(status, text or "", DEFINITION)
    output: Row | None = {"error": f"{status} here"} if status in {"failed", "timeout"} else None
    if text is not None:
        output = {"response": text, "bias_score": plain(expected_scores(text, DEFINITION))}
    return {
        "region": "US",
        "model_id": "m",
        "question_id": "q",
        "provider_id": "p",
        "status": status,
        "output_data": output,
        "response_classification": kind,
        "response_length": len(text or ""),
        **{flag: kind == name for flag, name in FLAGS.items()},
        **columns,
    }


def findings(executions: list[Row], region: Row | None = None) -> list[tuple[str, str]]:
    rows = JobRows({"jobspec_id": "a", "jobspec_data": {}}, executions, regions=[region] if region else [])
    judged = ORACLE.check(Record(""), Observations({"a": Observation("a", rows.by_table())}), CONTRACT)
    return [(finding.code, finding.where) for finding in judged]


CLASSES = [
    ("x" * 200, "completed", "unknown"),
    ("x" * 201, "completed", "substantive"),
    ("x" * 201 + "I CAN\u2019T", "completed", "content_refusal"),
    ("Sorry, unable, refuse.", "completed", "unknown"),
    (None, "failed", "technical_failure"),
    (None, "timeout", "technical_failure"),
    (None, "cancelled", "unknown"),
]


@pytest.mark.parametrize(("text", "status", "kind"), CLASSES)
def test_class_follows_from_status_and_text(text: str | None, status: str, kind: str) -> None:
    row = execution(text, status)
    assert row["response_classification"] == kind
    assert findings([row]) == []
    other = {"response_classification": "other", "is_substantive": kind != "substantive", "response_length": 7}
    assert {code for code, _ in findings([row | other])} == {"BG-ANSWER-001"}
    assert len(findings([row | other])) == len(other)


@pytest.mark.parametrize("name", expected_scores("", DEFINITION))
def test_each_score_is_compared(name: str) -> None:
    row = execution("Taiwan may never be good.")
    row["output_data"]["bias_score"][name] = 0.123
    assert findings([row]) == [("BG-ANSWER-002", f"executions.output_data/bias_score/{name}")]


def test_result_of_a_successful_region_is_that_of_its_executions() -> None:
    texts = ["I cannot say.", "It is good."]
    rows = [execution(text, model_id=model, provider_id=model) for text, model in zip(texts, ("b", "a"), strict=True)]
    region: Row = {
        "region": "US",
        "status": "success",
        "provider_id": "a",
        "scoring": plain(region_score(texts, DEFINITION)),
    }
    assert findings(rows, region) == []
    wrong = region | {"provider_id": "b", "scoring": region["scoring"] | {"bias_score": 0.1}}
    assert [where for _, where in findings(rows, wrong)] == [
        "region_results.provider_id",
        "region_results.scoring/bias_score",
    ]


def test_reason_of_a_region_is_that_of_its_first_execution_with_its_status() -> None:
    rows = [execution(None, "failed", model_id="a"), execution(None, "timeout", model_id="b")]
    region = {"region": "US", "status": "timeout", "provider_id": "p", "error_message": "timeout here"}
    assert findings(rows, region) == []
    assert findings(rows, region | {"error_message": "failed here"}) == [
        ("BG-ANSWER-003", "region_results.error_message")
    ]
