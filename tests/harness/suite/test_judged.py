"""The verdict says which build was judged, by what, where and when, and holds no value of the service's environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

from beacon.pack import pack
from gate.core.settings import Settings
from gate.suite.judged import commit_of, judged, postgres_version


def _checkout(folder: Path) -> str:
    folder.mkdir()
    (folder / "serve").write_text("#!/bin/sh\n")
    words = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@localhost"]
    for more in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*words, *more], check=True, capture_output=True)
    return subprocess.run(
        [*words, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_commit_is_that_of_the_checkout_that_holds_the_command(tmp_path: Path) -> None:
    """A plus sign says that a file differs from the commit."""
    commit = _checkout(tmp_path / "build")
    assert commit_of(f"{tmp_path}/build/serve --port 1", tmp_path) == commit
    (tmp_path / "build" / "serve").write_text("#!/bin/bash\n")
    assert commit_of("build/serve", tmp_path) == f"{commit}+"
    assert commit_of("serve", tmp_path) == ""


def test_command_line_has_no_value_of_the_environment() -> None:
    words = ["--runner-env=TOKEN=s3cret", "--runner-env", "A=s3cret and more", "--depth", "smoke"]
    line = judged(Settings(), pack().service, words).command_line
    assert "s3cret" not in line
    assert "more" not in line
    assert line.endswith("--depth smoke")


def test_build_is_named_with_the_gate_and_the_machine() -> None:
    facts = dict(judged(Settings(), pack().service, []).facts)
    assert {"command", "gate", "python", "host", "date", "command line"} <= set(facts)
    assert postgres_version("postgresql://127.0.0.1:1/none") == ""
