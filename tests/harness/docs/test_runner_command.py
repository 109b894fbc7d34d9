"""The command line of the reference runner, as people meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from beacon.checkout import ROOT
from gate.targets import Target
from runner import __version__
from runner.settings import Settings, table


def runner(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the runner's command line in an environment without its settings, but for ``settings``."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=ROOT,
        env={**kept, "COLUMNS": "200", **settings},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_version_is_printed() -> None:
    assert runner("--version").stdout == f"beacon-runner {__version__}\n"


def test_help_and_page_describe_each_setting_with_its_default() -> None:
    help_text = runner("serve", "--help").stdout
    page = (ROOT / "docs" / "running-the-runner.md").read_text(encoding="utf-8")
    for variable, default, title in table(Settings):
        assert re.search(rf"^ *{variable} \({re.escape(default)}\): {re.escape(title)} *$", help_text, re.MULTILINE)
        row = rf"^\| `{variable}` \| `?{re.escape(default)}`?( [^|]+)? \| {re.escape(title)}"
        assert re.search(row, page, re.MULTILINE), variable
    assert "RUNNER_PORTAL" in help_text


def test_bad_settings_are_reported_together() -> None:
    refused = runner("serve", RUNNER_LOG_LEVEL="x", PORT="x", DATABASE_URL="postgresql://localhost/x")
    assert refused.returncode == 2
    sentences = refused.stderr.splitlines()
    assert [sentence.split()[1] for sentence in sentences] == ["RUNNER_LOG_LEVEL", "ROUTER_URL", "PORT"]
    assert all(
        re.fullmatch(r"runner: \S+ (is not set|has a value that cannot be used): expected .+\.", s) for s in sentences
    )


@pytest.mark.parametrize("command", ["migrate", "backfill"])
def test_command_for_the_database_needs_the_database_alone(command: str) -> None:
    refused = runner(command)
    assert refused.returncode == 2
    assert re.fullmatch(r"runner: DATABASE_URL is not set: expected .+\.\n", refused.stderr)


def test_address_is_printed_for_people_on_a_terminal(target: Target, shared: dict[str, str]) -> None:
    """The reading end of the terminal gets a line that is no JSON; the lines after it are."""
    reading, writing = os.openpty()
    settings = {"DATABASE_URL": target.database(shared), "ROUTER_URL": "http://127.0.0.1:1", "PORT": "0"}
    command = [sys.executable, "-m", "runner", "serve"]
    with (
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=writing) as service,
        os.fdopen(reading, encoding="utf-8") as terminal,
    ):
        try:
            line, event = terminal.readline(), json.loads(terminal.readline())
        finally:
            service.terminate()
    os.close(writing)
    assert line == f"The runner is at {event['url']}. Ctrl-C ends it.\n"
