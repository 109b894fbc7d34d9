"""The fields of an accepted request are in the rows; a lost or changed field is a finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.oracles.stored import declared, defaults
from beacon.oracles.stored import differences as check
from beacon.rows import JobRows
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.pointer import join
from tests.harness.support import sample_rows as sample

GONE: Any = object()
"""Stands for a member that is not there."""

# By the first place that a member is looked for: a value, and another.
VALUES: dict[str, tuple[Any, Any]] = {
    "/id": ("job-7", "job-8"),
    "/jobspec_id": ("job-7", "job-8"),
    "wrapper:/target_regions": (["US", "APAC", "EU"], ["US"]),
    "wrapper:/min_regions": (2, 3),
    "wrapper:/min_success_rate": (0.5, 0.6),
    "wrapper:/enable_analysis": (False, True),
    "/constraints/timeout": (5, 6),
    "/constraints/provider_timeout": (5, 6),
    "/version": ("v7", "v8"),
}
ENTRIES: list[Any] = [*declared()["stored"]]
SOURCES = [
    (source, column)
    for entry in ENTRIES
    for source in (*entry["request"], "default")
    for column in entry["columns"]
    if source != "default" or "default" in entry
]


def submission(spec: Any, wrapper: dict[str, Any] | None = None) -> Exchange:
    body = spec if wrapper is None else {"job_spec": spec, **wrapper}
    path = JOBS if wrapper is None else CROSS_REGION_JOBS
    return Exchange("POST", f"http://h{path}", 202, request_body=json.dumps(body).encode())


def put(root: dict[str, Any], pointer: str, value: Any) -> None:
    *above, last = pointer.removeprefix("/").split("/")
    for step in above:
        root = root.setdefault(step, {})
    root.pop(last, None)
    if value is not GONE:
        root[last] = value


def sent_spec() -> dict[str, Any]:
    """A JobSpec that the sample's rows are what became of."""
    return deepcopy(sample.job()["jobspec_data"])


def store(rows: JobRows, column: str, value: Any) -> None:
    """Writes a value where it is kept, as the column keeps it."""
    table, _, place = column.partition(".")
    row = rows.job if table == "jobs" else rows.run
    if isinstance(value, list) and column.endswith("regions"):
        value = [{"APAC": "ASIA"}.get(region, region) for region in value]
        value = len(value) if column.endswith("total_regions") else value
    assert row is not None
    put(row, place, Decimal(str(value)) if isinstance(value, float) and "/" not in place else value)


def columns_of(pointer: str) -> list[str]:
    return [column for entry in ENTRIES if pointer in entry["request"] for column in entry["columns"]]


def fresh() -> JobRows:
    return deepcopy(sample.rows())


def asked(source: str, entry: Any) -> tuple[Exchange, JobRows]:
    """A request that says a member in one place only, and the rows that are due."""
    spec, rows = sent_spec(), fresh()
    wrapper: dict[str, Any] = {}
    for pointer in entry["request"]:
        if not pointer.startswith("wrapper:"):
            put(spec, pointer, GONE)
    value = entry.get("default") if source == "default" else VALUES[entry["request"][0]][0]
    if source.startswith("wrapper:"):
        put(wrapper, source.removeprefix("wrapper:"), value)
    elif source != "default":
        put(spec, source, value)
    if source == "/benchmark/version":
        store(rows, f"jobs.jobspec_data{source}", value)
    for column in columns_of(entry["request"][0]):
        store(rows, column, value)
    return submission(spec, wrapper if source.startswith("wrapper:") else None), rows


def causes(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in findings}


def test_every_entry_has_values() -> None:
    assert {entry["request"][0] for entry in ENTRIES} == set(VALUES)


@pytest.mark.parametrize("workflow", [None, {}, {"target_regions": ["EU", "US"], "enable_analysis": True}])
def test_sound_rows_of_a_submission_are_no_finding(workflow: dict[str, Any] | None) -> None:
    """Both workflows, with and without what the wrapper may say."""
    assert check(submission(sent_spec(), workflow), fresh()) == []


def test_second_name_of_the_id_is_held_against_its_columns_too() -> None:
    """A submission with two different ids is to be refused; where it is not, one of them is lost."""
    findings = causes(check(submission({**sent_spec(), "jobspec_id": "job-8"}), fresh()))
    assert findings == {("BG-STORED-001", "jobs.jobspec_id"), ("BG-STORED-001", "jobs.jobspec_data/jobspec_id")}


@pytest.mark.parametrize(("source", "column"), SOURCES)
def test_a_member_is_held_against_each_of_its_columns(source: str, column: str) -> None:
    """Every place of a member counts, and its absence too."""
    entry = next(entry for entry in ENTRIES if column in entry["columns"])
    exchange, rows = asked(source, entry)
    assert check(exchange, rows) == []
    wrongs = [VALUES[entry["request"][0]][source != "default"], None]
    for wrong in [*wrongs, GONE] if "/" in column else wrongs:
        _, rows = asked(source, entry)
        store(rows, column, wrong)
        assert causes(check(exchange, rows)) == {("BG-STORED-001", column)}


@pytest.mark.parametrize("member", [default["member"] for default in declared()["defaults"]])
def test_member_that_is_absent_is_stored_with_its_default(member: str) -> None:
    spec, rows = sent_spec(), fresh()
    put(spec, member, GONE)
    value = dict(defaults(spec))[member]
    store(rows, f"jobs.jobspec_data{member}", value)
    assert check(submission(spec), rows) == []
    for wrong in (f"{value}.", None, GONE):
        store(rows, f"jobs.jobspec_data{member}", wrong)
        assert causes(check(submission(spec), rows)) == {("BG-STORED-001", f"jobs.jobspec_data{member}")}


SEVERAL = [entry for entry in ENTRIES if len(entry["request"]) > 1 and "/id" not in entry["request"]]
"""Entries whose first place counts; the two names of the id have to be equal instead."""


@pytest.mark.parametrize("entry", SEVERAL, ids=lambda e: e["request"][0])
def test_wrapper_wins_over_the_constraints_of_the_spec(entry: dict[str, Any]) -> None:
    first, second = entry["request"]
    value, other = VALUES[first]
    spec, rows, wrapper = sent_spec(), fresh(), None
    put(spec, second, other)
    if first.startswith("wrapper:"):
        wrapper = {first.rpartition("/")[2]: value}
    else:
        put(spec, first, value)
    for column in columns_of(first):
        store(rows, column, value)
    if second == "/benchmark/version":
        store(rows, f"jobs.jobspec_data{second}", other)
    assert check(submission(spec, wrapper), rows) == []
    for column in columns_of(first):
        store(rows, column, other)
    assert causes(check(submission(spec, wrapper), rows)) == {("BG-STORED-001", value) for value in columns_of(first)}


@pytest.mark.parametrize("entry", [e for e in ENTRIES if "counts_as_absent" in e], ids=lambda e: e["request"][0])
def test_value_that_counts_as_absent_is_stored_as_the_default(entry: dict[str, Any]) -> None:
    """Zero is no time, and 1.0 no version of its own."""
    for value in entry["counts_as_absent"]:
        spec, rows = sent_spec(), fresh()
        put(spec, entry["request"][0], value)
        store(rows, entry["columns"][0], entry["default"])
        assert check(submission(spec), rows) == []
        store(rows, entry["columns"][0], VALUES[entry["request"][0]][1])
        assert causes(check(submission(spec), rows)) == {("BG-STORED-001", entry["columns"][0])}


RICH: dict[str, Any] = {
    **sample.job()["jobspec_data"],
    "wallet_auth": {"address": "0x1", "signed": True},
    "target_regions": ["US"],
    "metadata": {"a/b~c": [1, {"deep": None}], "text": "no such member", "number": 1.5, "empty": {}},
}
SKIPPED = tuple(declared()["kept"]["except"])


def pointers(value: Any, pointer: str = "") -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every place of a JobSpec with the steps to it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, entry in pairs:
        here = pointer + join(step)
        if here in SKIPPED:
            continue
        yield here, (step,)
        for below, steps in pointers(entry, here):
            yield below, (step, *steps)


@pytest.mark.parametrize(("pointer", "steps"), list(pointers(RICH)), ids=str)
def test_a_member_that_was_lost_or_changed_is_found(pointer: str, steps: tuple[str | int, ...]) -> None:
    """Every member of a JobSpec, known or not, however deep."""
    assert check(submission(RICH), replace(fresh(), job=sample.job(jobspec_data=RICH))) == []
    for change in ("lost", "null", "other"):
        stored = deepcopy(RICH)
        *above, last = steps
        place: Any = stored
        for step in above:
            place = place[step]
        if (change == "lost" and isinstance(place, list)) or (change == "null" and place[last] is None):
            continue
        place[last] = {"null": None, "other": "other", "lost": None}[change]
        if change == "lost":
            del place[last]
        findings = causes(check(submission(RICH), replace(fresh(), job=sample.job(jobspec_data=stored))))
        assert ("BG-STORED-002", f"jobs.jobspec_data{pointer}") in findings
        assert {where for code, where in findings if code == "BG-STORED-002"} == {f"jobs.jobspec_data{pointer}"}


CHANGES: list[tuple[Any, Any, bool]] = [
    (1, 1.0, True),
    (0.1, 0.1, True),
    (2**53 + 1, 2**53, False),
    (10**400, 10**400, True),
    (10**400, 1, False),
    (1, True, False),
    (True, 1, False),
    (False, None, False),
    ("1", 1, False),
    ("a", "A", False),
    ([1, 2], [2, 1], False),
    ([1], [1, 2], False),
    ([], {}, False),
    ([], [1], False),
    ({"a": 1}, {"a": 1, "b": 2}, True),
    (None, GONE, False),
]


@pytest.mark.parametrize(("sent", "stored", "kept"), CHANGES)
def test_spec_may_be_stored_with_other_notations_of_numbers_and_more_members(
    sent: Any, stored: Any, kept: bool
) -> None:
    """Integers are exact, decimals are doubles, members may be added, and nothing else may differ."""
    spec, rows = sent_spec(), fresh()
    spec["extra"] = sent
    store(rows, "jobs.jobspec_data/extra", stored)
    findings = causes(check(submission(spec), rows))
    assert {where.partition("/")[2][:5] for _, where in findings} == (set() if kept else {"extra"})


def test_empty_list_of_models_is_replaced_and_any_other_is_kept() -> None:
    rows = fresh()
    assert check(submission({**sent_spec(), "models": []}), rows) == []
    other = {**sent_spec(), "models": [{"id": "m2"}]}
    assert causes(check(submission(other), rows)) == {("BG-STORED-002", "jobs.jobspec_data/models/0/id")}


def test_stored_spec_is_judged_under_both_spellings_of_the_wrapper() -> None:
    """A JobSpec in `jobspec` is held against the rows as well; one of workflow A may have a member of the wrapper."""
    wrong = {**sent_spec(), "id": "job-9", "jobspec_id": "job-9"}
    for spelling in ("job_spec", "jobspec"):
        body = json.dumps({spelling: wrong, "target_regions": ["US", "EU"]}).encode()
        exchange = Exchange("POST", f"http://h{CROSS_REGION_JOBS}", 202, request_body=body)
        assert causes(check(exchange, fresh())) == {("BG-STORED-001", column) for column in columns_of("/id")}


def test_a_job_of_workflow_a_has_no_run() -> None:
    """Columns of a row that the workflow does not have are not looked for."""
    assert check(submission(sent_spec()), replace(fresh(), run=None)) == []


def test_accepted_submission_without_a_row_is_a_finding() -> None:
    assert causes(check(submission(sent_spec()), JobRows())) == {("BG-STORED-001", "jobs")}


JUNK: list[Any] = [None, True, 0, "x", [], {}, [None], {"constraints": None}, {"constraints": {"regions": [None, {}]}}]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_malformed_spec_that_was_accepted_or_stored_is_a_finding(junk: Any) -> None:
    stored = replace(fresh(), job=sample.job(jobspec_data=junk))
    assert check(submission(sent_spec()), stored)
    assert check(submission(sent_spec(), {"target_regions": junk, "min_regions": junk}), fresh())
    bare = Exchange("POST", f"http://h{CROSS_REGION_JOBS}", 202, request_body=json.dumps(junk).encode())
    for exchange in (submission(junk), submission(junk, {}), bare):
        assert isinstance(check(exchange, fresh()), list)
