"""``--replay`` runs against the build that the file names, and says which that is."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beacon.checkout import ROOT
from beacon.options import BeaconSettings
from beacon.pack import pack
from gate.cli.main import main
from gate.cli.replay import options_of
from gate.core.errors import UsageError
from gate.core.redaction import Redactor
from gate.core.rerun import RunOptions, of_replay
from gate.fuzz.replay import UNSEEN, Replay
from gate.fuzz.request import GeneratedRequest
from gate.session.codes import SILENT

FAULTY = shlex.join([sys.executable, str(ROOT / "tests" / "harness" / "support" / "faulty_runner.py")])
OPTIONS = RunOptions(values={"runner_command": FAULTY, "depth": "smoke"}, service={"FAULT": "OUR_FAULT"})
LISTING = GeneratedRequest("listJobs", "GET", "/api/v1/jobs")
MEMBER = Replay("BG-HTTP-004", "GET /api/v1/jobs 200 /", 0, LISTING, options=OPTIONS)
URL = "postgresql://reader:s3cret-word@db.example/jobs"


ENDS: dict[str, tuple[Replay, dict[str, str], str, int, str]] = {
    "the same build": (MEMBER, {"OUR_FAULT": "member"}, "", 1, "FAILED BG-HTTP-004"),
    "another build in the shell": (
        MEMBER,
        {"OUR_FAULT": "member", "GATE_RUNNER_COMMAND": "false", "GATE_TARGET": "remote"},
        "",
        1,
        "FAILED BG-HTTP-004",
    ),
    "a fixed build": (MEMBER, {"OUR_FAULT": "none"}, "", 0, "FIXED BG-HTTP-004"),
    "a build that hides it": (MEMBER, {"OUR_FAULT": "fails"}, "", 3, "does not do what every replay begins with"),
    "a build that does not start": (
        MEMBER,
        {"OUR_FAULT": "member"},
        "--runner-command false",
        3,
        "ERROR BG-HTTP-004 GET /api/v1/jobs 200 /: The service ended",
    ),
    "no build": (
        replace(MEMBER, options=RunOptions({"target": "remote", "base_url": "http://127.0.0.1:9"})),
        {},
        "",
        3,
        "No service answers at http://127.0.0.1:9",
    ),
    "a finding that was not seen again": (
        replace(MEMBER, doubt=UNSEEN),
        {"OUR_FAULT": "none"},
        "",
        3,
        f"that says nothing: {UNSEEN}",
    ),
    "a finding that was not seen again, and is there": (
        replace(MEMBER, doubt=UNSEEN),
        {"OUR_FAULT": "member"},
        "",
        1,
        "FAILED BG-HTTP-004",
    ),
    "an answer where there was none": (
        replace(MEMBER, code=SILENT, where="GET /api/v1/jobs"),
        {"OUR_FAULT": "none"},
        "",
        0,
        f"FIXED {SILENT}",
    ),
    "a variable that is not set": (MEMBER, {}, "", 2, "OUR_FAULT"),
}


def replayed(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Runs a printed command in this process, with its words as the shell expands them."""
    words = subprocess.run(
        ["sh", "-c", command.replace("./scripts/gate", "printf '%s\\n'")],
        env=dict(os.environ),
        text=True,
        capture_output=True,
        check=False,
    )
    if words.returncode:
        return words.returncode, words.stderr
    code = main(pack(), arguments=words.stdout.splitlines())
    return code, "".join(capsys.readouterr())


@pytest.mark.parametrize("case", ENDS)
def test_printed_command_is_answered_for_the_build_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    wanted, env, more, code, text = ENDS[case]
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    path = wanted.write(tmp_path, Redactor())
    ended, printed = replayed(f"{of_replay(path, wanted.options)} {more}", capsys)
    assert (ended, text in printed) == (code, True), printed
    build = more.removeprefix("--runner-command ") or wanted.options.values.get("base_url", FAULTY)
    assert code == 2 or f"\nreplayed against {build}" in printed


def test_printed_command_works_in_a_shell(tmp_path: Path) -> None:
    path = MEMBER.write(tmp_path, Redactor())
    program = shlex.join([sys.executable, "-m", "beacon"])
    ended = subprocess.run(
        ["sh", "-c", of_replay(path, MEMBER.options).replace("./scripts/gate", program)],
        cwd=ROOT,
        env={**os.environ, "OUR_FAULT": "member"},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("FAILED BG-HTTP-004 ")


RECORDED = RunOptions(
    {"target": "remote", "base_url": "http://h:1", "profile": "deployed", "seed": "3", "max_rate": "7"},
    {"database_url": "STAGING_DB"},
)
CHOSEN: dict[str, tuple[RunOptions, dict[str, Any], dict[str, str], dict[str, Any]]] = {
    "those of the file": (
        RECORDED,
        {},
        {"STAGING_DB": URL, "GATE_PROFILE": "published", "GATE_TARGET": "embedded"},
        {"target": "remote", "profile": "deployed", "seed": 3, "max_rate": 7.0, "database_url": URL},
    ),
    "a default of the file": (RunOptions(), {}, {"GATE_PROFILE": "deployed"}, {"profile": "published"}),
    "typed ones": (
        RECORDED,
        {"database_url": "postgresql://other/x", "profile": "published"},
        {},
        {"database_url": "postgresql://other/x", "profile": "published", "base_url": "http://h:1"},
    ),
    "another target": (RECORDED, {"target": "embedded"}, {}, {"target": "embedded", "base_url": None, "seed": 3}),
    "the service's variables": (RunOptions(service={"A": "OURS"}), {}, {"OURS": "x y"}, {"runner_env": {"A": "x y"}}),
    "a switch and a list": (
        RunOptions({**RECORDED.values, "read_only": True, "job": ["a b", "c"]}),
        {},
        {},
        {"read_only": True, "job": ("a b", "c")},
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_options_of_a_replay_are(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    recorded, typed, shell, expected = CHOSEN[case]
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    settings = options_of(BeaconSettings, typed, recorded)
    assert {name: getattr(settings, name) for name in expected} == expected


LACKING = {
    "STAGING_DB": RECORDED,
    "GATE_HEADER_AUTHORIZATION": RunOptions(headers=("GATE_HEADER_AUTHORIZATION",)),
    "OURS": RunOptions(service={"A": "OURS"}),
}


@pytest.mark.parametrize("variable", LACKING)
def test_replay_without_a_variable_of_its_file_is_refused(variable: str) -> None:
    with pytest.raises(UsageError, match=f"The variable {variable} is not set"):
        options_of(BeaconSettings, {}, LACKING[variable])
