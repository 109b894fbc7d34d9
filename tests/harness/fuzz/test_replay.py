"""Replay files travel with a report, and old files stay readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beacon.checkout import ROOT
from gate.core.errors import UsageError
from gate.core.redaction import Redactor
from gate.fuzz.replay import Replay, command, load
from gate.fuzz.request import GeneratedRequest


def test_replay_command_has_a_quoted_path_relative_to_the_checkout(tmp_path: Path) -> None:
    assert command(ROOT / "reports" / "replay" / "x.json") == "./scripts/gate --replay reports/replay/x.json"
    assert command(tmp_path / "a b.json") == f"./scripts/gate --replay '{tmp_path}/a b.json'"


def test_replay_file_keeps_its_member_names_and_loads_as_it_was_written(tmp_path: Path) -> None:
    request = GeneratedRequest("a", "GET", "/?x=1", invalid=("query",), description="x is no number")
    replay = Replay("BG-FUZZ-001", "GET /", 1, request, [{"do": "list"}])
    path = replay.write(tmp_path, Redactor())
    assert load(path) == replay
    assert {"wrong": ["query"], "what": "x is no number"}.items() <= json.loads(path.read_text())["request"].items()


@pytest.mark.parametrize("members", [{}, {"version": 0}, {"version": 1, "request": {"shot": "a"}}])
def test_file_that_is_no_replay_file_is_a_usage_error(tmp_path: Path, members: dict[str, Any]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(members))
    with pytest.raises(UsageError, match=r"x\.json: expected a replay file"):
        load(path)
