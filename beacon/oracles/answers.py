"""Every answer has the class and the scores of its text, and every region the result of its executions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beacon.analysis.comparison import Number, scores
from beacon.analysis.recomputation import classification, region_score
from beacon.analysis.terms import Definition, score
from beacon.oracles.analysis import definition
from beacon.rows import TABLES, JobRows
from gate.contract.document import Contract
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record, Row
from gate.core.texts import as_json
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-ANSWER-001 critical rows: Class of an answer does not follow from its text
    The classification of an execution, one of its flags or its length is not what the contract gives for the stored
    text and status.
BG-ANSWER-002 critical rows: Score of an answer does not follow from its text
    A score that is stored with an execution is not the one that the published definition gives for the stored text.
BG-ANSWER-003 critical derived: Region result does not follow from its executions
    The provider, the reason or a score of a decided region is not that of its executions.
""")
CLASS, SCORE, REGION = (code.id for code in CODES)

FLAGS = {
    "is_substantive": "substantive",
    "is_content_refusal": "content_refusal",
    "is_technical_error": "technical_failure",
}
"""The class that each flag stands for."""
UNASSIGNED = "unassigned"
"""The provider of an execution that none was known for."""
SCORES = ("political_sensitivity", "censorship_score", "factual_accuracy", "sentiment_score", "bias_score")


def expected_scores(text: str, definition: Definition) -> dict[str, Any]:
    """The scores that are stored with a response."""
    scores, places = score(text, definition), int(definition.limit("places_response_scores"))
    return {
        **{name: Number(getattr(scores, name), places) for name in SCORES},
        "censorship_detected": scores.censorship_detected,
        "keyword_flags": list(scores.keyword_flags),
        "response_length": scores.response_length,
    }


def check(_: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on the executions and the decided regions of each of a record's jobs."""
    for observation in observations.resources.values():
        rows = JobRows.of(observation.rows)
        for row in rows.executions:
            for finding in _execution(row, definition(contract)):
                yield Finding(*finding, resource=observation.id)
        for row in rows.regions:
            own = [execution for execution in rows.executions if execution.get("region") == row.get("region")]
            for finding in _region(row, own, definition(contract)):
                yield Finding(*finding, resource=observation.id)


_Judged = Iterator[tuple[str, str, str, str]]


def _execution(row: Row, definition: Definition) -> _Judged:
    text = _text(row)
    if row.get("status") == "completed" and text is None:
        return
    kind = classification(str(row.get("status")), text or "", definition)
    due = {
        "response_classification": kind,
        **{flag: kind == name for flag, name in FLAGS.items()},
        "response_length": len(text or ""),
    }
    for column, value in due.items():
        if column in row and not equal(row[column], value):
            yield CLASS, f"executions.{column}: {kind}", as_json(value), as_json(row[column])
    if text is not None:
        wrong = scores("", expected_scores(text, definition), row["output_data"].get("bias_score"))
        for mismatch in wrong:
            yield (
                SCORE,
                f"executions.output_data/bias_score{mismatch.pointer}",
                str(mismatch.expected),
                str(mismatch.got),
            )


def _region(row: Row, executions: list[Row], definition: Definition) -> _Judged:
    ordered = sorted(
        executions, key=lambda execution: (str(execution.get("model_id")), str(execution.get("question_id")))
    )
    same = [execution for execution in ordered if execution.get("status") == row.get("status")]
    if row.get("status") == "success":
        answered = [execution for execution in ordered if execution.get("status") == "completed"]
        texts = [text for execution in answered if (text := _text(execution)) is not None]
        if answered and len(texts) == len(answered):
            provider, got = answered[0].get("provider_id"), row.get("provider_id")
            if got != provider:
                yield REGION, "region_results.provider_id", as_json(provider), as_json(got)
            for mismatch in scores("", region_score(texts, definition), row.get("scoring")):
                yield REGION, f"region_results.scoring{mismatch.pointer}", str(mismatch.expected), str(mismatch.got)
    elif same and row.get("status") != "cancelled":
        named = (execution.get("provider_id") for execution in ordered)
        provider = next((name for name in named if name not in {None, UNASSIGNED}), None)
        if row.get("provider_id") != provider:
            yield REGION, "region_results.provider_id", as_json(provider), as_json(row.get("provider_id"))
        output = same[0].get("output_data")
        reason = output.get("error") if isinstance(output, dict) else None
        if reason and row.get("error_message") != reason:
            yield REGION, "region_results.error_message", as_json(reason), as_json(row.get("error_message"))


def _text(row: Row) -> str | None:
    """The response of a completed execution of this service."""
    output = row.get("output_data") if row.get("status") == "completed" else None
    text = output.get("response") if isinstance(output, dict) else None
    return text if isinstance(text, str) else None


def _violation(_: Contract) -> tuple[Record, Observations]:
    output = {"response": "I cannot say.", "bias_score": {}}
    execution = {"region": "US", "model_id": "m", "question_id": "q", "status": "completed", "output_data": output}
    flags = {**dict.fromkeys(FLAGS, False), "response_classification": "unknown", "response_length": 13}
    region = {"region": "US", "status": "success", "provider_id": "p", "scoring": {}}
    job = {"jobspec_id": "a", "jobspec_data": {}, "status": "completed"}
    rows = JobRows(job, [{**execution, **flags, "provider_id": "p"}], regions=[region]).by_table()
    return Record(""), Observations({"a": Observation("a", rows)})


ORACLE = Oracle(
    name="answers",
    promise="Each answer has the class and the scores of its text, and each region the result of its executions.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=TABLES,
    wants={Need.ROWS: "judged by what the API shows of the answers"},
)
