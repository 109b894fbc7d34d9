"""The parts of a finding's evidence that were not expected are marked, and bodies have a line for each member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.core.evidence import Evidence
from gate.verdict.evidence_view import difference, log, pretty, steps, tables
from gate.verdict.verdict import FindingResult
from tests.harness.support.laws import LAW

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def finding(where: str, got: str = "", **evidence: Any) -> FindingResult:
    texts = dict.fromkeys(("code", "severity", "title", "explanation", "expected"), "")
    return FindingResult(where=where, got=got, times=1, tests=[], evidence=Evidence(**evidence), request="r2", **texts)


@LAW
@given(JSON)
def test_pretty_text_is_the_same_value(value: Any) -> None:
    assert json.loads(pretty(json.dumps(value))) == value


@LAW
@given(JSON, st.integers(0, 200))
def test_clipped_text_keeps_every_character_but_spaces(value: Any, length: int) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False)[:length]
    assert "".join(pretty(text).split()) == "".join(text.split())


def test_each_member_has_a_line() -> None:
    assert pretty('{"a":[1,{"b":"{,"}],"c":{},"d":[]}').splitlines() == [
        "{",
        '  "a": [',
        "    1,",
        "    {",
        '      "b": "{,"',
        "    }",
        "  ],",
        '  "c": {},',
        '  "d": []',
        "}",
    ]
    assert pretty("boom {") == "boom {"


def test_words_that_only_one_text_has_are_marked() -> None:
    assert difference("404 a_b", "404 c_d") == ([("404 ", False), ("a_b", True)], [("404 ", False), ("c_d", True)])
    assert difference("same", "same") == ([("same", False)], [("same", False)])


ROWS = [{"id": 1, "status": "running", "region": "EU"}, {"id": 2, "status": "failed", "region": "EU"}]
OFFENDING = {
    "a column": ("jobs.status", "", {("running"), ("failed")}),
    "a member of a column": ("jobs.region/name", "", {"EU"}),
    "a column of another table": ("executions.status", "", set()),
    "a row of an invariant": ("rule", "status=failed, region=EU, answers=3; status=queued", {"failed", "EU"}),
    "no row of an invariant": ("rule", "status=queued", set()),
    "words": ("GET /x answered 404 for a running job of the region EU", "", set()),
}


@pytest.mark.parametrize(("where", "got", "marked"), OFFENDING.values(), ids=OFFENDING)
def test_offending_cells_are_marked(where: str, got: str, marked: set[str]) -> None:
    (table,) = tables(finding(where, got, rows={"jobs of j": list(map(json.dumps, ROWS))}))
    cells = [*table.same.values(), *(cell for line in table.lines for cell in line)]
    assert {text for text, offends in cells if offends} == marked


def test_cells_that_are_the_same_in_all_rows_stand_once() -> None:
    (table,) = tables(finding("rule", rows={"jobs of j": list(map(json.dumps, ROWS))}))
    assert (table.columns, table.same) == (["id", "status"], {"region": ("EU", False)})


def test_member_that_a_finding_names_is_marked_in_the_answer_that_shows_it() -> None:
    exchange = {"curl": "curl", "status": "200", "body": '{"a": 1, "jobs": [{"status": null}]}'}
    exchanges = [exchange | {"id": name} for name in ("r1", "r2", "r3")]
    views = steps(finding("GET /jobs 200 /jobs/*/status", exchanges=exchanges))
    assert [step.shows for step in views] == [False, True, False]
    assert [text.strip() for text, marked in views[1].body if marked] == ['"status": null']
    assert not any(marked for _, marked in views[0].body)


def test_last_exchange_shows_what_names_no_request() -> None:
    exchanges = [{"curl": "curl", "status": "200", "body": name} for name in ("first", "last")]
    assert [step.shows for step in steps(finding("x", exchanges=exchanges))] == [False, True]


def test_log_lines_keep_everything_that_they_say() -> None:
    entry = {
        "timestamp": "2026-01-01T10:00:00Z",
        "level": "info",
        "event": "request",
        "request_id": "r2",
        "status": 404,
    }
    mine, other = log(finding("x", log=[json.dumps(entry), "Traceback"]))
    assert (mine.time, mine.level, mine.event, mine.fields) == (
        "10:00:00Z",
        "info",
        "request",
        "request_id=r2 status=404",
    )
    assert (mine.mine, other.mine, other.fields) == (True, False, "Traceback")
