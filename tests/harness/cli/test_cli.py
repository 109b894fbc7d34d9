"""The command line ends with one sentence and the right code, whatever is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from beacon.checkout import ROOT
from beacon.pack import SUITE, pack
from benchmarks import COMMANDS
from benchmarks.defects.cases import load as examples_of_runs
from gate import __version__
from gate.cli.explain import Cases, explain
from gate.cli.main import main
from gate.core.findings import LAYERS, LOOK
from gate.core.options import declared
from gate.core.waiting import wait
from gate.fuzz.codes import whole
from tests.harness.support.fake_runner import program

TIMED = re.compile(r"\d+:\d\d (starting|judging|finishing)")
"""A line of progress."""
QUICK = ("--workers", "1", "-k", "test_health_lists_each_service")


def gate(*words: str, cwd: Path = ROOT, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beacon", *words],
        cwd=cwd,
        env={**os.environ, **env},
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


def test_clean_runner_passes_and_leaves_every_report(tmp_path: Path) -> None:
    """Cases of one test: exit 0, a verdict in each format, and each case once in each.

    The target is embedded, as no container engine answers, and the run says so.
    """
    words = ("--target", "auto", "--depth", "smoke", "--workers", "1", "-k", "routed", "--report-dir", str(tmp_path))
    ended = gate(*words, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "target embedded, as no container engine answers" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("PASS")
    assert len([line for line in ended.stdout.splitlines() if not TIMED.match(line)]) <= 7, ended.stdout
    assert {"verdict.json", "verdict.md", "verdict.html", "junit.xml", "allure-results"} <= {
        p.name for p in tmp_path.iterdir()
    }
    ran = [test["id"] for test in json.loads((tmp_path / "verdict.json").read_text())["tests"]]
    results = [json.loads(path.read_text()) for path in (tmp_path / "allure-results").glob("*-result.json")]
    assert sorted(result["fullName"] for result in results) == ran
    assert len({result["testCaseId"] for result in results}) == len(ran) > 1
    assert (tmp_path / "junit.xml").read_text().count("<testcase ") == len(ran)


USAGE = {
    "unknown option": ["--dept", "ci"],
    "unknown command": ["expain", "BG-HTTP-001"],
    "command behind an option": ["--depth", "ci", "drift"],
    "unknown depth": ["--depth", "deep"],
    "remote without address": ["--target", "remote"],
    "recording at another depth": ["--depth", "ci", "--record-portal"],
    "unknown code": ["explain", "BG-NONE-1"],
    "unknown stage": ["stage", "moon"],
    "stage without an address": ["stage", "staging"],
    "ledger that is not there": ["cleanup", "no-such-ledger"],
}


def call(*words: str) -> int:
    """The exit code of a command line in this process."""
    try:
        return main(pack(), COMMANDS, words)
    except SystemExit as ended:  # of argparse, after the help
        return int(ended.code or 0)


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_bad_usage_is_exit_code_2_and_two_lines(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The error says the fault and the remedy; nothing is started."""
    assert call(*words) == 2
    output = capsys.readouterr()
    assert (output.out, len(output.err.splitlines())) == ("", 2)


MEANT = {
    "option": (["--dept", "ci"], "--depth"),
    "command": (["expain"], "explain"),
    "code": (["explain", "BG-HTP-001"], "BG-HTTP-001"),
    "stage": (["stage", "stagin"], "staging"),
    "option of a command": (["diff", "a", "b", "--jsn"], "--json"),
}


@pytest.mark.parametrize(("words", "meant"), MEANT.values(), ids=MEANT)
def test_misspelled_word_is_answered_with_the_word_that_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


UNJUDGED: dict[str, tuple[list[str], str]] = {
    "no such command": (["--runner-command", "no-such-runner"], "no-such-runner"),
    "migration that fails": (
        ["--migrate-command", f"{sys.executable} -c 'raise SystemExit(\"no table\")'"],
        "no table",
    ),
    "nobody at the address": (["--target", "remote", "--base-url", "http://127.0.0.1:1"], "--base-url"),
    "nothing matches": (["-k", "no_such_test"], "at depth ci none matches -k 'no_such_test'"),
}


@pytest.mark.parametrize(("words", "message"), UNJUDGED.values(), ids=UNJUDGED)
def test_run_that_cannot_judge_is_exit_code_3(tmp_path: Path, words: list[str], message: str) -> None:
    """A service that cannot be started, or nothing to run, is never a pass and never a traceback."""
    narrowed = words if "-k" in words else [*words, *QUICK]
    ended = gate(*narrowed, "--report-dir", str(tmp_path))
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert message in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert json.loads((tmp_path / "verdict.json").read_text())["verdict"] == "unjudged"


def test_runner_that_ends_by_itself_is_the_fault_of_the_build(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'print(\"no config\"); raise SystemExit(7)'"
    ended = gate(*QUICK, "--runner-command", command, "--report-dir", str(tmp_path))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (finding,) = json.loads((tmp_path / "verdict.json").read_text())["findings"]
    assert finding["got"] == "it ended by itself with exit code 7; its last line: no config"
    assert "no config" in finding["evidence"]["log"]


def test_contract_that_does_not_parse_is_exit_code_3(tmp_path: Path) -> None:
    """A broken contract file is named, with the line."""
    for name in ("gate", "beacon", "benchmarks", "contracts", "fixtures", "tests", "runner"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "contracts" / "openapi" / "runner.yaml").write_text("openapi: 3.1.0\npaths: [\n")
    ended = gate(*QUICK, cwd=tmp_path)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "runner.yaml" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_broken_runner_is_exit_code_1_with_the_evidence(tmp_path: Path) -> None:
    """A runner that answers nonsense: exit 1, and the failure is shown with a command that repeats it."""
    words = ("-v", "--runner-command", program(tmp_path, "{}"), "--report-dir", str(tmp_path / "reports"))
    ended = gate(*QUICK, *words)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "$ curl" in ended.stdout
    assert "$ curl" in (tmp_path / "reports" / "tests.log").read_text()
    verdict = json.loads((tmp_path / "reports" / "verdict.json").read_text())
    assert verdict["verdict"] == "broken"
    assert any(finding["evidence"]["exchanges"] for finding in verdict["findings"])


def test_failing_test_of_the_gate_itself_is_not_a_broken_build(tmp_path: Path) -> None:
    """The runner passes and a test of the gate itself does not: the exit code and the last word say so."""
    (tmp_path / "breaks.py").write_text(
        "def pytest_runtest_setup(item):\n    assert 'tests/harness/' not in item.nodeid, 'broken on purpose'\n"
    )
    chosen = "test_health_lists_each_service or test_wait_returns_the_value_that_met_the_condition"
    words = ["-p", "breaks", "--workers", "1", "--report-dir", str(tmp_path / "reports"), "-k", chosen]
    words += ["tests/contract/test_service.py", "tests/harness/core/test_waiting.py"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "PASS" in ended.stdout
    assert "1 of the tests of the gate itself failed" in ended.stdout


@pytest.mark.parametrize(
    "how", ["Ctrl-C", *(pytest.param(how, marks=pytest.mark.full) for how in ("SIGINT", "SIGTERM"))]
)
def test_interrupted_run_ends_at_once_and_leaves_nothing(tmp_path: Path, how: str) -> None:
    """Every process that the run started is gone, and the exit code is not 0."""
    with subprocess.Popen(
        [sys.executable, "-m", "beacon", "--workers", "1", "-k", "workflows", "--report-dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        root = psutil.Process(run.pid)
        wait(
            "a runner",
            lambda: _commands(root),
            until=lambda seen: any("runner" in command for command in seen),
            kind="ready",
        )
        started = root.children(recursive=True)
        if how == "Ctrl-C":  # a terminal signals every process of the foreground
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.send_signal(signal.Signals[how])
        assert run.wait(30) != 0
    wait(
        "all of them gone",
        lambda: [process.pid for process in started if _alive(process)],
        until=lambda alive: not alive,
    )


def _commands(root: psutil.Process) -> list[str]:
    commands = []
    for child in root.children(recursive=True):
        try:
            commands.append(" ".join(child.cmdline()))
        except psutil.Error:
            continue
    return commands


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_every_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """``gate explain`` lists every code, and prints one of them by its name."""
    assert call("explain") == 0
    assert "BG-HTTP-001" in capsys.readouterr().out
    assert call("explain", "bg-http-001") == 0
    assert capsys.readouterr().out.startswith("BG-HTTP-001 (critical)")


def test_explanation_has_causes_and_a_finding_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "BG-ANALYSIS-002") == 0
    explanation = capsys.readouterr().out
    assert re.search(r"\nExample, of a build in which .+:\n  .+\n    expected .+\n    got      .+\n", explanation)
    assert re.search(r"\nLikely causes.+:\n  - .+ \(D01\)\n", explanation)
    assert "\nWhere to look: the query" in explanation
    assert "(analysis-exists-or-says-why)" in explanation


def test_explanation_has_a_place_to_look_for_every_layer() -> None:
    assert [*LOOK] == [*LAYERS]


def test_explanation_has_a_real_example_and_the_related_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "BG-LOG-003") == 0
    explanation = capsys.readouterr().out
    assert "\nChecked by the oracle " in explanation
    assert re.search(r"\nExample:\n  a request's log line: .+\n    expected .+\n    got      .+\n", explanation)
    assert "\n  BG-LOG-001  Log line cannot be read\n" in explanation
    assert call("explain", "BG-INV-018") == 0
    invariant = capsys.readouterr().out
    assert "oracle invariants" in invariant
    assert "\nExample, the fewest rows that break it, with the columns that show it:\n  " in invariant
    assert "BG-INV-001" not in invariant


def test_every_code_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """The finding of a run, or without one the oracle's minimal violation or the text beside the code."""
    known = whole(pack())
    for code in known.keys() - examples_of_runs().keys():
        assert explain(Namespace(code=code), known, pack(), lambda _: Cases()) == 0
        assert "\nExample" in capsys.readouterr().out, code


def test_row_oracles_are_explained_without_a_pack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(None, (), ["explain", "BG-SENT-004"]) == 0
    assert re.search(r"\nExample:\n  PATCH .+\n    expected .+\n    got      .+\n\n", capsys.readouterr().out)


def test_help_names_every_option_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    output = capsys.readouterr().out
    options = [option.flag for option in declared(pack().options)]
    for word in (*options, "explain", "diff", "drift", "stage", "defects", "-x", "--replay", "Exit codes", "examples"):
        assert word in output


@pytest.mark.parametrize("command", ["", "diff", "stage", "defects"])
def test_help_of_a_command_is_shown_either_way(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (call("help", *command.split()), call(*command.split(), "--help")) == (0, 0)
    output = capsys.readouterr().out
    assert output[: len(output) // 2] == output[len(output) // 2 :]


def test_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"gate {__version__}\n"


@pytest.mark.parametrize("words", ["", "--depth ci", "drift", "stage staging", "update"])
def test_gate_without_a_pack_judges_nothing(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments=words.split()) == 2
    assert "A pack is needed to judge." in capsys.readouterr().err


def test_gate_without_a_pack_explains(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments=["explain", "BG-DIFF-001"]) == 0
    assert "BG-DIFF-001" in capsys.readouterr().out


def test_generated_files_are_current() -> None:
    """Otherwise: ``./scripts/gate update``."""
    assert call("update", "--check") == 0


def test_update_writes_what_is_not_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in {str(Path(name).parent) for name in (*pack().generated, "docs/options.md")}:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "docs" / "options.md").write_text("# Options of another day\n")
    elsewhere = replace(pack(), root=tmp_path, suite=replace(SUITE, inventory="", order=""))
    assert [main(elsewhere, arguments=words) for words in (["update", "--check"], ["update"])] == [1, 0]
    assert capsys.readouterr().out == "docs/options.md is not current.\nwrote docs/options.md\n"
    assert (tmp_path / "docs" / "options.md").read_text() == (ROOT / "docs" / "options.md").read_text()
    assert main(elsewhere, arguments=["update", "--check"]) == 0
