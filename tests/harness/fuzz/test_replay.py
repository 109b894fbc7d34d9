"""Replay files travel with a report, name the build that they are of, and hold no secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beacon.checkout import ROOT
from gate.core.errors import UsageError
from gate.core.redaction import Redactor
from gate.core.rerun import RunOptions, of_replay
from gate.fuzz.replay import SECRET, VERSION, Replay, load
from gate.fuzz.request import GeneratedRequest

OPTIONS = RunOptions(
    values={"target": "remote", "read_only": True, "job": ["a", "b"]},
    variables={"database_url": "STAGING_DB"},
    service={"TOKEN": "OURS"},
    headers=("GATE_HEADER_AUTHORIZATION",),
    typed=("i_know_this_is_production",),
)
REQUEST = GeneratedRequest("a", "GET", "/?x=1", invalid=("query",), description="x is no number")


def test_replay_command_has_a_quoted_path_relative_to_the_checkout(tmp_path: Path) -> None:
    command = of_replay(ROOT / "reports" / "replay" / "x.json", RunOptions())
    assert command == "./scripts/gate --replay reports/replay/x.json"
    assert of_replay(tmp_path / "a b.json", RunOptions()) == f"./scripts/gate --replay '{tmp_path}/a b.json'"


def test_replay_file_keeps_its_member_names_and_loads_as_it_was_written(tmp_path: Path) -> None:
    replay = Replay("BG-FUZZ-001", "GET /", 1, REQUEST, [{"do": "list"}], OPTIONS, "it was not seen again")
    path = replay.write(tmp_path, Redactor())
    assert load(path) == replay
    assert {"wrong": ["query"], "what": "x is no number"}.items() <= json.loads(path.read_text())["request"].items()


def test_generated_value_that_looks_like_a_secret_is_replayed_as_it_was(tmp_path: Path) -> None:
    body = {"wallet": {"address": "0123456789", "private_key": "x"}, "callback": "http://a:b@c/", "password": "y"}
    replay = Replay("BG-HTTP-001", "POST /", 1, GeneratedRequest.of(json.dumps(body).encode(), **POST), [])
    assert load(replay.write(tmp_path, Redactor(["another"]))) == replay


POST = {"operation": "a", "method": "POST", "target": "/"}
HOLDING: dict[str, Replay] = {
    "body": Replay("BG-HTTP-001", "POST /", 1, GeneratedRequest.of(b'{"a": ["s3cret-word"]}', **POST)),
    "place": Replay("BG-HTTP-001", "POST / s3cret-word", 1, REQUEST),
    "step": Replay("BG-FUZZ-007", "x", 1, steps=[{"do": "s3cret-word"}]),
}


@pytest.mark.parametrize("part", HOLDING)
def test_replay_without_its_secret_is_in_doubt(tmp_path: Path, part: str) -> None:
    path = HOLDING[part].write(tmp_path, Redactor(["s3cret-word"]))
    assert "s3cret-word" not in path.read_text()
    assert load(path).doubt == SECRET
    known = replace(HOLDING[part], doubt="another reason")
    assert load(known.write(tmp_path, Redactor(["s3cret-word"]))).doubt == "another reason"


REQUIRED = {"code": "a", "where": "b", "seed": 0, "request": None, "steps": [], "options": {}, "doubt": ""}
INVALID: list[dict[str, Any]] = [
    {},
    {**REQUIRED, "version": 0},
    {**REQUIRED, "version": 1},
    {**REQUIRED, "version": VERSION, "request": {"shot": "a"}},
    {**REQUIRED, "version": VERSION, "options": {"headers": 3}},
]


@pytest.mark.parametrize("members", INVALID)
def test_file_that_is_no_replay_file_is_a_usage_error(tmp_path: Path, members: dict[str, Any]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(members))
    with pytest.raises(UsageError, match=r"x\.json: expected a replay file"):
        load(path)
