"""Other tools beside the gate: how their output is read, and what counts as caught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.cli import Row, Trial, exit_code, markdown
from benchmarks.peers.tools import TOOLS, Reading, Tool, npm
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
    (tmp_path / "report.json").write_text(json.dumps(ST))
    findings = frozenset({"ST103 GET /a", "ST103 GET /b", "ST202 GET /a"})
    assert TOOLS["schemathesis"].read(tmp_path, "") == Reading(findings, 7)


def test_portman_is_read_without_numbers_that_change_from_run_to_run(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(NEWMAN))
    findings = {"[GET]::/jobs - Schema is valid: data should have id # times", ": connect ECONNREFUSED #.#.#.#:#"}
    assert TOOLS["portman"].read(tmp_path, "") == Reading(frozenset(findings), 22)


def test_dredd_is_read_without_repetitions_and_skipped_transactions(tmp_path: Path) -> None:
    finding = "GET (#) /executions/#/details: headers: At '/retry-after' Missing required property: retry-after"
    assert TOOLS["dredd"].read(tmp_path, DREDD) == Reading(frozenset({finding}), 2)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_run_without_a_report_is_an_error(tmp_path: Path, tool: Tool) -> None:
    with pytest.raises(GateError, match="out of memory"):
        tool.read(tmp_path, "out of memory")


def test_missing_npm_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GateError, match="npm was not found"):
        npm("one", ("one@1.0.0",))


def test_npm_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "npm"
    program.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(GateError, match=r"could not install two@1\.0\.0.*no such package"):
        npm("two", ("two@1.0.0",))


def row(*trials: Trial) -> Row:
    return Row(TOOLS["schemathesis"], trials=list(trials))


def trial(defect: str, *findings: str, error: str = "") -> Trial:
    return Trial("schemathesis", defect, 1.0, Reading(frozenset(findings), 10), error)


def test_finding_of_a_clean_run_is_a_false_alarm_and_catches_nothing() -> None:
    part = row(trial("", "a"), trial("", "b"), trial("D02", "a", "c"), trial("D01", "b"))
    assert part.alarms == {"a", "b"}
    assert part.caught == {"D02": ["c"]}


def test_without_a_clean_run_nothing_is_caught() -> None:
    assert row(trial("", error="took too long"), trial("D01", "a")).caught == {}


def test_table_has_a_line_for_each_tool() -> None:
    rows = [row(trial("", "a|b"), trial("D01", "c")), Row(TOOLS["dredd"], "npm was not found.")]
    lines = list(markdown(rows, [], 0))
    assert "| 1 of 0 | D01 | 1 | 1.0 | 10 | none |" in lines[3]
    assert "| - | npm was not found. |" in lines[4]


MISSING = Row(TOOLS["dredd"], "npm was not found.")
ENDINGS: dict[str, tuple[list[Row], Exit]] = {
    "whole": ([row(trial(""), trial("D01", "a"))], Exit.PASS),
    "one tool cannot be had": ([row(trial("")), MISSING], Exit.PASS),
    "none can be had": ([MISSING], Exit.UNJUDGED),
    "a run came to nothing": ([row(trial(""), trial("D01", error="took too long"))], Exit.UNJUDGED),
}


@pytest.mark.parametrize(("rows", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_says_whether_the_table_is_whole(rows: list[Row], code: Exit) -> None:
    assert exit_code(rows) == code
