"""The commands of "Judge your own service", on the small service with one of its faults."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from benchmarks.foreign import services
from benchmarks.foreign.faults import copy
from gate.core.declaration import load, parse
from gate.core.surroundings import environment
from gate.verdict.verdict import read
from tests.harness.support.markdown import Page

PAGE = Page.read(ROOT, ROOT / "docs" / "judging-your-own-service.md")
BLOCKS = [block for block in PAGE.blocks if block.options.get("needs") == "wheel"]
COMMANDS = [shlex.split(command) for block in BLOCKS for command in block.commands]


def run(words: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    env = environment({"PYTHONPATH": str(ROOT)})
    return subprocess.run(command, cwd=directory, env=env, text=True, capture_output=True, timeout=110, check=False)


@pytest.mark.long
def test_commands_lead_from_nothing_to_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])  # as it is, for when it was extended
    services.bring_node()
    directory = tmp_path / "service"
    copy(directory, ["zero-fails"])
    (directory / "gate.toml").unlink()
    _, init, judge = COMMANDS
    begun = run(init, directory)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert load(directory).service.base == "/api"
    options = [
        "--depth",
        "smoke",
        "--workers",
        "1",
        "--report-dir",
        str(tmp_path / "reports"),
        "-k",
        "POST and branches",
    ]
    judged = run([*judge, *options], directory)
    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert [finding.where for finding in read(tmp_path / "reports").findings] == ["POST /branches 500"]


def test_commands_are_the_wheel_init_and_judge() -> None:
    assert [words[0:2] for words in COMMANDS] == [["pip", "install"], ["gate", "init"], ["gate", "judge"]]


def test_documented_declaration_is_read() -> None:
    page = Page.read(ROOT, ROOT / "docs" / "writing-a-pack.md")
    (block,) = (block for block in page.blocks if block.options.get("file") == "gate.toml")
    assert parse(block.text, Path("gate.toml")).idempotency


@pytest.mark.parametrize("name", services.SUBJECTS)
def test_pack_is_short(name: str) -> None:
    subject = services.SUBJECTS[name]
    assert load(subject.pack).service.start
    assert subject.setup_lines <= 30
