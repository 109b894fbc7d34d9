"""The command ``doctor`` names what is missing, and what brings it."""

from __future__ import annotations

import resource
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from gate.cli import doctor
from gate.contract.diff import sources
from gate.core import resources
from gate.core.errors import Exit, GateError


def test_machine_that_runs_this_suite_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.doctor(Namespace()) == Exit.PASS
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("ok", "missing"))].count("missing") == 0
    assert all(any(name in line for line in lines) for name in (*doctor.NEEDED, *doctor.USEFUL))


def test_what_is_missing_is_named_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "range").write_text("40000\t40099\n")
    monkeypatch.setattr(resources, "_PORTS", tmp_path / "range")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    monkeypatch.setattr(doctor, "find", lambda _: None)
    assert doctor.doctor(Namespace()) == Exit.UNJUDGED
    output = capsys.readouterr().out
    for text in ("100, and 200 are needed", "sysctl -w", "ulimit -n 1024", "chromium-headless-shell"):
        assert text in output
    with pytest.raises(GateError, match="100 local ports; a run needs 200"):
        resources.check()


def test_processes_that_cannot_be_seen_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process() -> list[int]:
        raise IndexError  # as psutil where /proc is empty

    monkeypatch.setattr("psutil.pids", no_process)
    with pytest.raises(GateError, match=r"processes of this machine cannot be listed.*Mount /proc"):
        resources.check()


def test_reason_of_git_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"fatal: detected dubious ownership in repository at '/x'\n"
    refusal += b"To add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /x\n"
    ended = subprocess.CompletedProcess(["git"], 128, b"", refusal)
    monkeypatch.setattr(sources, "_git", lambda *_: ended)
    with pytest.raises(GateError, match="detected dubious ownership"):
        sources.load("HEAD", "x.yaml")
    text = subprocess.CompletedProcess(["git"], 128, "", ended.stderr.decode())
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: text)
    with pytest.raises(doctor.Missing) as missing:
        doctor.git()
    assert "dubious ownership" in missing.value.state
    assert missing.value.command == "git config --global --add safe.directory /x"
