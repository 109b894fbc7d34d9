"""The printed command repeats a run with its options and without its secrets."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from beacon.options import BeaconSettings
from beacon.pack import pack
from gate.core.rerun import Rerun, RunOptions, expression_of, of_replay
from gate.core.settings import load, redactor
from gate.suite.state import Asked

URL = "postgresql://reader:s3cret-word@db.example/jobs"
REMOTE = {"target": "remote", "base_url": "http://staging.example", "database_url": URL}
FILE = Path("reports/replay/x.json")


def options(typed: Mapping[str, Any], **shell: str) -> RunOptions:
    settings = load(BeaconSettings, typed)
    return RunOptions.of(settings, shell, redactor(settings))


SPELLED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "defaults": ({}, {}, ""),
    "numbers and switches": (
        {"seed": "7", "time_factor": "2.5", "budget": "10m", "require_browser": True},
        {},
        "--seed 7 --time-factor 2.5 --budget 600 --require-browser",
    ),
    "a command": ({"runner_command": "python 'a b.py'"}, {}, "--runner-command 'python '\"'\"'a b.py'\"'\"''"),
    "of no matter": ({"keep": True, "allow_partial": True, "report_dir": "x"}, {}, ""),
    "jobs": (
        {**REMOTE, "database_url": None, "read_only": True, "job": ["a", "b"]},
        {},
        "--target remote --base-url http://staging.example --read-only --job a --job b",
    ),
    "a password in a variable of somebody's own": (
        REMOTE,
        {"STAGING_DB": URL, "GATE_DATABASE_URL": URL},
        '--target remote --base-url http://staging.example --database-url "${STAGING_DB:?}"',
    ),
    "a password in no variable": (
        REMOTE,
        {},
        '--target remote --base-url http://staging.example --database-url "${GATE_DATABASE_URL:?}"',
    ),
    "a token in a command": (
        {"runner_command": "env API_TOKEN=0123456789 run"},
        {},
        '--runner-command "${GATE_RUNNER_COMMAND:?}"',
    ),
    "variables of the service": (
        {"runner_env": ["A=1", "B=0123456789", "C=x"]},
        {"SHLVL": "1", "OURS": "0123456789", "C": "x"},
        '--runner-env A="${A:?}" --runner-env B="${OURS:?}" --runner-env C="${C:?}"',
    ),
    "production": (
        {**REMOTE, "database_url": None, "i_know_this_is_production": True},
        {},
        "--target remote --base-url http://staging.example --i-know-this-is-production",
    ),
}


@pytest.mark.parametrize("case", SPELLED)
def test_command_of_a_test_has_the_options_and_no_secret(case: str) -> None:
    typed, shell, words = SPELLED[case]
    command = Rerun(options(typed, **shell)).of_test("tests/a.py::test_b")
    assert command == " ".join(
        filter(None, ["./scripts/gate -k tests/a.py::test_b", words, "--report-dir reports/again"])
    )


def test_command_of_a_replay_leaves_to_the_file_what_that_may_hold() -> None:
    shell = {"GATE_HEADER_AUTHORIZATION": "Bearer 0123456789"}
    command = of_replay(FILE, options({**REMOTE, "profile": "deployed", "i_know_this_is_production": True}, **shell))
    assert command == (
        'GATE_HEADER_AUTHORIZATION="${GATE_HEADER_AUTHORIZATION:?}" ./scripts/gate --replay reports/replay/x.json '
        '--i-know-this-is-production --database-url "${GATE_DATABASE_URL:?}"'
    )


def test_recorded_options_are_those_of_the_run_again() -> None:
    typed = {"target": "containers", "runner_image": "r/s:1", "worker_containers": "2", "depth": "full", "seed": "3"}
    words = shlex.split(" ".join(options(typed).words))
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        f"--{name.replace('_', '-')}": value for name, value in typed.items()
    }


def test_finding_of_no_test_is_repeated_by_the_whole_run() -> None:
    assert Rerun(expression="a or b").of_test("the end of the run") == (
        "./scripts/gate -k 'a or b' --report-dir reports/again"
    )
    assert pack().suite.folder not in Rerun().of_test("the run as a whole")


@pytest.mark.parametrize("test", ["tests/a.py::test_b[c-1]", "tests/a.py::test_b[x: y, not=1 (z)]", "a::b[\\u1234]"])
def test_expression_selects_its_test(test: str) -> None:
    selected = Asked(expression=expression_of(test)).selected
    assert selected
    assert selected(test)
    assert not selected("tests/other.py::test_b")
