"""One run, one directory: it is locked, emptied before the run, and filled at its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from gate.core.errors import GateError
from gate.verdict.report_directory import claim, publish, release

HOLD = "import sys; from pathlib import Path; from gate.verdict.report_directory import claim\n"


def test_results_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    for name in ("verdict.json", "verdict.html.partial", "junit.xml", "errors.txt", "mine.txt"):
        (tmp_path / name).touch()
    for path in ("journal/gw0.ndjson", "replay/x.json", "again/replay/x.json", "again/mine.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    claim(tmp_path)
    release(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".lock", "again", "mine.txt", "mine.txt"]


def test_claim_of_the_holder_removes_nothing(tmp_path: Path) -> None:
    claim(tmp_path)
    (tmp_path / "verdict.json").touch()
    claim(tmp_path)
    assert (tmp_path / "verdict.json").exists()
    release(tmp_path)


def test_second_run_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    """The kernel releases the lock of a killed process; a process of the same run may write."""
    script = f"{HOLD}claim(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as first:
        assert first.stdout
        first.stdout.readline()
        (tmp_path / "verdict.json").touch()
        with pytest.raises(GateError, match=rf"Another run \(process {first.pid}\) is using") as refused:
            claim(tmp_path)
        assert refused.value.exit_code == 3
        claim(tmp_path, holder=str(first.pid))
        assert (tmp_path / "verdict.json").exists()
        first.kill()
    claim(tmp_path)
    assert not (tmp_path / "verdict.json").exists()
    release(tmp_path)


def test_directory_that_cannot_be_written_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "below", Path("/proc/gate-reports")):
        with pytest.raises(GateError, match="cannot be written") as refused:
            claim(path)
        assert refused.value.exit_code == 3


def test_results_are_moved_into_place(tmp_path: Path) -> None:
    """Those that others wrote beside their places, too."""
    (tmp_path / "junit.xml.partial").write_text("<testsuites/>")
    (tmp_path / "allure-results.partial").mkdir()
    (tmp_path / "allure-results").mkdir()
    (tmp_path / "allure-results" / "old").touch()
    publish(tmp_path, {"verdict.json": "{}", "verdict.md": "#"})
    assert {path.name for path in tmp_path.iterdir()} == {"verdict.json", "verdict.md", "junit.xml", "allure-results"}
    assert list((tmp_path / "allure-results").iterdir()) == []


def test_reports_that_cannot_be_written_leave_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text("{}")
    (tmp_path / "verdict.md.partial").mkdir()
    with pytest.raises(GateError, match="reports cannot be written"):
        publish(tmp_path, {"verdict.json": "{}", "verdict.md": "#"})
    assert not (tmp_path / "verdict.json").exists()
