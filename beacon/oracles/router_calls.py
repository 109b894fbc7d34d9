"""The router's log and the executions agree one to one: what was asked, of whom, how often, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from beacon.router import Call
from beacon.router.providers import CODES, REGIONS, Provider
from gate.core.database import Row, Rows
from gate.core.findings import Finding

NOT_LOGGED = frozenset({"ROUTER_HTTP_404", "ROUTER_NO_PROVIDER"})
"""Failures without an inference call: no path answered, or no provider was there to be called."""

NO_PROVIDER = "ROUTER_NO_PROVIDER"

MISMATCH = "ROUTER_REGION_MISMATCH"
"""The one failure in spite of a good answer: it came from another region than was asked."""

HURRIED = 1_000_000_000
"""Nanoseconds below which a time limit can end a call before the router has read it."""

LONGEST_PROVIDER = 255
"""Characters that the column has room for."""

Key = tuple[str | None, str, str]


def texts_of(catalogue: Any) -> dict[str, str]:
    """The text of each question in a body of ``GET /questions``; empty where that cannot be read."""
    categories = catalogue.get("categories") if isinstance(catalogue, Mapping) else None
    lists = categories.values() if isinstance(categories, Mapping) else ()
    entries = [entry for one in lists if isinstance(one, list) for entry in one if isinstance(entry, Mapping)]
    pairs = [(entry.get("question_id"), entry.get("question")) for entry in entries]
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def check(
    rows: Rows, calls: Sequence[Call], texts: Mapping[str, str], request: Mapping[str, Any], *, killed: bool = False
) -> list[Finding]:
    """Differences for one terminal job; ``texts`` are prompts by question, ``request`` the published constants.

    Where the runner was ``killed``, a call that this cut off may be missing from what the row counts: no order of
    sending and committing makes the two one step.
    """
    job = str(rows.job["jobspec_id"]) if rows.job else ""
    calls = [call for call in calls if not (call.aborted and call.region is None)]  # cut off before it had arrived
    asked: dict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        asked[call.region, call.model, call.prompt].append(call)
    found = []
    for row in rows.executions:
        prompt = texts.get(row["question_id"] or "", _default_prompt(rows))
        mine = asked.pop((row["region"], row["model_id"], prompt), [])
        found += [] if len(mine) <= row["retry_count"] + 1 and _hurried(row, rows) else _agree(row, mine, job, killed)
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


def _hurried(row: Row, rows: Rows) -> bool:
    """Whether a very short time limit may have ended a row before its call arrived, or while it was begun."""
    limits = _member(rows.spec, "constraints")
    short = (_member(limits, name) or HURRIED for name in ("timeout", "provider_timeout"))
    return row["status"] == "timeout" and any(isinstance(limit, (int, float)) and limit < HURRIED for limit in short)


def _agree(row: Row, calls: Sequence[Call], job: str, killed: bool) -> list[Finding]:
    where = f"executions of {row['region']} {row['model_id']} {row['question_id']}"
    output = row["output_data"] if isinstance(row["output_data"], Mapping) else {}
    code, completed = str(output.get("error_code")), row["status"] == "completed"
    begun = completed or (row["started_at"] is not None and code not in NOT_LOGGED)
    expected = row["retry_count"] + 1 if begun else 0
    uncounted = sum(call.aborted for call in calls) if killed else 0
    if not expected <= len(calls) <= expected + uncounted or (completed and not calls):
        return [
            Finding("BG-ROUTER-001", where=where, expected=f"{expected} router calls", got=str(len(calls)), job=job)
        ]
    compared: list[tuple[str, Any, Any]] = []
    if completed:
        compared = [("response", calls[-1].text, output.get("response"))]
        if calls[-1].provider:  # an answer that names none is by the provider that its region was to ask
            named = calls[-1].provider[:LONGEST_PROVIDER]
            compared += [("provider_id", named, row["provider_id"]), ("provider", named, output.get("provider"))]
    elif row["status"] == "failed" and calls and calls[-1].outcome == "echo" and code != MISMATCH:
        compared = [("status", "completed", "failed")]
    return [
        Finding("BG-ROUTER-003", where=f"{where}: {name}", expected=repr(answered), got=repr(stored), job=job)
        for name, answered, stored in compared
        if answered is None or stored != answered
    ]


def _constants(calls: Sequence[Call], request: Mapping[str, Any], job: str) -> list[Finding]:
    """A finding for each member that any call has otherwise; regions that cannot be told are not asked for at all."""
    allowed = {**{name: (value,) for name, value in request.items()}, "region_preference": tuple(CODES)}
    wrong = {
        name: getattr(call, name)
        for name, values in allowed.items()
        for call in calls
        if getattr(call, name) not in values and not (name == "region_preference" and call.region is None)
    }
    return [
        Finding(
            "BG-ROUTER-004",
            where=f"inference request: {name}",
            expected=" or ".join(map(repr, allowed[name])),
            got=repr(got),
            job=job,
        )
        for name, got in wrong.items()
    ]


def _default_prompt(rows: Rows) -> str:
    """What is asked where the spec names no question: the benchmark's own input, else its description."""
    benchmark = _member(rows.spec, "benchmark")
    prompt = _member(_member(_member(benchmark, "input"), "data"), "prompt")
    return prompt if isinstance(prompt, str) and prompt else str(_member(benchmark, "description"))


def _member(value: Any, name: str) -> Any:
    return value.get(name, "") if isinstance(value, Mapping) else ""


def given_up(rows: Rows, listed: Sequence[Provider]) -> list[Finding]:
    """Regions for which no provider was found although the router lists a healthy one."""
    healthy = {one.region for one in listed if one.healthy}
    lost = {
        str(row["region"])
        for row in rows.executions
        if _member(row["output_data"], "error_code") == NO_PROVIDER and REGIONS.get(row["region"]) in healthy
    }
    return [
        Finding(
            "BG-ROUTER-005",
            where=f"executions of {region}",
            expected=f"a call of the healthy provider of {REGIONS[region]} that the router lists",
            got=NO_PROVIDER,
            job=str(rows.job["jobspec_id"]) if rows.job else "",
        )
        for region in sorted(lost)
    ]
