"""The router's log and the executions agree one to one: what was asked, of whom, how often, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from gate.database import Row, Rows
from gate.findings import Finding
from gate.router import Call

NOT_LOGGED = frozenset({"ROUTER_HTTP_404", "ROUTER_NO_PROVIDER"})
"""Failures without an inference call: no path answered, or no provider was there to be called."""

Key = tuple[str | None, str, str]


def check(rows: Rows, calls: Sequence[Call], texts: Mapping[str, str], request: Mapping[str, Any]) -> list[Finding]:
    """Differences for one terminal job; ``texts`` are prompts by question, ``request`` the published constants."""
    job = str(rows.job["jobspec_id"]) if rows.job else ""
    asked: dict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        asked[call.region, call.model, call.prompt].append(call)
    found = []
    for row in rows.executions:
        prompt = texts.get(row["question_id"] or "", _default_prompt(rows))
        mine = asked.pop((row["region"], row["model_id"], prompt), [])
        found += _agree(row, mine, job)
    found += [
        Finding(
            "BG-ROUTER-002",
            where=f"{region} {model}",
            expected="a call that an execution stands for",
            got=prompt,
            job=job,
        )
        for region, model, prompt in asked
    ]
    return found + _constants(calls, request, job)


def _agree(row: Row, calls: Sequence[Call], job: str) -> list[Finding]:
    where = f"executions of {row['region']} {row['model_id']} {row['question_id']}"
    code = (row["output_data"] or {}).get("error_code")
    expected = row["retry_count"] + 1 if row["started_at"] is not None and code not in NOT_LOGGED else 0
    if len(calls) != expected:
        return [
            Finding("BG-ROUTER-001", where=where, expected=f"{expected} router calls", got=str(len(calls)), job=job)
        ]
    if row["status"] != "completed":
        return []
    answer = calls[-1]
    output = row["output_data"]
    found = []
    if output["response"] != answer.text:
        found.append(
            Finding(
                "BG-ROUTER-003",
                where=f"{where}: response",
                expected=repr(answer.text),
                got=repr(output["response"]),
                job=job,
            )
        )
    if row["provider_id"] != answer.provider:
        found.append(
            Finding(
                "BG-ROUTER-003",
                where=f"{where}: provider_id",
                expected=str(answer.provider),
                got=row["provider_id"],
                job=job,
            )
        )
    return found


def _constants(calls: Sequence[Call], request: Mapping[str, Any], job: str) -> list[Finding]:
    return [
        Finding(
            "BG-ROUTER-004",
            where=f"inference request: {name}",
            expected=repr(value),
            got=repr(getattr(call, name)),
            job=job,
        )
        for name, value in request.items()
        for call in calls[:1]
        if getattr(call, name) != value
    ]


def _default_prompt(rows: Rows) -> str:
    """What is asked where the spec names no question: the benchmark's own input, else its description."""
    benchmark = rows.spec.get("benchmark", {})
    data = benchmark.get("input", {}).get("data")
    prompt = data.get("prompt") if isinstance(data, dict) else None
    return prompt if isinstance(prompt, str) and prompt else str(benchmark.get("description", ""))
