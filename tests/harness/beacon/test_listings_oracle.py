"""The JSON of an endpoint is compared with the rows, member by member."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from beacon import api, comparisons, members, views
from beacon.contract import published
from beacon.members import Members
from beacon.oracles import listings
from beacon.rows import JobRows
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.core.record import Observation, Observations, Record
from tests.harness.support import sample_rows as sample
from tests.harness.support.sample_rows import BEGUN, JOB, published_row

ROWS = sample.rows()
Place = tuple[str | int, ...]


def items(columns: Members = members.EXECUTION) -> list[dict[str, Any]]:
    return [published_row(row, columns, job_id=JOB) for row in ROWS.executions]


def page(start: int, stop: int) -> dict[str, Any]:
    assert ROWS.job
    return published_row(ROWS.job, members.JOB, executions=items()[start:stop], executions_total=4)


def run_view() -> dict[str, Any]:
    assert ROWS.run
    assert ROWS.analysis
    return {
        "cross_region_execution": published_row(ROWS.run, members.RUN),
        "region_results": [published_row(row, members.REGION) for row in ROWS.regions],
        "analysis": published_row(ROWS.analysis, members.ANALYSIS),
    }


@dataclass(frozen=True)
class View:
    """A body that shows rows: how it is checked, where one object stands in it, and what that object has."""

    check: Callable[[Any], list[Finding]]
    body: Callable[[], Any]
    place: Place
    name: str
    members: Members
    schema: str
    identity: str = ""
    lost: str = "BG-LIST-001"


def view_run(body: Any) -> list[Finding]:
    return comparisons.run("view", body, ROWS)


def view_list(body: Any) -> list[Finding]:
    return comparisons.executions("view", body, ROWS)


def view_details(body: Any) -> list[Finding]:
    return comparisons.executions("view", body, ROWS, members.DETAILS)


def view_pages(body: Any) -> list[Finding]:
    return comparisons.pages("view", body if isinstance(body, list) else [body], ROWS)


def view_bias(body: Any) -> list[Finding]:
    return comparisons.compare("view", body, ROWS.analysis or {}, members.BIAS_ANALYSIS)


WITH_JOB = {"job_id": "job_id"}
RUN, RESULTS, ANALYSIS = "view/cross_region_execution", "view/region_results", "view/analysis"
EXECUTION, DETAILS = {**members.EXECUTION, **WITH_JOB}, {**members.DETAILS, **WITH_JOB}
VIEWS = {
    "list": View(view_list, items, (1,), "view", EXECUTION, "Execution", "id"),
    "details": View(view_details, lambda: items(members.DETAILS), (3,), "view", DETAILS, "ExecutionDetails", "id"),
    "page": View(
        view_pages,
        lambda: [page(0, 3), page(3, 4)],
        (1, "executions", 0),
        "view",
        EXECUTION,
        "Execution",
        "id",
        "BG-LIST-003",
    ),
    "job": View(view_pages, lambda: [page(0, 3), page(3, 4)], (1,), "view", members.JOB, "JobView"),
    "run": View(view_run, run_view, ("cross_region_execution",), RUN, members.RUN, "CrossRegionExecution"),
    "region": View(view_run, run_view, ("region_results", 1), RESULTS, members.REGION, "RegionResult", "region"),
    "analysis": View(view_run, run_view, ("analysis",), ANALYSIS, members.ANALYSIS, "Analysis"),
    "bias analysis": View(
        view_bias,
        lambda: published_row(ROWS.analysis or {}, members.BIAS_ANALYSIS),
        (),
        "view",
        members.BIAS_ANALYSIS,
        "",
    ),
}
MEMBERS = [(name, member) for name, view in VIEWS.items() for member in view.members]


def at(body: Any, place: Place) -> Any:
    for step in place:
        body = body[step]
    return body


def put(body: Any, place: Place, value: Any) -> Any:
    """The body with another value at a place; nothing is changed in it."""
    if not place:
        return value
    copy = body.copy()
    copy[place[0]] = put(body[place[0]], place[1:], value)
    return copy


def without(entry: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != member}


def causes(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in findings}


def other(value: Any) -> Any:
    """A value of the same type that is another."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return [*value, 1]
        case dict():
            return {**value, "more": 1}
    return "x"


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_body_that_shows_the_rows_is_no_finding(view: View) -> None:
    assert view.check(view.body()) == []


@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view.schema], ids=lambda view: view.schema)
def test_every_published_member_is_compared(view: View) -> None:
    members = set(published().document["components"]["schemas"][view.schema]["properties"])
    assert set(view.members) == members - {"executions", "executions_total"}


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_another_value_is_found(name: str, member: str) -> None:
    """A member that is other than its column, null or not there is found as that member and nothing else."""
    view = VIEWS[name]
    expected = (view.lost, view.name) if member == view.identity else ("BG-LIST-002", f"{view.name}: {member}")
    sound = at(view.body(), view.place)
    for spoilt in (sound | {member: other(sound[member])}, sound | {member: None}, without(sound, member)):
        assert causes(view.check(put(view.body(), view.place, spoilt))) == {expected}


JUNK: list[Any] = [None, True, 0, -1.5, 10**400, float("nan"), float("inf"), "", "x", [], {}, [None], [[]], [{}]]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place of a body; of a list the first entry stands for all."""
    yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for step, entry in entries:
        yield from places(entry, (*place, step))


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_other_json_at_any_place_is_a_finding(view: View) -> None:
    body = view.body()
    for place in places(body):
        for junk in JUNK:
            wrong = put(body, place, junk)
            if wrong != body:
                findings = view.check(wrong)
                assert findings, (place, junk)
                assert {finding.code[:8] for finding in findings} == {"BG-LIST-"}


SOUND: list[tuple[Any, Any]] = [
    (BEGUN, BEGUN.isoformat()),
    (BEGUN, BEGUN.astimezone(timezone(timedelta(hours=2))).isoformat()),
    (Decimal("0.10"), 0.1),
    (Decimal("1.00"), 1),
    (1, 1.0),
    ({"a": [1, True]}, {"a": [1.0, True]}),
]
FAULTY: list[tuple[Any, Any]] = [
    (BEGUN, BEGUN.replace(tzinfo=None).isoformat()),
    (BEGUN, BEGUN.replace(microsecond=678_000).isoformat()),
    (BEGUN, BEGUN.timestamp()),
    (Decimal("0.10"), 0.11),
    (Decimal("0.10"), "0.10"),
    (Decimal("1.00"), True),
    (1, True),
    (True, 1),
    (False, 0),
    (False, None),
    (None, False),
    (None, ""),
    ("1", 1),
    ("a", "A"),
    ([1], [1, 1]),
    ([1, 2], [2, 1]),
    ({"a": [1]}, {"a": [True]}),
    ({"a": None}, {}),
]


@pytest.mark.parametrize(("stored", "value"), SOUND)
def test_times_and_numbers_may_be_written_in_another_form(stored: Any, value: Any) -> None:
    assert comparisons.compare("view", {"member": value}, {"column": stored}, {"member": "column"}) == []


@pytest.mark.parametrize(("stored", "value"), FAULTY)
def test_value_of_another_type_is_another_value(stored: Any, value: Any) -> None:
    findings = comparisons.compare("view", {"member": value}, {"column": stored}, {"member": "column"})
    assert causes(findings) == {("BG-LIST-002", "view: member")}


ALL = items()
LISTS = {
    "none": [],
    "one lost": ALL[:-1],
    "one twice": [*ALL, ALL[0]],
    "another order": ALL[::-1],
    "one of another job": [*ALL, {**ALL[0], "id": 99}],
    "null": None,
    "an object": {"executions": ALL},
    "not objects": [1, 2, 3, 4],
}


@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
def test_lost_foreign_doubled_or_reordered_executions_are_found(listed: Any) -> None:
    assert causes(comparisons.executions("view", listed, ROWS)) == {("BG-LIST-001", "view")}


PAGES: dict[str, tuple[list[Any], set[tuple[str, str]]]] = {
    "overlap": ([page(0, 3), page(2, 4)], {("BG-LIST-003", "view")}),
    "gap": ([page(0, 2), page(3, 4)], {("BG-LIST-003", "view")}),
    "swapped": ([page(2, 4), page(0, 2)], {("BG-LIST-003", "view")}),
    "total of the page": ([{**page(0, 3), "executions_total": 3}, page(3, 4)], {("BG-LIST-003", "view: total")}),
    "total true": ([{**page(0, 4), "executions_total": True}], {("BG-LIST-003", "view: total")}),
    "no total": (
        [{"job": page(0, 4)["job"], "status": "completed", "executions": ALL}],
        {("BG-LIST-003", "view: total")},
    ),
    "an error": ([page(0, 3), {"error": "away"}], {("BG-LIST-001", "view")}),
    "null": ([page(0, 4) | {"executions": None}], {("BG-LIST-001", "view")}),
    "no page": ([], {("BG-LIST-003", "view")}),
}


@pytest.mark.parametrize(("shown_pages", "expected"), PAGES.values(), ids=PAGES)
def test_pages_that_are_not_complete_and_disjoint_are_found(
    shown_pages: list[Any], expected: set[tuple[str, str]]
) -> None:
    """Pages together show each row once, and each page has the total."""
    assert causes(comparisons.pages("view", shown_pages, ROWS)) == expected


def test_empty_listing_of_a_job_without_executions_is_no_finding() -> None:
    empty = JobRows(ROWS.job)
    assert comparisons.executions("view", [], empty) == []
    assert comparisons.pages("view", [page(0, 0) | {"executions_total": 0}], empty) == []
    assert causes(comparisons.executions("view", ALL, empty)) == {("BG-LIST-001", "view")}
    assert causes(view_run(None) + comparisons.run("view", run_view(), empty)) == {("BG-LIST-001", "view")}


def test_region_or_analysis_that_is_not_stored_or_not_shown_is_found() -> None:
    """A region or an analysis too many or too few is found; the order of regions is free."""
    view = run_view()
    assert view_run(view | {"region_results": view["region_results"][::-1]}) == []
    for results in (view["region_results"][:0], view["region_results"][:1], view["region_results"] * 2):
        assert causes(view_run(view | {"region_results": results})) == {("BG-LIST-001", RESULTS)}
    assert causes(view_run(view | {"analysis": None})) == {("BG-LIST-001", ANALYSIS)}
    none = JobRows(ROWS.job, ROWS.executions, ROWS.run, ROWS.regions)
    assert comparisons.run("view", view | {"analysis": None}, none) == []
    assert causes(comparisons.run("view", view, none)) == {("BG-LIST-001", ANALYSIS)}


def test_pages_are_joined() -> None:
    """The executions of all pages, or the page that has none; a bare list is no page."""
    assert isinstance(comparisons.joined([ALL]), str)
    assert comparisons.joined([{"executions": [1]}, {"executions": [2]}]) == [1, 2]
    assert comparisons.joined([{"executions": [1]}, {"error": "away"}]) == {"error": "away"}


def listed(**others: Any) -> list[Finding]:
    """Findings on a list of jobs that shows the sample's, with these members in another way."""
    assert ROWS.job
    row = listings.summarised(ROWS.job, ROWS)
    entry = {**published_row(row, members.SUMMARY), **others}
    body = json.dumps({"jobs": [{"id": "another"}, entry]}).encode()
    exchange = Exchange("GET", f"http://service{api.JOBS}", 200, body=body)
    observations = Observations({JOB: Observation(JOB, ROWS.by_table())})
    return list(listings.entries(Record("", [exchange]), observations, published()))


def test_list_of_jobs_shows_their_rows() -> None:
    assert not listed()


@pytest.mark.parametrize("member", sorted(members.SUMMARY.keys() - {"id", "status"}))
def test_wrong_member_of_a_listed_job_is_found(member: str) -> None:
    [finding] = listed(**{member: "2001-01-01T00:00:00Z"})
    assert (finding.code, finding.where) == ("BG-LIST-002", f"GET {api.JOBS}: jobs: {member}")
    assert finding.resource == JOB


def observed(view: str, *bodies: Any) -> list[Finding]:
    """Findings on the answers of a view that was asked for when the sample's job had ended."""
    answers = [Exchange("GET", "http://service", 200, body=json.dumps(body).encode()) for body in bodies]
    observations = Observations({JOB: Observation(JOB, ROWS.by_table(), {view: answers})})
    return list(listings.check(Record(""), observations, published()))


def entry(**others: Any) -> dict[str, Any]:
    assert ROWS.job
    return {**published_row(listings.summarised(ROWS.job, ROWS), members.SUMMARY), **others}


def test_job_is_looked_for_in_the_list_of_all() -> None:
    place = f"GET {api.JOBS}: jobs"
    assert not observed(views.LISTED, {"jobs": [{"id": "another"}, entry()]})
    [wrong] = observed(views.LISTED, {"jobs": [entry(regions=[])]})
    assert (wrong.code, wrong.where, wrong.resource) == ("BG-LIST-002", f"{place}: regions", JOB)
    bodies: list[Any] = [{"jobs": []}, {"jobs": [entry(), entry()]}, {"jobs": None}, []]
    for body in bodies:
        [lost] = observed(views.LISTED, body)
        assert (lost.code, lost.where) == ("BG-LIST-001", place)


def region_view(index: int) -> dict[str, Any]:
    row = ROWS.regions[index]
    ran = [item for item in items() if item["region"] == row["region"]]
    return {"region_result": published_row(row, members.REGION), "executions": ran}


def test_view_of_a_region_shows_its_rows() -> None:
    bodies = [region_view(index) for index in range(len(ROWS.regions))]
    assert not observed(views.REGION_VIEW, *bodies)
    whole = {**bodies[0], "executions": items()}
    [other] = observed(views.REGION_VIEW, whole)
    assert (other.code, other.where) == ("BG-LIST-001", views.REGION_VIEW)
    assert {finding.code for finding in observed(views.REGION_VIEW, [])} == {"BG-LIST-001"}


def test_job_that_was_shown_before_its_end_is_not_compared() -> None:
    assert not listed(status="running", updated_at="2001-01-01T00:00:00Z")
