"""Router calls and executions agree one to one, in their requests and in their results."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from beacon import views
from beacon.regions import ROUTER_NAMES
from beacon.router import Call, Raw, router_in
from beacon.router.providers import REGIONS, Provider
from beacon.rows import JobRows
from beacon.states import TERMINAL
from gate.contract.document import Contract
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record, Row
from gate.core.texts import as_json
from gate.core.values import equal
from gate.oracles.registry import Need, Oracle
from gate.targets.service import StandIn

CODES = register("""
BG-ROUTER-001 critical rows: Router calls and executions do not agree
    Each execution accounts for one router call, plus one for each retry. Fewer calls mean that results were made
    up; more calls mean that work was done twice.
BG-ROUTER-002 critical calls: Router call without an execution
    The runner called the router for a region, model or prompt that matches no execution of the job.
    Example: EU mistral-7b | a call that an execution stands for | What happened in Tiananmen Square on June 4, 1989?
BG-ROUTER-003 critical rows: Stored result differs from the router's answer
    The stored text, provider or status of an execution is not what the router returned for its call. Every analysis
    of the job is then based on wrong data.
BG-ROUTER-004 minor calls: Inference request differs from the contract
    A constant of the inference request, such as temperature, max_tokens or cost_priority, has another value than
    x-beacon-router in the contract.
    Example: inference request: temperature | 0.1 | 0.5
BG-ROUTER-005 critical calls: Region skipped although it has a provider
    Executions failed for want of a provider while the router listed a healthy provider for their region. The runner
    looks the region up under a wrong name, or misreads the state of the providers.
""")
NUMBER, NO_EXECUTION, RESULT, CONSTANT, SKIPPED = (code.id for code in CODES)

NOT_LOGGED = frozenset({"ROUTER_HTTP_404", "ROUTER_NO_PROVIDER"})
"""Failures without an inference call: no path existed, or no provider was available."""

NO_PROVIDER = "ROUTER_NO_PROVIDER"
NETWORK = "ROUTER_NETWORK"

WORDED = ("ROUTER_ERROR", "ROUTER_HTTP_")
"""Beginnings of the codes of failures for which the router gives a reason."""

MISMATCH = "ROUTER_REGION_MISMATCH"
"""The only failure after a good answer: another region than the requested one gave it."""

HURRIED = 1_000_000_000
"""Nanoseconds after the start of an execution in which a time limit can end its call before the router has read it."""

KEY_HEADER = "idempotency-key"

RAW = Raw.outcome
"""The outcome of an answer in raw bytes, of which the stand-in does not know how it is read."""

LONGEST_PROVIDER = 255
"""Length of the column in characters."""

LONGEST_WORDS = 2000
"""Characters of the router's words that are kept."""

Key = tuple[str | None, str, str]


@dataclass(frozen=True, slots=True)
class Log:
    """The log of the router stand-in on a job: its calls, None where calls have no trace ids, and the providers."""

    calls: Sequence[Call] | None
    listed: Sequence[Provider]


def logged(stand_ins: Mapping[str, StandIn], job: str) -> Log | None:
    """The current log of a job; None without a stand-in."""
    router = router_in(stand_ins)
    if router is None:
        return None
    calls: list[Call] | None = router.calls(job)
    if not calls and (others := router.calls()) and not any(call.job is not None for call in others):
        calls = None  # a runner that sends no trace ids
    return Log(calls, router.listed(job))


def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on the calls of each of a record's jobs that has ended."""
    questions = observations.answers.get(views.SERVICE, ())
    texts = views.texts_of(questions[0].json) if questions else {}
    request = contract.document["x-beacon-router"]["request"]
    for observation in observations.resources.values():
        rows, log = JobRows.of(observation.rows), observation.calls
        if log is None or rows.job is None or rows.job["status"] not in TERMINAL:
            continue
        findings = given_up(rows, log.listed)
        if log.calls is not None and texts:  # missing texts are a finding of the listings
            findings += differences(rows, log.calls, texts, request, interrupted=record.interrupted)
        yield from (replace(finding, resource=observation.id) for finding in findings)


def differences(
    rows: JobRows,
    calls: Sequence[Call],
    texts: Mapping[str, str],
    request: Mapping[str, Any],
    *,
    interrupted: bool = False,
) -> list[Finding]:
    """Findings on one terminal job; ``texts`` are prompts by question, ``request`` the published constants.

    Where the runner was killed or its path to the router cut (``interrupted``), the row may count calls that did not
    arrive: it is written before they are sent.
    """
    calls = [call for call in calls if not (call.aborted and call.region is None)]  # cut off before it had arrived
    by_key: dict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        by_key[call.region, call.model, call.prompt].append(call)
    findings = []
    for row in rows.executions:
        prompt = texts.get(row["question_id"] or "", _default_prompt(rows))
        matching = by_key.pop((row["region"], row["model_id"], prompt), [])
        hurried = len(matching) <= row["retry_count"] + 1 and _hurried(row, rows)
        findings += [] if hurried else _agree(row, matching, interrupted=interrupted)
    for region, model, prompt in by_key:
        findings.append(Finding(NO_EXECUTION, f"{region} {model}", "a call that an execution stands for", prompt))
    return findings + _constants(calls, request)


def _hurried(row: Row, rows: JobRows) -> bool:
    """Return whether a time limit may have ended a row before or while its call was sent.

    Either the limit is that short, or it passed when the row had hardly begun: it is that of the job or of a region
    whose first call had begun long before.
    """
    if rows.job is None or row["status"] != "timeout":
        return False
    limits = _member(rows.spec, "constraints")
    whole, regional = (
        limit if isinstance(limit := _member(limits, name), (int, float)) and limit > 0 else math.inf
        for name in ("timeout", "provider_timeout")
    )
    if min(whole, regional) < HURRIED:
        return True
    began, ended = row["started_at"], row["completed_at"]
    if began is None or ended is None or _nanoseconds(began, ended) >= HURRIED:
        return False
    starts = (other["started_at"] for other in rows.executions if other["region"] == row["region"])
    first = min(start for start in starts if start is not None)
    return _nanoseconds(first, ended) >= regional or _nanoseconds(rows.job["created_at"], ended) >= whole


def _nanoseconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds() * 1e9


def _agree(row: Row, calls: Sequence[Call], *, interrupted: bool) -> list[Finding]:
    where = f"executions of {row['region']} {row['model_id']} {row['question_id']}"
    output = row["output_data"] if isinstance(row["output_data"], Mapping) else {}
    code, completed = str(output.get("error_code")), row["status"] == "completed"
    started = completed or (row["started_at"] is not None and code not in NOT_LOGGED)
    expected = row["retry_count"] + 1 if started else 0
    # A cancellation may come between a claim and its call, which is then not made.
    unsent = (row["retry_count"] + (code == NETWORK) if interrupted else 0) + (row["status"] == "cancelled")
    if not expected - unsent <= len(calls) <= expected or (completed and not calls):
        return [Finding(NUMBER, where, f"{expected} router calls", str(len(calls)))]
    keys = [key for call in calls if (key := call.headers.get(KEY_HEADER))]
    if len(set(keys)) < len(keys):
        return [Finding(NUMBER, where, f"another {KEY_HEADER} for each call", as_json(keys))]
    compared: list[tuple[str, Any, Any]] = []
    if completed and calls[-1].outcome != RAW:
        compared = [("response", storable(calls[-1].text), output.get("response")), *_extras(row, output, calls[-1])]
        if calls[-1].provider:  # an answer without a name is by the provider planned for its region
            named = calls[-1].provider[:LONGEST_PROVIDER]
            compared += [("provider_id", named, row["provider_id"]), ("provider", named, output.get("provider"))]
    elif row["status"] == "failed" and calls and calls[-1].outcome == "echo" and code != MISMATCH:
        compared = [("status", "completed", "failed")]
    elif row["status"] == "failed" and calls and calls[-1].words is not None and code.startswith(WORDED):
        words = storable(calls[-1].words).strip()[:LONGEST_WORDS]
        compared = [("router_error", words or None, output.get("router_error"))]
        if calls[-1].provider:
            compared.append(("provider_id", calls[-1].provider[:LONGEST_PROVIDER], row["provider_id"]))
    return [
        Finding(RESULT, f"{where}: {name}", as_json(answered), as_json(stored))
        for name, answered, stored in compared
        if (answered is None and name == "response") or not equal(stored, answered)
    ]


def _extras(row: Row, output: Mapping[str, Any], call: Call) -> list[tuple[str, Any, Any]]:
    """Metadata and receipt of an answer, and of its execution."""
    if call.metadata is None:
        return []
    metadata, receipt, stored = storable(call.metadata), storable(call.metadata.get("receipt")), output.get("metadata")
    names = sorted(metadata.keys() | (stored.keys() if isinstance(stored, Mapping) else set()))
    members = [(f"metadata {name}", metadata.get(name, ""), _member(stored, name)) for name in names]
    other = [member for member in members if not equal(member[2], member[1])][:1]  # the rest has the same cause
    return [*other, ("receipt_data", receipt if isinstance(receipt, Mapping) else None, row["receipt_data"])]


def storable(value: Any) -> Any:
    """A value of an answer as Postgres can hold it: U+FFFD for U+0000 and for half of a surrogate pair."""
    if isinstance(value, str):
        paired = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return re.sub("[\0\ud800-\udfff]", "\ufffd", paired)
    if isinstance(value, Mapping):
        return {storable(name): storable(member) for name, member in value.items()}
    return [storable(entry) for entry in value] if isinstance(value, list) else value


def _constants(calls: Sequence[Call], request: Mapping[str, Any]) -> list[Finding]:
    """A finding for each member that differs in any call; a call of an unknown region is judged elsewhere."""
    allowed = {**{name: (value,) for name, value in request.items()}, "region_preference": tuple(ROUTER_NAMES.values())}
    wrong = {
        name: getattr(call, name)
        for name, values in allowed.items()
        for call in calls
        if getattr(call, name) not in values and not (name == "region_preference" and call.region is None)
    }
    return [
        Finding(CONSTANT, f"inference request: {name}", " or ".join(map(as_json, allowed[name])), as_json(got))
        for name, got in wrong.items()
    ]


def _default_prompt(rows: JobRows) -> str:
    """The prompt of a spec without questions: the benchmark's own input, else its description."""
    benchmark = _member(rows.spec, "benchmark")
    prompt = _member(_member(_member(benchmark, "input"), "data"), "prompt")
    return prompt if isinstance(prompt, str) and prompt else str(_member(benchmark, "description"))


def _member(value: Any, name: str) -> Any:
    return value.get(name, "") if isinstance(value, Mapping) else ""


def given_up(rows: JobRows, listed: Sequence[Provider]) -> list[Finding]:
    """Regions for which no provider was found although the router lists a healthy one."""
    healthy = {provider.region for provider in listed if provider.healthy}
    skipped = {
        str(row["region"])
        for row in rows.executions
        if _member(row["output_data"], "error_code") == NO_PROVIDER and REGIONS.get(row["region"]) in healthy
    }
    return [
        Finding(SKIPPED, f"executions of {region}", f"a call of the healthy provider of {REGIONS[region]}", NO_PROVIDER)
        for region in sorted(skipped)
    ]


def _violation(_: Contract) -> tuple[Record, Observations]:
    row = {"region": "US", "status": "failed", "output_data": {"error_code": NO_PROVIDER}}
    rows = JobRows({"jobspec_id": "a", "status": "failed"}, [row]).by_table()
    log = Log(None, [Provider(ROUTER_NAMES["US"])])
    return Record(""), Observations({"a": Observation("a", rows, calls=log)})


ORACLE = Oracle(
    name="router",
    promise="Router calls and executions agree one to one, in their requests and in their results.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("jobs", "executions"),
    needs={Need.STAND_IN: "the router of a deployed runner is neither programmed nor read"},
)
