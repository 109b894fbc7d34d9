"""Proving that the gate bites is itself sound: patches fail loudly, and only a finding about a defect counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from beacon.checkout import ROOT
from benchmarks.defects import score
from benchmarks.defects.catalogue import Defect, chosen, defects, third, together
from benchmarks.defects.patches import patching
from benchmarks.defects.patches.patching import PatchError
from benchmarks.defects.score import Clean, Together
from benchmarks.defects.trial import Seen, Sighting
from gate.core.errors import Exit, GateError, UsageError
from gate.core.findings import Finding, catalogue
from gate.core.waiting import wait
from runner import migrate

NUMBERS = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    11,
    12,
    14,
    15,
    18,
    19,
    20,
    21,
    22,
    24,
    26,
    27,
    28,
    30,
    31,
    32,
    33,
    35,
    36,
    37,
    39,
    40,
    41,
    42,
    43,
    44,
    46,
    48,
    49,
    50,
    51,
    53,
    56,
    58,
    59,
    61,
)
IDS = [f"D{number:02}" for number in NUMBERS]
EXIT_PATCH = 70


def command(*words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, text=True, capture_output=True, timeout=timeout, check=False
    )


def test_every_defect_of_the_deployed_system_is_there() -> None:
    """45 of them, by their ids, which have gaps."""
    assert list(defects()) == IDS
    assert len(IDS) == 45


@pytest.mark.parametrize("name", IDS)
def test_codes_that_catch_a_defect_exist(name: str) -> None:
    """A code that no finding can have would never count."""
    for entry in defects()[name].caught_by:
        code, _, pattern = entry.partition(" ")
        assert code in catalogue() or (pattern and any(known.startswith(f"{code}-") for known in catalogue())), entry


def test_every_defect_can_be_put_into_this_runner() -> None:
    """What a patch changes is still as it was when the patch was made."""
    ended = command("benchmarks.defects.patches", ",".join(defects()), "check")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", [["D99", "serve"], ["D01,D99", "migrate"], ["../D01", "serve"], ["", "serve"]])
def test_unknown_defect_is_a_failure_of_its_own(words: list[str]) -> None:
    """A wrapper that went on without the defect would let the gate pass for having missed it."""
    ended = command("benchmarks.defects.patches", *words)
    assert ended.returncode == EXIT_PATCH
    assert "cannot be put there" in ended.stderr
    assert "Traceback" not in ended.stderr


TARGET = types.ModuleType("target")
TARGET.text = "SELECT a FROM b"  # type: ignore[attr-defined] # a module made here has what is put into it
TARGET.table = {"a": 1}  # type: ignore[attr-defined] # as above


def one(first: int) -> int:
    """A function to change."""
    return first + 1


TARGET.one = one  # type: ignore[attr-defined] # as above
GONE: dict[str, Callable[[], Any]] = {
    "name": lambda: patching.replace(TARGET, "two", 2),
    "parameters": lambda: patching.replace(TARGET, "one", lambda other: other),
    "text": lambda: patching.replace_text(TARGET, "text", "FROM c", "FROM d"),
    "text that stands there more often": lambda: patching.replace_text(TARGET, "text", "E", "e"),
    "no text": lambda: patching.replace_text(TARGET, "table", "a", "b"),
    "entry": lambda: patching.replace_entry(TARGET.table, "b", 2),
    "source": lambda: patching.edit(one, ("first + 2", "first")),
    "source that is no Python any more": lambda: patching.edit(one, ("first + 1", "first +")),
    "no function": lambda: patching.edit(len, ("a", "b")),
    "function inside another": lambda: patching.edit(_counter(), ("count + 1", "count")),
    "schema version": lambda: patching.edit_migration(99, ("a", "b")),
    "statement of a schema version": lambda: patching.edit_migration(1, ("CREATE NOTHING", "")),
    "file without a copy": lambda: patching.edit_file("pyproject.toml", ("a", "b")),
}


def _counter() -> Callable[[], int]:
    count = 1

    def counter() -> int:
        return count + 1

    return counter


@pytest.mark.parametrize("patch", GONE.values(), ids=GONE)
def test_target_that_is_gone_fails(patch: Callable[[], Any]) -> None:
    """Nothing is patched in silence, or beside the place that was meant."""
    with pytest.raises(PatchError):
        patch()
    assert one(1) == 2


def test_edited_function_is_changed_for_all_who_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that imported it before, and routes, included."""
    held = one
    monkeypatch.setattr(one, "__code__", one.__code__)  # puts it back afterwards
    patching.edit(one, ("first + 1", "first + 10"))
    assert held(1) == 11


def test_statement_of_a_schema_version_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For this process; the file stays as it is."""
    before = migrate.available()
    monkeypatch.setattr(migrate, "available", migrate.available)
    patching.edit_migration(1, ("CREATE TABLE jobs (", "CREATE TABLE work ("))
    after = migrate.available()
    assert "CREATE TABLE work (" in after[0].up
    assert after[1:] == before[1:]


def test_file_is_changed_in_the_copy_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkout itself is never touched."""
    monkeypatch.setattr(patching, "_files", [])
    (tmp_path / "a.txt").write_text("old")
    patching.files_in(tmp_path)
    patching.edit_file("a.txt", ("old", "new"))
    assert (tmp_path / "a.txt").read_text() == "new"
    with pytest.raises(PatchError):
        patching.edit_file("b.txt", ("old", "new"))


DEFECT = Defect("D01", "one", "What it is.", ("BG-HTTP-004 executions", "BG-TEST-001 one"), ("question_id",))
OTHER = Defect("D02", "two", "What it is.", ("BG-HTTP-004",), ("question_id", "model_id"))
ABOUT = Finding("BG-HTTP-004", "GET /executions", "question_id", "nothing")
ELSEWHERE = Finding("BG-HTTP-004", "GET /jobs", "model_id", "nothing")
BY_A_TEST = Finding("BG-TEST-001", "test_one", "the test passes", "no")


def seen(*findings: Finding, error: str = "") -> Seen:
    return Seen([Sighting(finding, 2.0 + number) for number, finding in enumerate(findings)], 9.0, error)


RESULTS: dict[str, tuple[Seen, str, bool, bool]] = {
    "about it": (seen(ABOUT), "caught", True, True),
    "about it, by a test": (seen(BY_A_TEST), "caught", False, False),
    "in another place": (seen(ELSEWHERE), "missed", False, False),
    "about it, among others": (seen(ELSEWHERE, ABOUT), "caught", True, True),
    "nothing": (seen(), "missed", False, False),
    "a runner that does not start": (seen(error="The runner ended."), "error", False, False),
}


@pytest.mark.parametrize(("run", "result", "oracle", "named"), RESULTS.values(), ids=RESULTS)
def test_only_a_finding_about_a_defect_catches_it(run: Seen, result: str, oracle: bool, named: bool) -> None:
    """A run that turns red for another reason proves nothing."""
    trial = score.trial(DEFECT, run, at_first=True)
    assert (trial.result, trial.oracle, trial.named) == (result, oracle, named)


def test_code_of_a_group_needs_a_place() -> None:
    """Rules between rows are told apart by their names, which stay when their numbers do not."""
    overdue = Defect("D03", "three", "What it is.", ("BG-INV overdue", "BG-ROW"), ("time",))
    assert overdue.about("BG-INV-045", "overdue")
    assert not overdue.about("BG-INV-045", "job_and_run_apart")
    assert not overdue.about("BG-ROW-001", "jobs")


def test_time_to_the_first_finding_is_that_of_the_one_that_counts() -> None:
    """What an earlier run took is added, as somebody who waits has to wait for both."""
    assert score.trial(DEFECT, seen(ELSEWHERE, ABOUT), at_first=False, before=4.0).seconds == 7.0


def test_one_finding_tells_of_one_defect_only() -> None:
    """Where several are on at once, a finding that fits two is given to one, and so that most have one."""
    assert score.apart([OTHER, DEFECT], seen(ABOUT)).named == ["D02"]
    assert score.apart([OTHER, DEFECT], seen(ABOUT, ELSEWHERE)).named == ["D02", "D01"]
    assert not score.apart([OTHER, DEFECT], seen(ABOUT)).enough


CAUGHT = score.trial(DEFECT, seen(ABOUT), at_first=True)
MISSED = score.trial(DEFECT, seen(), at_first=True)
ERROR = score.trial(DEFECT, seen(error="gone"), at_first=True)
SOUND, FALSE, BROKEN = (
    Clean(seed=0, findings=[], seconds=1.0),
    Clean(seed=0, findings=["BG-HTTP-004"], seconds=1.0),
    Clean(seed=0, findings=[], seconds=1.0, error="no Postgres"),
)
APART = Together(defects=["D01", "D02"], named=["D01", "D02"])
ENDINGS: dict[str, tuple[tuple[Any, Any, Any], int]] = {
    "all caught": (([CAUGHT], [SOUND], APART), 0),
    "one missed": (([CAUGHT, MISSED, ERROR], [SOUND], None), 1),
    "finding on the clean runner": (([CAUGHT], [FALSE], None), 1),
    "too few told apart": (([CAUGHT], [SOUND], Together(defects=["D01", "D02"], named=["D01"])), 1),
    "one not judged": (([CAUGHT, ERROR], [SOUND], None), 3),
    "clean run not judged": (([CAUGHT], [BROKEN], None), 3),
    "those at once not judged": (([CAUGHT], [SOUND], Together(defects=["D01"], named=[], error="gone")), 3),
}


@pytest.mark.parametrize(("parts", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_follows_from_the_table(tmp_path: Path, parts: tuple[Any, Any, Any], code: int) -> None:
    """And both reports are written, whatever it is."""
    table = score.score(*parts, seconds=1.0)
    score.write(table, tmp_path)
    assert table.exit_code == code
    assert json.loads((tmp_path / "defects.json").read_text())["trials"][0]["id"] == "D01"
    assert "| D01 one |" in (tmp_path / "defects.md").read_text()


def test_three_thirds_are_all_of_them() -> None:
    """Whatever the number that they begin with."""
    known = list(defects().values())
    taken = [defect.id for number in (7, 8, 9) for defect in third(known, number)]
    assert sorted(taken) == IDS


def test_ten_are_put_together() -> None:
    """All of them known."""
    assert len(chosen(defects(), together())) == 10


@pytest.mark.parametrize("names", ["", "D99", "D01,D99", " , "])
def test_defect_that_is_not_known_cannot_be_chosen(names: str) -> None:
    """Nothing chosen is no choice."""
    with pytest.raises(UsageError):
        chosen(defects(), names)


NO_DEFECT = {
    "d01_a.py": '"""What it is."""\nCAUGHT_BY = ("BG-HTTP-004",)\nCAUSE = ("x",)\n',
    "d02_a.py": '"""D02: what it is."""\nCAUGHT_BY = ()\nCAUSE = ("x",)\n',
    "d03_a.py": '"""D03: what it is."""\nCAUGHT_BY = ("BG-HTTP-004",)\n',
    "d04_a.py": '"""D04: what it is."""\nCAUGHT_BY = ("BG-HTTP-004",)\nCAUSE = ("x",)\nKIND = "ghost"\n',
    "d05.py": '"""D05: what it is."""\nCAUGHT_BY = ("BG-HTTP-004",)\nCAUSE = ("x",)\n',
}


@pytest.mark.parametrize("name", [*NO_DEFECT, ""])
def test_module_that_is_no_defect_is_refused(tmp_path: Path, name: str) -> None:
    """As is a folder without any."""
    if name:
        (tmp_path / name).write_text(NO_DEFECT[name])
    with pytest.raises(GateError):
        defects(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["--only", "D99"],
        ["--third", "x"],
        ["--together", "D01"],
        ["--jobs", "0"],
        ["--clean", "-1"],
        ["--seed", "x"],
        ["--only", "D01", "--third", "1"],
    ],
    ids=" ".join,
)
def test_bad_usage_of_the_command_is_2(words: list[str]) -> None:
    """And nothing was started."""
    ended = command("beacon", "defects", *words)
    assert ended.returncode == Exit.USAGE
    assert "Traceback" not in ended.stderr


def test_command_catches_a_defect(tmp_path: Path) -> None:
    """From the runner with the defect to the table."""
    ended = command("beacon", "defects", "--only", "D14", "--report-dir", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (trial,) = json.loads((tmp_path / "defects.json").read_text())["trials"]
    assert (trial["id"], trial["result"], trial["oracle"], trial["named"]) == ("D14", "caught", True, True)
    assert "BG-INV-024" in trial["codes"]


def test_interrupted_command_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C ends the gates that are under way, with all that they started."""
    words = [sys.executable, "-m", "beacon", "defects", "--only", "D14", "--report-dir", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        root = psutil.Process(process.pid)
        family = wait(
            "its gate", lambda: root.children(recursive=True), until=lambda found: len(found) > 3, kind="resume"
        )
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in output) == (Exit.UNJUDGED, True), output
    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
