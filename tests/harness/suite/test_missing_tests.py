"""A test that the inventory has and the run has not is missing, however it vanished and whatever pytest's code is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gate.verdict import last_failed
from tests.harness.support.inner import FOLDER, TESTS, Inner

BODY = "def test_third():\n    pass"
MARK = "@pytest.mark.{}\n"
HOOK = "\ndef pytest_collection_modifyitems(items):\n    items[:] = [item for item in items if '3' in item.name]\n"
VANISHED: dict[str, tuple[Inner, list[str]]] = {
    "option": (
        Inner(options="--deselect=tests/promise/test_a.py::test_second"),
        ["2 of 4 tests of {} did not run: test_second (2 cases)."],
    ),
    "ini file and mark": (
        Inner(ini="addopts = -k third", tests=(BODY, MARK.format("skip(reason='later')") + BODY)),
        [
            "3 of 4 tests of {} did not run: test_first, test_second (2 cases).",
            "1 of 4 tests of {} were skipped (later): test_third.",
        ],
    ),
    "hook and expected failure": (
        Inner(conftest=HOOK.replace("3", "third"), tests=(BODY, MARK.format("xfail(strict=False)") + BODY)),
        [
            "3 of 4 tests of {} did not run: test_first, test_second (2 cases).",
            "1 of 4 tests of {} were skipped (marked as expected to fail: no reason): test_third.",
        ],
    ),
    "nothing that the target lacks": (
        Inner(tests=(BODY, BODY.replace("pass", "raise NotAvailable('no rows')"))),
        ["1 of 4 tests of {} were skipped (no rows): test_third."],
    ),
    "deleted": (Inner(tests=(BODY, "")), ["1 of 4 tests of {} did not run: test_third."]),
}


@pytest.mark.parametrize(("inner", "sentences"), VANISHED.values(), ids=VANISHED)
def test_vanished_test_is_missing(tmp_path: Path, inner: Inner, sentences: list[str]) -> None:
    ending = inner.run(tmp_path)
    assert (ending.code, ending.verdict.verdict) == (3, "unjudged"), ending.output
    assert ending.verdict.missing == [sentence.format(FOLDER) for sentence in sentences]
    assert ending.verdict.missing[0] in ending.verdict.reason


TORN = """
@pytest.fixture(scope="session", autouse=True)
def torn():
    yield
    raise RuntimeError("the system is gone")
"""

STOPPED: dict[str, tuple[Inner, str]] = {
    "exit with code 0": (Inner(tests=(BODY, BODY.replace("pass", "pytest.exit('done', returncode=0)"))), "done"),
    "exit of a worker": (Inner(tests=(BODY, BODY.replace("pass", "os._exit(0)")), workers=2), "gw"),
    "exit, then a fixture that cannot be taken down": (
        Inner(tests=(BODY, BODY.replace("pass", "pytest.exit('done')")), conftest=TORN),
        "done",
    ),
    "internal error": (
        Inner(conftest="\ndef pytest_runtest_protocol():\n    1 / 0\n"),
        "Pytest failed in itself: ZeroDivisionError: division by zero (",
    ),
    "internal error of a worker": (
        Inner(conftest="\ndef pytest_runtest_protocol():\n    1 / 0\n", workers=2),
        "Pytest failed in itself: ZeroDivisionError: division by zero (",
    ),
}


@pytest.mark.parametrize(("inner", "reason"), STOPPED.values(), ids=STOPPED)
def test_run_that_was_cut_short_is_unjudged(tmp_path: Path, inner: Inner, reason: str) -> None:
    ending = inner.run(tmp_path)
    assert (ending.code, ending.verdict.verdict) == (3, "unjudged"), ending.output
    assert reason in ending.verdict.reason


SOUND: dict[str, Inner] = {
    "whole": Inner(workers=2),
    "selected by the gate": Inner(asked={"expression": "second or third"}),
}


@pytest.mark.parametrize("inner", SOUND.values(), ids=SOUND)
def test_run_of_what_was_asked_for_misses_nothing(tmp_path: Path, inner: Inner) -> None:
    ending = inner.run(tmp_path)
    assert (ending.code, ending.verdict.missing) == (0, []), ending.output


BROKEN = ("import os\n", "1 / 0\n")
LOADED: dict[str, tuple[Inner, int]] = {
    "another file, which the inventory does not have": (Inner(BROKEN, asked={"expression": "test_b"}), 4),
    "a test that the inventory does not have": (
        Inner((BODY, f"{BODY}\n\n\ndef test_new():\n    pass"), asked={"expression": "new"}),
        1,
    ),
    "a test that the inventory has": (Inner(BROKEN, asked={"expression": "test_a"}), 0),
}


@pytest.mark.parametrize(("inner", "passed"), LOADED.values(), ids=LOADED)
def test_file_is_loaded_for_a_selected_test_alone(tmp_path: Path, inner: Inner, passed: int) -> None:
    """The file whose first line fails is read where the inventory or its own text has a selected test in it."""
    other = tmp_path / FOLDER / "test_b.py"
    other.parent.mkdir(parents=True)
    other.write_text(TESTS, encoding="utf-8")
    ending = inner.run(tmp_path)
    assert (ending.code, ending.verdict.counts.passed) == (0 if passed else 3, passed), ending.output
    assert passed or "test_a.py could not be loaded: E   ZeroDivisionError" in ending.verdict.reason


FAILING = ("def test_first():\n    pass", "def test_first():\n    raise AssertionError")


@pytest.mark.parametrize("workers", [1, 2])
def test_run_up_to_the_first_finding_says_what_it_did_not_try(tmp_path: Path, workers: int) -> None:
    """It stops at a finding, and the rest was not asked for."""
    inner = Inner(FAILING, options="--fail-fast", workers=workers)
    ending = inner.run(tmp_path)
    tried = ending.verdict.counts.passed + ending.verdict.counts.failed
    assert (ending.code, ending.verdict.missing, ending.verdict.counts.failed) == (1, [], 1)
    assert ending.verdict.not_tried == ({FOLDER: 4 - tried} if tried < 4 else {})
    assert workers > 1 or (tried < 4 and f"{4 - tried} tests not tried." in ending.verdict.reason), ending.output


def test_worker_begins_no_test_once_the_run_is_ended(tmp_path: Path) -> None:
    """Xdist alone lets it run all that it was given."""
    ending = Inner((BODY, BODY.replace("pass", "open('reports/journal/ended', 'x').close()"))).run(tmp_path)
    assert (ending.code, ending.verdict.counts.passed) == (3, 3), ending.output
    assert ending.verdict.missing[0].startswith(f"1 of 4 tests of {FOLDER} did not run: ")


def test_finding_that_the_profile_accepts_ends_no_run(tmp_path: Path) -> None:
    """The tests after it are tried."""
    accepting = """
from gate.verdict.profile import Deviation, Profile
Pack.profile = lambda self, name: Profile(name=name, deviation=[DEVIATION])
"""
    texts = "id='known', title='The test fails.', owner='team', reason='It is known to fail.', expires='2999-01-01'"
    known = f"\nDEVIATION = dict({texts}, findings=['BG-TEST-001 test_first'], covered_by=['tests/promise/'])"
    ending = Inner(FAILING, options="--fail-fast", conftest=known + accepting).run(tmp_path)
    assert (ending.verdict.counts.failed, ending.verdict.counts.passed) == (1, 3), ending.output
    assert ending.verdict.not_tried == {}


def test_tests_that_failed_last_time_run_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run fails in the last of its tests; the second one begins with it and ends."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    failing = ("def test_third():\n    pass", "def test_third():\n    raise AssertionError")
    root = tmp_path / "root"
    assert Inner(failing).run(root).code == 1
    shutil.rmtree(root)
    options = "--last-failed --fail-fast"
    ending = Inner(failing, options=options).run(root)
    assert (ending.code, ending.verdict.counts.passed, ending.verdict.counts.failed) == (1, 0, 1), ending.output
    assert last_failed.read(root) == [f"{FOLDER}/test_a.py::test_third"]
    shutil.rmtree(root)
    assert Inner(options="--last-failed").run(root).code == 0
    assert last_failed.read(root) == []


def test_broken_run_still_says_what_is_missing(tmp_path: Path) -> None:
    inner = Inner(
        tests=(BODY, BODY.replace("pass", "raise AssertionError")),
        options="--deselect=tests/promise/test_a.py::test_first",
    )
    ending = inner.run(tmp_path)
    assert (ending.verdict.verdict, ending.code) == ("broken", 1)
    assert ending.verdict.missing == [f"1 of 4 tests of {FOLDER} did not run: test_first."]
