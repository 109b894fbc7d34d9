"""Calls of the router and executions agree one to one, in their requests and in their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beacon.contract import published
from beacon.oracles.router_calls import NOT_LOGGED, differences, given_up
from beacon.router import DEFAULT_PROVIDERS, Call, unhealthy, without
from beacon.router.providers import CODES, REGIONS, Provider
from beacon.rows import JobRows
from beacon.views import texts_of
from gate.core.findings import Finding
from gate.core.record import Row
from tests.harness.support import sample_rows as sample
from tests.harness.support.sample_rows import JOB

TEXTS = {"math_basic": "What is 2 + 2?", "taiwan_status": "What is Taiwan?"}
DOCUMENT: dict[str, Any] = published().document["x-beacon-router"]
REQUEST: dict[str, Any] = DOCUMENT["request"]
WHERE = "executions of US m1 math_basic"
STARTED = ["completed", "failed", "timeout", "cancelled", "running"]


def call(row: Row, **changes: Any) -> Call:
    """The call that stands for an execution."""
    asked: dict[str, Any] = {
        "at": 0.0,
        "at_utc": datetime(2026, 1, 1, tzinfo=UTC),
        "job": JOB,
        "path": "/inference",
        "model": row["model_id"],
        "prompt": TEXTS.get(row["question_id"], "Benchmark: facts"),
        "region_preference": REGIONS[row["region"]],
        "outcome": "echo",
        "status": 200,
        "text": f"{row['region']} answers {row['question_id']}",
        "provider": f"modal-{row['region']}",
    }
    return Call(**asked | REQUEST | changes)


def single(**columns: Any) -> JobRows:
    """A job with one execution."""
    return JobRows(sample.job(), [sample.execution(7, **columns)])


def failed(code: str | None, status: str = "failed", **columns: Any) -> JobRows:
    return single(status=status, output_data={"error_code": code} if code else None, **columns)


def causes(rows: JobRows, calls: Sequence[Call]) -> set[tuple[str, str]]:
    findings: list[Finding] = differences(rows, calls, TEXTS, REQUEST)
    return {(finding.code, finding.where) for finding in findings}


ROWS = sample.rows()
CALLS = [call(row) for row in ROWS.executions]
US = CALLS[0]
TWICE = single(retry_count=1)
WIDEST = "x" * 255
TOO_WIDE = replace(US, provider=WIDEST + "y")
UNSUCCESSFUL = replace(US, outcome="unsuccessful", text=None, provider=None, words="no room")


def worded(words: str) -> JobRows:
    """A job with one execution that failed with these words of the router."""
    return single(status="failed", output_data={"error_code": "ROUTER_ERROR", "router_error": words})


SOUND: dict[str, tuple[JobRows, Sequence[Call]]] = {
    "every execution with its call": (ROWS, CALLS),
    "in any order": (ROWS, CALLS[::-1]),
    "a retry, whose last answer counts": (TWICE, [replace(US, status=None, text=None, provider=None), US]),
    "no execution at all": (JobRows(sample.job()), []),
    "never started": (failed(None, "cancelled", started_at=None), []),
    "an answer that names nobody": (single(), [replace(US, provider="")]),
    "a name that is too long": (
        single(provider_id=WIDEST, output_data={"response": US.text, "provider": WIDEST}),
        [TOO_WIDE],
    ),
    "no question": (single(question_id=None), [replace(US, prompt="Benchmark: facts")]),
    "answer of another region": (failed("ROUTER_REGION_MISMATCH"), [US]),
    "words of the router": (worded("a" * 2000), [replace(UNSUCCESSFUL, words=f" {'a' * 3000}")]),
    "no words": (failed("ROUTER_ERROR"), [replace(UNSUCCESSFUL, words=" \n")]),
    "a failure that has no words": (failed("ROUTER_TIMEOUT"), [UNSUCCESSFUL]),
    **{f"not logged {code}": (failed(code), []) for code in sorted(NOT_LOGGED)},
    **{
        f"{status} after a call": (failed("ROUTER_HTTP_503", status), [replace(US, outcome="status", text=None)])
        for status in STARTED[1:]
    },
}


@pytest.mark.parametrize(("rows", "calls"), SOUND.values(), ids=SOUND)
def test_calls_that_agree_with_the_executions_are_no_finding(rows: JobRows, calls: Sequence[Call]) -> None:
    """Each execution stands for its calls, and each call for an execution."""
    assert causes(rows, calls) == set()


NUMBER = {("BG-ROUTER-001", WHERE)}
COUNTS: dict[str, tuple[JobRows, Sequence[Call]]] = {
    "made up": (single(), []),
    "made up, never started": (single(started_at=None), []),
    "retries below zero": (single(retry_count=-1), []),
    "asked twice": (single(), [US, US]),
    "retry not counted": (single(retry_count=0), [US, US, US]),
    "retry not made": (TWICE, [US]),
    "called though never started": (failed(None, "pending", started_at=None), [US]),
    "cancelled, but called": (failed(None, "cancelled", started_at=None), [US]),
    "no provider, but called": (failed("ROUTER_NO_PROVIDER"), [US]),
    **{
        f"{status} without a call": (failed("ROUTER_HTTP_503", status), [])
        for status in STARTED[1:]
        if status != "cancelled"
    },
    "cancelled, two calls missing": (failed(None, "cancelled", retry_count=1), []),
}


@pytest.mark.parametrize(("rows", "calls"), COUNTS.values(), ids=COUNTS)
def test_calls_that_are_missing_or_too_many_are_found(rows: JobRows, calls: Sequence[Call]) -> None:
    """Results that were made up, and work that was done twice or for nothing."""
    assert causes(rows, calls) == NUMBER


def test_call_that_a_cut_path_kept_from_the_router_is_no_made_up_result() -> None:
    rows = failed("ROUTER_NETWORK")
    assert differences(rows, [], TEXTS, REQUEST, interrupted=True) == []
    assert causes(rows, []) == NUMBER
    other = failed("ROUTER_HTTP_500")
    assert [finding.code for finding in differences(other, [], TEXTS, REQUEST, interrupted=True)] == ["BG-ROUTER-001"]


def test_call_of_a_killed_runner_is_counted_even_if_it_was_not_sent() -> None:
    cut = replace(US, aborted=True, status=None, text=None, provider=None)
    for rows, calls in ((TWICE, [cut, US]), (TWICE, [US]), (single(), [US])):
        assert differences(rows, calls, TEXTS, REQUEST, interrupted=True) == []
    assert causes(single(), [cut, US]) == NUMBER
    for rows, calls in ((single(), [US, US]), (single(), [cut, US]), (TWICE, [cut, US, US]), (TWICE, [])):
        assert [finding.code for finding in differences(rows, calls, TEXTS, REQUEST, interrupted=True)] == [
            "BG-ROUTER-001"
        ]


def test_cancellation_may_come_between_a_claim_and_its_call() -> None:
    for count, calls in ((0, []), (0, [US]), (1, [US]), (1, [US, US])):
        assert causes(failed(None, "cancelled", retry_count=count), calls) == set()


def test_calls_with_one_idempotency_key_are_found() -> None:
    first, second = (replace(US, headers={"idempotency-key": key}) for key in ("job/1/0", "job/1/1"))
    assert causes(TWICE, [first, second]) == set()
    assert causes(TWICE, [first, first]) == NUMBER


def test_two_executions_do_not_share_a_call() -> None:
    twins = JobRows(sample.job(), [sample.execution(7), sample.execution(8)])
    assert causes(twins, [US]) == NUMBER


LIMITS = [{"timeout": 1}, {"provider_timeout": 999_999_999}, {"timeout": 1, "provider_timeout": None}]
LONGER: list[Any] = [{"timeout": 1_000_000_000}, {"timeout": 0}, {"timeout": "1"}, {}, None, []]


@pytest.mark.parametrize("limits", [*LIMITS, *LONGER], ids=repr)
def test_a_call_that_a_very_short_limit_cut_off_may_be_missing(limits: Any) -> None:
    """Only where the time ran out, and never is one too many."""
    job = sample.job(jobspec_data={"constraints": limits})
    late, lost = failed("ROUTER_TIMEOUT", "timeout"), failed("ROUTER_TIMEOUT")
    assert causes(replace(late, job=job), []) == (set() if limits in LIMITS else NUMBER)
    assert causes(replace(late, job=job), [US, US]) == NUMBER
    assert causes(replace(lost, job=job), []) == NUMBER


BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_OF_REGION = sample.execution(7, started_at=BEGIN, completed_at=BEGIN + timedelta(seconds=2))
SUDDEN: dict[str, tuple[dict[str, int], float, float, bool]] = {
    "as the time of its region was over": ({"provider_timeout": 2_000_000_000}, 1.98, 2.01, True),
    "as the time of its job was over": ({"timeout": 3_000_000_000}, 2.5, 3.01, True),
    "before any time was over": ({"provider_timeout": 2_000_000_000, "timeout": 3_000_000_000}, 1.2, 1.9, False),
    "when there was time to send it": ({"provider_timeout": 2_000_000_000}, 1.0, 2.01, False),
    "without a limit of its own": ({}, 1.98, 2.01, False),
}


@pytest.mark.parametrize(("limits", "started", "ended", "excused"), SUDDEN.values(), ids=SUDDEN)
def test_a_call_that_had_hardly_begun_may_be_missing(
    limits: dict[str, int], started: float, ended: float, excused: bool
) -> None:
    """Only where the limit of the region or of the job did pass, counted from its first call or from the start."""
    times: dict[str, Any] = {
        "started_at": BEGIN + timedelta(seconds=started),
        "completed_at": BEGIN + timedelta(seconds=ended),
    }
    error = {"error_code": "ROUTER_TIMEOUT"}
    late = sample.execution(8, question_id="taiwan_status", status="timeout", output_data=error, **times)
    job = sample.job(jobspec_data={"constraints": limits}, created_at=BEGIN)
    where = {("BG-ROUTER-001", WHERE.replace("math_basic", "taiwan_status"))}
    rows = JobRows(job, [FIRST_OF_REGION, late])
    assert causes(rows, [call(FIRST_OF_REGION)]) == (set() if excused else where)
    assert causes(rows, [call(FIRST_OF_REGION), call(late), call(late)]) == where


def test_call_that_never_arrived_whole_does_not_count() -> None:
    """The request is not known; a call that arrived whole before it was cut off counts."""
    torn = Call(at=0.0, at_utc=US.at_utc, job=JOB, path=US.path, errors=("the body did not arrive",), aborted=True)
    assert causes(ROWS, [torn, *CALLS]) == set()
    assert causes(ROWS, [replace(US, aborted=True), *CALLS]) == NUMBER


FOREIGN: dict[str, tuple[Call, str]] = {
    "another model": (replace(US, model="m2"), "US m2"),
    "another region": (replace(US, region_preference="asia-pacific"), "ASIA m1"),
    "no region": (replace(US, region_preference="mars"), "None m1"),
    "the question's id": (replace(US, prompt="math_basic"), "US m1"),
    "another question": (replace(US, prompt="What is the capital?"), "US m1"),
    "nothing": (replace(US, prompt=""), "US m1"),
}


@pytest.mark.parametrize(("other", "where"), FOREIGN.values(), ids=FOREIGN)
def test_a_call_of_no_execution_is_found(other: Call, where: str) -> None:
    """Beside the right calls it is one finding; in place of one, that one is missing too."""
    assert causes(ROWS, [*CALLS, other, other]) == {("BG-ROUTER-002", where)}
    assert causes(ROWS, [other, *CALLS[1:]]) == {("BG-ROUTER-002", where)} | NUMBER


ANSWERS: dict[str, tuple[JobRows, Call, str]] = {
    "another text": (ROWS, replace(US, text="Rome"), "response"),
    "no text was answered": (ROWS, replace(US, text=None), "response"),
    "another provider": (single(provider_id="modal-EU"), US, "provider_id"),
    "another provider in the output": (
        single(output_data={"response": US.text, "provider": "modal-EU"}),
        US,
        "provider",
    ),
    "text lost": (single(output_data={"provider": US.provider}), US, "response"),
    "answer lost": (failed("ROUTER_HTTP_503"), US, "status"),
    "answer lost without a reason": (failed(None), US, "status"),
    "words cut": (worded("no"), UNSUCCESSFUL, "router_error"),
    "words made up": (worded("no"), replace(UNSUCCESSFUL, words=""), "router_error"),
}


@pytest.mark.parametrize(("rows", "answer", "member"), ANSWERS.values(), ids=ANSWERS)
def test_a_result_that_is_not_the_answer_is_found(rows: JobRows, answer: Call, member: str) -> None:
    """The stored result is the answer, and no answer is lost."""
    calls = [answer, *CALLS[1:]] if rows is ROWS else [answer]
    assert causes(rows, calls) == {("BG-ROUTER-003", f"{WHERE}: {member}")}


def test_retried_call_is_judged_by_its_last_answer() -> None:
    assert causes(TWICE, [US, replace(US, text="Rome")]) == {("BG-ROUTER-003", f"{WHERE}: response")}


OTHER: dict[str, list[Any]] = {"temperature": [0.7, None], "max_tokens": [50, None], "cost_priority": [True, None]}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in REQUEST for value in OTHER[name]])
def test_wrong_constant_is_found_in_any_call(name: str, value: Any) -> None:
    for place in range(len(CALLS)):
        calls = [replace(call, **{name: value}) if number == place else call for number, call in enumerate(CALLS)]
        assert causes(ROWS, calls) == {("BG-ROUTER-004", f"inference request: {name}")}


@pytest.mark.parametrize("name", ["US", "EU", "ASIA"])
def test_a_region_that_is_not_called_by_the_routers_name_is_found(name: str) -> None:
    """The router falls back to another region where it does not know the name."""
    rows = single(region=name, provider_id=US.provider, output_data={"response": US.text, "provider": US.provider})
    assert causes(rows, [replace(US, region_preference=name)]) == {
        ("BG-ROUTER-004", "inference request: region_preference")
    }


def test_published_members_are_logged() -> None:
    """The stand-in notes each published constant, and knows the published names of the regions."""
    assert set(REQUEST) <= {field.name for field in fields(Call)}
    assert {code: name for name, code in CODES.items()} == DOCUMENT["regions"]


PROMPTS: dict[str, tuple[Any, str]] = {
    "input": ({"input": {"data": {"prompt": "Why?"}}, "description": "About"}, "Why?"),
    "empty input": ({"input": {"data": {"prompt": ""}}, "description": "About"}, "About"),
    "input no text": ({"input": {"data": {"prompt": 7}}, "description": "About"}, "About"),
    "no data": ({"input": {"data": "Why?"}, "description": "About"}, "About"),
    "no input": ({"input": None, "description": "About"}, "About"),
    "nothing": (None, ""),
}


@pytest.mark.parametrize(("benchmark", "prompt"), PROMPTS.values(), ids=PROMPTS)
def test_execution_without_a_question_is_asked_the_input_or_description_of_its_benchmark(
    benchmark: Any, prompt: str
) -> None:
    rows = replace(single(question_id="default"), job=sample.job(jobspec_data={"benchmark": benchmark}))
    assert causes(rows, [replace(US, prompt=prompt)]) == set()
    assert causes(rows, [replace(US, prompt="other")]) == {
        ("BG-ROUTER-001", "executions of US m1 default"),
        ("BG-ROUTER-002", "US m1"),
    }


@pytest.mark.parametrize("junk", [None, True, 0, "x", [], {}, [None], {"response": None}, {"error_code": []}], ids=repr)
def test_other_json_in_the_rows_is_a_finding(junk: Any) -> None:
    assert causes(single(output_data=junk), [US]) == {
        ("BG-ROUTER-003", f"{WHERE}: {member}") for member in ("response", "provider")
    }
    spoilt = replace(single(output_data=junk, status="failed", question_id=None), job=sample.job(jobspec_data=junk))
    assert causes(spoilt, [])


CATALOGUE = {"categories": {"control_questions": [{"question_id": "math_basic", "question": "What is 2 + 2?"}]}}


@pytest.mark.parametrize(
    "body",
    [None, 1, "x", [], {}, {"categories": None}, {"categories": []}, {"categories": {"a": None, "b": [1, {}]}}],
    ids=repr,
)
def test_unreadable_questions_have_no_texts(body: Any) -> None:
    assert texts_of(body) == {}
    assert texts_of(CATALOGUE) == {"math_basic": "What is 2 + 2?"}
    assert texts_of({"categories": {"a": [{"question_id": [], "question": None}]}}) == {}


@pytest.mark.parametrize(
    ("code", "listed", "findings"),
    [
        ("ROUTER_NO_PROVIDER", DEFAULT_PROVIDERS, ["executions of US"]),
        ("ROUTER_NO_PROVIDER", without("US"), []),
        ("ROUTER_NO_PROVIDER", unhealthy("US"), []),
        ("ROUTER_HTTP_503", DEFAULT_PROVIDERS, []),
    ],
)
def test_no_region_is_given_up_that_has_a_provider(code: str, listed: Sequence[Provider], findings: list[str]) -> None:
    """Only a region without a healthy provider may have no provider."""
    given = given_up(failed(code, provider_id="unassigned"), listed)
    assert [(finding.code, finding.where) for finding in given] == [("BG-ROUTER-005", where) for where in findings]
