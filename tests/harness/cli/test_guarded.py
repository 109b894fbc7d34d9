"""A command that fails prints one sentence on standard error and returns the right exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from benchmarks import COMMANDS
from gate.cli.child import last_words
from gate.cli.guarded import guarded
from gate.cli.main import main
from gate.core.errors import GateError, UsageError
from gate.verdict import report_directory

ERRORS = {
    "gate": (GateError("No port.", "Close some."), 3, "gate: No port.\nClose some."),
    "usage": (UsageError("No option."), 2, "gate: No option."),
    "library": (
        ModuleNotFoundError("No module named 'httpx'"),
        3,
        "A library cannot be loaded: No module named 'httpx'",
    ),
    "file": (PermissionError(13, "Permission denied", "/a"), 3, "/a cannot be read or written: Permission denied."),
    "interrupt": (KeyboardInterrupt(), 3, "gate: interrupted."),
    "help": (SystemExit(0), 0, ""),
    "reader that is gone, as rich ends": (SystemExit(1), 3, "Standard output is closed."),
    "fault": (KeyError("x"), 3, f"gate: KeyError at {__file__}:"),
}


@pytest.mark.parametrize(("error", "code", "message"), ERRORS.values(), ids=ERRORS)
def test_error_is_a_sentence(error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> int:
        raise error

    assert guarded(run) == code
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) <= 2
    assert "Traceback" not in printed


def test_fault_of_the_gate_leaves_its_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report_directory.claim(tmp_path)
    try:
        assert guarded(lambda: 1 // 0) == 3
    finally:
        report_directory.release(tmp_path)
    assert "This is a fault of the gate." in capsys.readouterr().err
    assert "ZeroDivisionError" in (tmp_path / "errors.txt").read_text()


@pytest.mark.parametrize("redirection", [">&-", "> /dev/full", "<&- >&-", "| true"])
@pytest.mark.parametrize("words", ["explain", "--help"])
def test_output_that_cannot_be_written_is_exit_code_3(redirection: str, words: str, tmp_path: Path) -> None:
    """Also where the reader is gone before the first line."""
    code = tmp_path / "code"
    command = f"({sys.executable} -m beacon {words}; echo $? > {code}) {redirection}"
    command = command if "|" in redirection else f"{sys.executable} -m beacon {words} {redirection}; echo $? > {code}"
    ended = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    sentence, *_ = ended.stderr.splitlines()
    assert sentence.startswith("gate: Standard output ")
    assert "Traceback" not in ended.stderr
    assert code.read_text() == "3\n"


def test_library_that_is_missing_is_named(tmp_path: Path) -> None:
    """Also where the pack itself cannot be imported."""
    (tmp_path / "pydantic.py").write_text("raise ImportError('pydantic is broken', name='pydantic')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['explain']\n"
    code += "import runpy; runpy.run_module('beacon', run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr.startswith("gate: A library cannot be loaded: pydantic is broken.\n./scripts/gate, or uv sync")


def test_verdict_of_an_earlier_run_is_gone_before_options_are_judged(tmp_path: Path) -> None:
    for words in (["--depth", "deep"], ["--no-such-option"], ["stage", "moon"]):
        (tmp_path / "verdict.json").write_text("{}")
        assert main(pack(), COMMANDS, [*words, "--report-dir", str(tmp_path)]) == 2
        assert not (tmp_path / "verdict.json").exists()


def test_suite_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    """The reason is pytest's own, here a plugin that does not load."""
    (tmp_path / "xdist.py").write_text("raise ImportError('broken xdist')\n")
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name != "reports":
            (tmp_path / path.name).symlink_to(path)
    code = "import pathlib, runpy, sys, beacon.checkout\n"
    code += "beacon.checkout.ROOT = pathlib.Path.cwd(); sys.argv[1:] = ['--workers', '1', '--report-dir', 'reports']\n"
    code += "runpy.run_module('beacon', run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert ended.stderr.startswith(
        "gate: The suite could not judge: ImportError: broken xdist (xdist.py:1).\n./scripts/gate, or uv"
    )


WORDS = {
    "usage": (["ERROR: Missing required plugins: pytest-xdist", ""], "Missing required plugins: pytest-xdist"),
    "argument": (
        ["ERROR: usage: pytest [options]", "pytest: error: unrecognized arguments: -n", "  inifile: x"],
        "unrecognized arguments: -n",
    ),
    "conftest": (
        ["ImportError while loading conftest 'a.py'.", "b.py:3: in <module>", "E   ImportError: No library"],
        "ImportError: No library (b.py:3)",
    ),
    "document": (
        ["Traceback:", "gate.core.errors.DocumentError: a:1: expected X.", "  | x"],
        "a:1: expected X.",
    ),
    "exit": (["Exit: The journal cannot be written."], "The journal cannot be written."),
    "Python": (["/usr/bin/python: No module named pytest"], "/usr/bin/python: No module named pytest"),
    "nothing": ([], ""),
}


@pytest.mark.parametrize(("lines", "reason"), WORDS.values(), ids=WORDS)
def test_last_words_of_a_suite_say_why(lines: list[str], reason: str) -> None:
    assert last_words(lines) == reason
