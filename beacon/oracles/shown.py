"""The rules between rows that show in the API as well, for a target whose rows are not seen.

Each keeps the code of its rule in ``contracts/database/invariants/``: broken here is broken there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

from beacon.database import DATABASE
from beacon.regions import ROUTER_NAMES
from beacon.rows import JobRows
from beacon.states import CROSS_REGION, TERMINAL
from gate.contract.document import Contract
from gate.core import values
from gate.core.findings import Finding
from gate.core.record import Observation, Observations, Record, Row
from gate.oracles.invariants import Invariant
from gate.oracles.registry import Oracle

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


def broken_rules(rows: JobRows, rules: Mapping[str, Invariant], *, cross_region: bool) -> list[Finding]:
    """A finding for each invariant that the views of a job break, with the first violation.

    Rules that need the end of a job are for ended jobs alone: views of others were not read at one moment.
    """
    if rows.job is None:
        return []
    ended = rows.job.get("status") in TERMINAL
    findings = []
    for code, (rule, at_end) in RULES.items():
        violation = next(rule(rows, cross_region), "") if ended or not at_end else ""
        if violation:
            findings.append(Finding(code, rules[code].name, rules[code].rule, violation, rows.id))
    return findings


def _spec(rows: JobRows) -> Mapping[str, Any]:
    return _mapping(rows.spec)


def _regions(rows: JobRows) -> list[str]:
    found = _mapping(_spec(rows).get("constraints")).get("regions")
    return [str(region) for region in found] if isinstance(found, list) else []


def _models(rows: JobRows) -> set[str]:
    spec = _spec(rows)
    metadata = _mapping(spec.get("metadata"))
    listed = next((one for one in (spec.get("models"), metadata.get("models")) if isinstance(one, list) and one), None)
    if listed is None:
        return {str(metadata.get("model") or "llama3.2-1b")}
    return {str(one.get("id") or one.get("name")) if isinstance(one, Mapping) else str(one) for one in listed}


def _questions(rows: JobRows) -> list[str]:
    found = _spec(rows).get("questions")
    return [str(one) for one in found] if isinstance(found, list) and found else ["default"]


def _triple(row: Row) -> tuple[str, str, str]:
    return str(row.get("region")), str(row.get("model_id")), str(row.get("question_id") or "default")


def _successes(rows: JobRows) -> int:
    return len({row.get("region") for row in rows.executions if row.get("status") == "completed"} & set(_regions(rows)))


def _missing(rows: JobRows, _: bool) -> Iterator[str]:
    there = {_triple(row) for row in rows.executions}
    wanted = product(_regions(rows), sorted(_models(rows)), _questions(rows))
    yield from (f"none for {triple}" for triple in wanted if triple not in there)


def _unasked(rows: JobRows, _: bool) -> Iterator[str]:
    wanted = set(product(_regions(rows), _models(rows), _questions(rows)))
    yield from (f"one for {_triple(row)}" for row in rows.executions if _triple(row) not in wanted)


def _twice(rows: JobRows, _: bool) -> Iterator[str]:
    counted = Counter(map(_triple, rows.executions))
    yield from (f"{number} for {triple}" for triple, number in counted.items() if number > 1)


def _job_status(rows: JobRows, _: bool) -> Iterator[str]:
    status = _mapping(rows.job).get("status")
    limits = _mapping(_spec(rows).get("constraints"))
    least, rate = _number(limits.get("min_regions"), 1), _number(limits.get("min_success_rate"), 0.67)
    successes, regions = _successes(rows), len(_regions(rows))
    wanted = "failed" if successes < least else "partial" if successes < rate * regions else "completed"
    if status != "cancelled" and regions and status != wanted:
        yield f"{status} with {successes} of {regions} regions, {least:g} and {rate:g} of them needed: {wanted}"


def _apart(rows: JobRows, cross_region: bool) -> Iterator[str]:
    run, status = rows.run, _mapping(rows.job).get("status")
    if run is not None and cross_region and run.get("status") != status:
        yield f"the job is {status}, its cross-region execution {run.get('status')}"


def _run_counts(rows: JobRows, _: bool) -> Iterator[str]:
    if rows.run is None:
        return
    successes, total = sum(row.get("status") == "success" for row in rows.regions), rows.run.get("total_regions")
    shown = (rows.run.get("success_count"), rows.run.get("failure_count"))
    if isinstance(total, int) and shown != (successes, total - successes):
        yield f"success_count and failure_count {shown}, of {total} regions {successes} succeeded"


def _region_results(rows: JobRows, cross_region: bool) -> Iterator[str]:
    if cross_region and rows.run is not None:
        there = [row.get("region") for row in rows.regions]
        yield from (f"none for {region}" for region in _regions(rows) if region not in there)


def _region_status(rows: JobRows, _: bool) -> Iterator[str]:
    for row in rows.regions:
        statuses = {one.get("status") for one in rows.executions if one.get("region") == row.get("region")}
        wanted = "success" if "completed" in statuses else "timeout" if "timeout" in statuses else "failed"
        if row.get("status") in {"success", "failed", "timeout"} and row["status"] != wanted:
            yield f"{row.get('region')} is {row['status']} with executions {sorted(map(str, statuses))}"


def _no_analysis(rows: JobRows, _: bool) -> Iterator[str]:
    run = rows.run
    due = run is not None and run.get("enable_analysis") is True and run.get("status") in TERMINAL - {"cancelled"}
    if due and _successes(rows) >= 2 and rows.analysis is None:
        yield f"none, with {_successes(rows)} successful regions"


def _run_named(rows: JobRows, cross_region: bool) -> Iterator[str]:
    wanted = rows.run.get("id") if rows.run and cross_region else None
    if cross_region and rows.run is None:
        return
    for row in rows.executions:
        if "cross_region_execution_id" in row and row["cross_region_execution_id"] != wanted:
            yield f"{row['cross_region_execution_id']} in execution {row.get('id')} of run {wanted}"


def _order(rows: JobRows, _: bool) -> Iterator[str]:
    for row in [*rows.executions, *([rows.run] if rows.run else []), *rows.regions]:
        told = [(name, time) for name in ("created_at", "started_at", "completed_at") if (time := _time(row.get(name)))]
        for (before, one), (after, other) in pairwise(told):
            if other < one:
                yield f"{after} {other} before {before} {one}"


def _plausible(rows: JobRows, _: bool) -> Iterator[str]:
    latest = datetime.now(UTC) + timedelta(minutes=1)
    for row in [*rows.executions, *([rows.run] if rows.run else []), *rows.regions]:
        for name, value in row.items():
            time = _time(value) if name.endswith("_at") else None
            if time and not OLDEST <= time <= latest:
                yield f"{name} {time}"


def _as_one(rows: JobRows, _: bool) -> Iterator[str]:
    starts = [row.get("started_at") for row in rows.executions if row.get("started_at")]
    if len(starts) > 2 and len(set(map(str, starts))) == 1:
        yield f"{len(starts)} at {starts[0]}"


def _unfinished(rows: JobRows, _: bool) -> Iterator[str]:
    for row in rows.executions:
        if row.get("status") in {"pending", "running"}:
            yield f"execution {row.get('id')} is {row['status']}"
    for row in rows.regions:
        if row.get("status") == "running":
            yield f"region {row.get('region')} is running"


def _cancelled(rows: JobRows, _: bool) -> Iterator[str]:
    if _mapping(rows.job).get("status") != "cancelled":
        yield from (f"{row.get('region')}" for row in rows.executions if row.get("status") == "cancelled")


def _no_code(rows: JobRows, _: bool) -> Iterator[str]:
    for row in rows.executions:
        if row.get("status") in {"failed", "timeout"} and not _mapping(row.get("output_data")).get("error_code"):
            yield f"execution {row.get('id')} is {row['status']}"


def _no_provider(rows: JobRows, _: bool) -> Iterator[str]:
    for row in rows.executions:
        if row.get("status") == "completed" and str(row.get("provider_id") or "").strip() in {"", "unassigned"}:
            yield f"execution {row.get('id')} in {row.get('region')}"


def _elsewhere(rows: JobRows, _: bool) -> Iterator[str]:
    for row in rows.executions:
        region, ran = str(row.get("region")), _mapping(_mapping(row.get("output_data")).get("metadata")).get("region")
        names = {region.lower(), ROUTER_NAMES.get(region, "")}
        if row.get("status") == "completed" and ran and str(ran).lower() not in names:
            yield f"{region} was answered in {ran}"


Rule = Callable[[JobRows, bool], Iterator[str]]
RULES: Mapping[str, tuple[Rule, bool]] = {
    "BG-INV-001": (_apart, True),
    "BG-INV-002": (_missing, False),
    "BG-INV-003": (_unasked, False),
    "BG-INV-004": (_twice, False),
    "BG-INV-007": (_region_results, False),
    "BG-INV-010": (_region_status, True),
    "BG-INV-013": (_run_counts, True),
    "BG-INV-016": (_job_status, True),
    "BG-INV-018": (_no_analysis, True),
    "BG-INV-024": (_run_named, False),
    "BG-INV-029": (_order, False),
    "BG-INV-031": (_plausible, False),
    "BG-INV-032": (_as_one, True),
    "BG-INV-034": (_unfinished, True),
    "BG-INV-036": (_cancelled, True),
    "BG-INV-037": (_no_code, True),
    "BG-INV-038": (_no_provider, True),
    "BG-INV-039": (_elsewhere, True),
}
"""By code: the rule, and whether it needs the end of the job."""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def _time(value: Any) -> datetime | None:
    time = values.time(value)
    return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)


def _oracle(invariants: Sequence[Invariant]) -> Oracle:
    """The oracle of these invariants, on a target without rows."""
    rules = {rule.code: rule for rule in invariants}

    def check(_: Record, observations: Observations, __: Contract) -> Iterator[Finding]:
        for observation in () if observations.stored else observations.resources.values():
            rows = JobRows.of(observation.rows)
            cross_region = (rows.job or {}).get("workflow") == CROSS_REGION
            yield from broken_rules(rows, rules, cross_region=cross_region)

    def violation(_: Contract) -> tuple[Record, Observations]:
        execution = {"id": 1, "region": "US", "status": "running"}
        rows = JobRows({"jobspec_id": "a", "status": "completed", "jobspec_data": {}}, [execution])
        return Record(""), Observations({"a": Observation("a", rows.by_table())}, stored=False)

    return Oracle(
        name="views",
        promise="The views of a job keep the invariants as far as they show them.",
        codes=tuple(rules[code].meaning for code in RULES),
        check=check,
        violation=violation,
    )


ORACLE = _oracle(DATABASE.invariants)
