"""A small consumer contract that the published contract keeps: what a portal sends, polls and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beacon import jobs

JSON = {"Content-Type": ["application/json"]}
JOB = "/api/v1/jobs/job-1"


def interaction(
    description: str,
    method: str,
    path: str,
    status: int,
    body: Any = None,
    rules: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, Sequence[str]] | None = None,
    sent: Any = None,
    headers: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """One interaction; ``rules`` has the name of the matcher for each path of the answer."""
    request: dict[str, Any] = {"method": method, "path": path, "query": dict(query or {})}
    if sent is not None:
        request |= {"headers": JSON, "body": _body(sent)}
    matchers = {path: {"combine": "AND", "matchers": [_matcher(kind)]} for path, kind in (rules or {}).items()}
    response: dict[str, Any] = {"status": status, "headers": {**JSON, **(headers or {})}}
    if body is not None:
        response |= {"body": _body(body), "matchingRules": {"body": matchers}}
    return {"type": "Synchronous/HTTP", "description": description, "request": request, "response": response}


def document(*interactions: Mapping[str, Any]) -> dict[str, Any]:
    """A Pact file with these interactions."""
    return {
        "consumer": {"name": "sample"},
        "provider": {"name": "beacon-runner"},
        "interactions": list(interactions),
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def submission(spelling: str = "jobspec", **members: Any) -> dict[str, Any]:
    """A job is submitted, and the page goes on with its id."""
    sent = jobs.wrap(jobs.spec("job-1"), spelling=spelling, **members)
    path = "/api/v1/jobs/cross-region"
    return interaction("submit", "POST", path, 202, {"id": "job-1"}, {"$.id": "type"}, sent=sent)


def polling(**query: str) -> dict[str, Any]:
    """A job is followed: each execution by its question, region and status."""
    execution = {"question_id": "math_basic", "region": "US", "status": "completed", "completed_at": "2025-10-08"}
    body = {"status": "running", "executions": [execution], "executions_total": 2}
    rules = {
        "$.executions": "type",
        "$.executions[*]": "type",
        **{f"$.executions[*].{name}": "type" for name in execution},
        "$.executions_total": "number",
        "$.status": "type",
    }
    asked = query or {"include": "executions", "exec_limit": "100"}
    return interaction("poll", "GET", JOB, 200, body, rules, query={name: [text] for name, text in asked.items()})


def results() -> dict[str, Any]:
    """The analysis is shown: its metrics, what differs, and the scores of each region."""
    body = {
        "analysis": {"bias_variance": 1, "key_differences": [{"severity": "high", "variations": {"US": "some"}}]},
        "region_scores": {"US": {"bias_score": 1, "censorship_detected": True}},
    }
    rules = {
        "$.analysis": "type",
        "$.analysis.bias_variance": "number",
        "$.analysis.key_differences": "type",
        "$.analysis.key_differences[*]": "type",
        "$.analysis.key_differences[*].severity": "type",
        "$.analysis.key_differences[*].variations": "eachValue",
        "$.analysis.key_differences[*].variations.*": "type",
        "$.region_scores": "eachValue",
        "$.region_scores.*": "type",
        "$.region_scores.*.bias_score": "number",
        "$.region_scores.*.censorship_detected": "boolean",
    }
    return interaction("results", "GET", "/api/v2/jobs/job-1/bias-analysis", 200, body, rules)


def no_results(code: str = "analysis_pending", **members: Any) -> dict[str, Any]:
    """A job without an analysis, of which the page says the reason."""
    body = {"error": "some text", "error_code": code, **members}
    return interaction("no results", "GET", "/api/v2/jobs/job-1/bias-analysis", 404, body, {"$.error": "type"})


def _body(content: Any) -> dict[str, Any]:
    return {"content": content, "contentType": "application/json", "encoded": False}


def _matcher(kind: str) -> dict[str, Any]:
    return {"match": kind, "rules": [{"match": "type"}]} if kind == "eachValue" else {"match": kind}
