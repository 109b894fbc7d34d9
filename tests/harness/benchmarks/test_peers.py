"""Other tools beside the gate: what is read from what they say, and what counts as caught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.report import Row, Study
from benchmarks.peers.tools import Dredd, Heard, Npm, Portman, Schemathesis, Tool, tools
from benchmarks.peers.trial import Trial
from gate.core.errors import Exit, GateError

ST: dict[str, Any] = {
    "failures": [
        {"code": "ST103", "operations": ["GET /a", "GET /b"]},
        {"code": "ST202", "operations": ["GET /a"]},
    ],
    "test_cases": {"generated": 7},
}
NEWMAN: dict[str, Any] = {
    "run": {
        "failures": [
            {"error": {"test": "[GET]::/jobs - Schema is valid", "message": "data should have id\n12 times"}},
            {"error": {"message": "connect ECONNREFUSED 127.0.0.1:4711"}},
        ],
        "stats": {"requests": {"total": 22}},
    }
}
DREDD = """pass: GET (200) /a duration: 5ms
fail: GET (404) /executions/101/details duration: 6ms
fail: GET (404) /executions/101/details duration: 6ms
fail: headers: At '/retry-after' Missing required property: retry-after
request: body: {}
complete: 1 passing, 1 failing, 0 errors, 28 skipped, 30 total
"""


def test_schemathesis_is_read_by_code_and_operation(tmp_path: Path) -> None:
    """One finding for each code at each operation, and the cases as requests."""
    (tmp_path / "report.json").write_text(json.dumps(ST))
    assert Schemathesis().heard(tmp_path, "") == Heard(frozenset({"ST103 GET /a", "ST103 GET /b", "ST202 GET /a"}), 7)


def test_portman_is_read_without_what_changes_from_run_to_run(tmp_path: Path) -> None:
    """The failed test with what was wrong, numbers left out."""
    (tmp_path / "report.json").write_text(json.dumps(NEWMAN))
    expected = {"[GET]::/jobs - Schema is valid: data should have id # times", ": connect ECONNREFUSED #.#.#.#:#"}
    assert Portman().heard(tmp_path, "") == Heard(frozenset(expected), 22)


def test_dredd_is_read_from_what_it_prints(tmp_path: Path) -> None:
    """A failure once, although it is printed twice; skipped transactions are no requests."""
    expected = "GET (#) /executions/#/details: headers: At '/retry-after' Missing required property: retry-after"
    assert Dredd().heard(tmp_path, DREDD) == Heard(frozenset({expected}), 2)


@pytest.mark.parametrize("tool", tools(), ids=lambda tool: tool.name)
def test_run_that_came_to_nothing_is_an_error(tmp_path: Path, tool: Tool) -> None:
    """No report is no clean bill."""
    with pytest.raises(GateError, match="out of memory"):
        tool.heard(tmp_path, "out of memory")


def test_missing_npm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where npm is missing the tool cannot be had, in one sentence; nothing is left half installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("benchmarks.peers.tools.user_cache_path", lambda _: tmp_path)
    npm = Npm(("one@1.0.0",))
    with pytest.raises(GateError, match="npm was not found"):
        npm.install()
    assert not npm.folder.exists()


def row(*trials: Trial) -> Row:
    return Row(Schemathesis(), trials=list(trials))


def said(defect: str, *findings: str, error: str = "") -> Trial:
    return Trial("schemathesis", defect, 1.0, Heard(frozenset(findings), 10), error)


def test_caught_is_what_no_clean_run_said() -> None:
    """A finding of any clean run is a false alarm and catches nothing."""
    made = row(said("", "a"), said("", "b"), said("D02", "a", "c"), said("D01", "b"))
    assert made.alarms == {"a", "b"}
    assert made.caught == {"D02": ["c"]}


def test_without_a_clean_run_nothing_is_caught() -> None:
    """Nothing can be told from false alarms then."""
    assert row(said("", error="took too long"), said("D01", "a")).caught == {}


ENDINGS: dict[str, tuple[list[Row], Exit]] = {
    "whole": ([row(said(""), said("D01", "a"))], Exit.PASS),
    "one tool cannot be had": ([row(said("")), Row(Dredd(), "npm was not found.")], Exit.PASS),
    "none can be had": ([Row(Dredd(), "npm was not found.")], Exit.UNJUDGED),
    "a run came to nothing": ([row(said(""), said("D01", error="took too long"))], Exit.UNJUDGED),
}


@pytest.mark.parametrize(("rows", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_tells_whether_the_table_is_whole(rows: list[Row], code: Exit) -> None:
    """Tools are measured, not judged: only what could not be measured counts."""
    assert Study(rows, [], [], 0).exit_code == code
