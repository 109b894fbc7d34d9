"""The proof that the gate catches defects is itself sound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from benchmarks import COMMANDS
from benchmarks.defects import score
from benchmarks.defects.catalogue import (
    SOME,
    Defect,
    chosen,
    defects,
    defects_and_violations,
    rotated,
    together,
)
from benchmarks.defects.patches import patching
from benchmarks.defects.patches.patching import PatchError
from benchmarks.defects.score import Clean, Together
from benchmarks.defects.trial import Outcome, hidden
from gate.cli.main import main
from gate.core.errors import Exit, GateError, UsageError
from gate.core.findings import Finding
from gate.core.waiting import wait
from runner import migrate
from tests.harness.support.trials import ABOUT, ELSEWHERE, EXIT_PATCH, command, is_code, outcome
from tests.harness.support.verdicts import passing, reported

GAPS = {10, 13, 16, 17, 23, 25, 29, 34, 38, 45, 47, 52, 54, 55, 57, 60}
IDS = [f"D{number:02}" for number in range(1, 62) if number not in GAPS]


def test_all_45_defects_of_the_deployed_system_areis_code() -> None:
    assert list(defects()) == IDS
    assert len(IDS) == 45


@pytest.mark.parametrize("name", IDS)
def test_codes_that_catch_a_defect_are_in_the_catalogue(name: str) -> None:
    assert [place for place in defects()[name].caught_by if not is_code(place)] == []


def test_every_defect_applies_to_this_runner() -> None:
    ended = command("benchmarks.defects.patches", ",".join(defects()), "check")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", [["D99", "serve"], ["D01,D99", "migrate"], ["../D01", "serve"], ["", "serve"]])
def test_unknown_defect_ends_the_runner_with_its_own_exit_code(words: list[str]) -> None:
    ended = command("benchmarks.defects.patches", *words)
    assert ended.returncode == EXIT_PATCH
    assert "cannot be applied" in ended.stderr
    assert "Traceback" not in ended.stderr


TARGET = types.ModuleType("target")
TARGET.text = "SELECT a FROM b"  # type: ignore[attr-defined] # a module made here has any attribute
TARGET.table = {"a": 1}  # type: ignore[attr-defined] # a module made here has any attribute


def added(first: int) -> int:
    """A function to change."""
    return first + 1


TARGET.added = added  # type: ignore[attr-defined] # a module made here has any attribute
GONE: dict[str, Callable[[], Any]] = {
    "name": lambda: patching.replace(TARGET, "two", 2),
    "parameters": lambda: patching.replace(TARGET, "one", lambda other: other),
    "text": lambda: patching.replace_text(TARGET, "text", "FROM c", "FROM d"),
    "text that occurs more often": lambda: patching.replace_text(TARGET, "text", "E", "e"),
    "no text": lambda: patching.replace_text(TARGET, "table", "a", "b"),
    "entry": lambda: patching.replace_entry(TARGET.table, "b", 2),
    "source": lambda: patching.edit(added, ("first + 2", "first")),
    "source that is not valid Python": lambda: patching.edit(added, ("first + 1", "first +")),
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
def test_patch_without_its_target_fails(patch: Callable[[], Any]) -> None:
    with pytest.raises(PatchError):
        patch()
    assert added(1) == 2


def test_edited_function_is_changed_for_every_reference_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held = added
    monkeypatch.setattr(added, "__code__", added.__code__)  # puts it back afterwards
    patching.edit(added, ("first + 1", "first + 10"))
    assert held(1) == 11


def test_edited_migration_is_changed_for_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = migrate.available()
    monkeypatch.setattr(migrate, "available", migrate.available)
    patching.edit_migration(1, ("CREATE TABLE jobs (", "CREATE TABLE work ("))
    after = migrate.available()
    assert "CREATE TABLE work (" in after[0].up
    assert after[1:] == before[1:]


def test_edited_file_is_changed_in_the_copy_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "_files", [])
    (tmp_path / "a.txt").write_text("old")
    patching.files_in(tmp_path)
    patching.edit_file("a.txt", ("old", "new"))
    assert (tmp_path / "a.txt").read_text() == "new"
    with pytest.raises(PatchError):
        patching.edit_file("b.txt", ("old", "new"))


def defect(name: str, *caught_by: str, cause: tuple[str, ...] = ("question_id",)) -> Defect:
    return Defect(id=name, slug="one", title="a title", caught_by=caught_by, cause=cause)


DEFECT = defect("D01", "BG-HTTP-004 executions", "BG-TEST-001 one")
OTHER = defect("D02", "BG-HTTP-004", cause=("question_id", "model_id"))
BY_A_TEST = Finding("BG-TEST-001", "test_one", "the test passes", "no")


RESULTS: dict[str, tuple[Outcome, str, bool, bool]] = {
    "about it": (outcome(ABOUT), "caught", True, True),
    "about it, by a test": (outcome(BY_A_TEST), "caught", False, False),
    "in another place": (outcome(ELSEWHERE), "missed", False, False),
    "about it, among others": (outcome(ELSEWHERE, ABOUT), "caught", True, True),
    "nothing": (outcome(), "missed", False, False),
    "a runner that does not start": (outcome(error="The runner ended."), "error", False, False),
}


@pytest.mark.parametrize(("run", "result", "oracle", "named"), RESULTS.values(), ids=RESULTS)
def test_only_a_finding_about_a_defect_catches_it(run: Outcome, result: str, oracle: bool, named: bool) -> None:
    trial = score.trial(DEFECT, run, at_first=True)
    assert (trial.result, trial.oracle, trial.named) == (result, oracle, named)


def test_code_of_a_group_counts_only_with_a_place() -> None:
    overdue = defect("D03", "BG-INV overdue", "BG-ROW")
    assert overdue.matches("BG-INV-045", "overdue")
    assert not overdue.matches("BG-INV-045", "job_and_run_apart")
    assert not overdue.matches("BG-ROW-001", "jobs")


def test_time_to_the_first_finding_includes_an_earlier_run() -> None:
    earlier = replace(outcome(ELSEWHERE), seconds=4.0)
    trial = score.trial(DEFECT, outcome(ELSEWHERE, ABOUT), at_first=False, earlier=earlier)
    assert trial.seconds == 7.0
    assert trial.first_finding == f"{ELSEWHERE.code} {ELSEWHERE.where}"


def test_finding_names_the_cause_of_one_defect_only() -> None:
    assert score.apart([OTHER, DEFECT], outcome(ABOUT)).named == ["D02"]
    assert score.apart([OTHER, DEFECT], outcome(ABOUT, ELSEWHERE)).named == ["D02", "D01"]
    assert not score.apart([OTHER, DEFECT], outcome(ABOUT)).enough


CAUGHT = score.trial(DEFECT, outcome(ABOUT), at_first=True)
MISSED = score.trial(DEFECT, outcome(), at_first=True)
ERROR = score.trial(DEFECT, outcome(error="gone"), at_first=True)
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
    "too few named apart": (([CAUGHT], [SOUND], Together(defects=["D01", "D02"], named=["D01"])), 1),
    "one that the last screen hides": (([CAUGHT.model_copy(update={"hidden": "BG-HTTP-004 x"})], [SOUND], None), 1),
    "one not judged": (([CAUGHT, ERROR], [SOUND], None), 3),
    "clean run not judged": (([CAUGHT], [BROKEN], None), 3),
    "the runner with several not judged": (([CAUGHT], [SOUND], Together(defects=["D01"], named=[], error="gone")), 3),
}


@pytest.mark.parametrize(("parts", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_follows_from_the_table(tmp_path: Path, parts: tuple[Any, Any, Any], code: int) -> None:
    table = score.score(*parts, seconds=1.0, without_rows=False)
    score.write(table, tmp_path)
    assert table.exit_code == code
    assert json.loads((tmp_path / "defects.json").read_text())["trials"][0]["id"] == "D01"
    assert "| D01 one |" in (tmp_path / "defects.md").read_text()


@pytest.mark.parametrize(("lines", "missing"), [(0, False), (27, False), (28, True), (40, True)])
def test_last_screen_has_to_show_the_first_finding(tmp_path: Path, lines: int, missing: bool) -> None:
    """Its code and place stand in the last 30 lines, whatever a run prints below them."""
    (tmp_path / "verdict.json").write_text(passing(reported()).model_dump_json())
    printed = ["BG-HTTP-001 Server error", "  GET /x → 500; expected 200", "  ./scripts/gate -k a", *["..."] * lines]
    (tmp_path / "output.txt").write_text("\n".join(printed))
    assert hidden(tmp_path) == ("BG-HTTP-001 GET /x" if missing else "")


def test_consecutive_numbers_try_all_defects_and_violations_once() -> None:
    known = list(defects_and_violations().values())
    groups = [rotated(known, number) for number in range(7, 7 + -(-len(known) // SOME))]
    assert max(map(len, groups)) <= SOME
    assert sorted(each.id for group in groups for each in group) == sorted(defects_and_violations())


def test_ten_known_defects_are_put_into_one_runner() -> None:
    assert len(chosen(defects(), together())) == 10


@pytest.mark.parametrize("names", ["", "D99", "D01,D99", " , "])
def test_unknown_defect_or_none_cannot_be_chosen(names: str) -> None:
    with pytest.raises(UsageError):
        chosen(defects(), names)


ENTRY = 'title = "a title"\ncaught_by = ["BG-HTTP-004"]\ncause = ["x"]\n'
INVALID = {
    "no title": ENTRY.replace("title", "# title"),
    "no codes": ENTRY.replace('["BG-HTTP-004"]', "[]"),
    "no cause": ENTRY.replace("cause", "# cause"),
    "unknown kind": f'{ENTRY}kind = "ghost"\n',
    "unknown field": f'{ENTRY}what = "x"\n',
}


@pytest.fixture
def catalogue_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with defects: the entries of D01 on, and patches for some ids."""

    def make(entries: Sequence[str], *patches: str) -> Path:
        (tmp_path / "patches").mkdir()
        for name in patches:
            (tmp_path / "patches" / f"{name.lower()}_a_slug.py").touch()
        tables = [f"[defects.D{number:02}]\n{entry}" for number, entry in enumerate(entries, 1)]
        (tmp_path / "defects.toml").write_text("\n".join(tables) or "[defects]\n")
        return tmp_path

    return make


def test_defect_is_its_entry_and_the_name_of_its_patch(catalogue_of: Callable[..., Path]) -> None:
    (known,) = defects(catalogue_of([ENTRY], "D01")).values()
    assert (known.id, known.slug, known.kind) == ("D01", "a-slug", "runner")


@pytest.mark.parametrize("entry", INVALID.values(), ids=INVALID)
def test_invalid_entry_is_refused(catalogue_of: Callable[..., Path], entry: str) -> None:
    with pytest.raises(GateError, match="D01"):
        defects(catalogue_of([entry], "D01"))


@pytest.mark.parametrize("patches", [(), ("D02",), ("D01", "D02")], ids=str)
def test_defects_and_patches_that_differ_are_refused(catalogue_of: Callable[..., Path], patches: Sequence[str]) -> None:
    with pytest.raises(GateError):
        defects(catalogue_of([ENTRY], *patches))


def test_folder_without_defects_is_refused(catalogue_of: Callable[..., Path]) -> None:
    with pytest.raises(GateError):
        defects(catalogue_of([]))


def test_list_prints_defects_and_violations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(pack(), COMMANDS, ["defects", "--list"]) == Exit.PASS
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(defects_and_violations())


def test_topic_stands_for_all_of_it() -> None:
    known = defects_and_violations()
    topics = {each.topic for each in known.values()}
    assert sorted(each.id for topic in topics for each in chosen(known, topic)) == sorted(known)
    assert [each.id for each in chosen(known, "deployed")] == IDS


@pytest.mark.parametrize(
    "words",
    [
        ["--only", "D99"],
        ["--some", "x"],
        ["--together", "D01"],
        ["--jobs", "0"],
        ["--clean", "-1"],
        ["--seed", "x"],
        ["--only", "D01", "--some", "1"],
    ],
    ids=" ".join,
)
def test_bad_usage_of_the_command_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(pack(), COMMANDS, ["defects", *words]) == Exit.USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_interrupted_command_leaves_nothing_running(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "beacon", "defects", "--only", "D14", "--report-dir", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        root = psutil.Process(process.pid)
        family = wait(
            "its gate", lambda: root.children(recursive=True), until=lambda processes: len(processes) > 3, kind="resume"
        )
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in output) == (Exit.UNJUDGED, True), output
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
