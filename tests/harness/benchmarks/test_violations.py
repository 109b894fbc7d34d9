"""Violations are edits of the runner as data: each applies, and each is caught by what its promise names."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from beacon.checkout import ROOT
from benchmarks.defects import catalogue, score
from benchmarks.defects.catalogue import Defect, defects, defects_and_violations, tried
from benchmarks.defects.patches import edited, patching
from benchmarks.defects.patches.patching import PatchError
from benchmarks.defects.trial import Outcome, patched_commands
from benchmarks.defects.violation import Violation, violations
from gate.core.errors import GateError
from gate.core.findings import Finding
from tests.harness.support.trials import ABOUT, ELSEWHERE, is_code, outcome


def test_violations_that_were_caught_are_known() -> None:
    """One that has gone, or has another name, would never be tried again."""
    recorded = tomllib.loads(catalogue.CAUGHT.read_text())["caught"]
    known = defects_and_violations()
    assert set(recorded) <= known.keys()
    assert {each.id for each in tried(known)} == {*defects(), *recorded}


def test_violation_that_is_caught_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "caught.toml"
    path.write_text(catalogue.CAUGHT.read_text())
    monkeypatch.setattr(catalogue, "CAUGHT", path)
    name = next(name for name, each in defects_and_violations().items() if not isinstance(each, Defect))
    catalogue.record([name, "D01"])
    assert (
        {name} <= set(tomllib.loads(path.read_text())["caught"]) <= defects_and_violations().keys() - defects().keys()
    )


def test_every_violation_applies_to_this_runner() -> None:
    """Without starting one: texts that an edit of the runner made obsolete are named all at once."""
    faults = []
    for violation in violations().values():
        try:
            edited.texts([violation])
        except PatchError as error:
            faults.append(str(error))
    assert faults == []


def test_codes_that_must_come_first_are_in_the_catalogue() -> None:
    places = {place for violation in violations().values() for place in violation.first}
    assert [place for place in places if not is_code(place)] == []


def violation(*edits: tuple[str, str], file: str = "runner/spec.py") -> Violation:
    return Violation(
        id="a-name", topic="some", title="a title", file=file, edits=edits, first=("BG-HTTP-004 executions",)
    )


WITHOUT_TARGET = {
    "text that is gone": violation(("no such text", "")),
    "text that stands twice": violation(("DEFAULT_MIN_REGIONS", "2")),
    "text that does not change": violation(("DEFAULT_MIN_REGIONS: Final = 1", "DEFAULT_MIN_REGIONS: Final = 1")),
    "text that the first edit took": violation(("Final = 1\n", "Final = 2\n"), ("Final = 1\n", "Final = 3\n")),
    "file that is gone": violation(("a", "b"), file="runner/gone.py"),
    "result that is not valid Python": violation(("DEFAULT_MIN_REGIONS: Final = 1", "DEFAULT_MIN_REGIONS: Final = (")),
}


@pytest.mark.parametrize("change", WITHOUT_TARGET.values(), ids=WITHOUT_TARGET)
def test_violation_without_its_target_is_named(change: Violation) -> None:
    with pytest.raises(PatchError, match=f"a-name: {change.file}: "):
        edited.texts([change])


def test_violation_of_a_loaded_module_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runner.migrate", ModuleType("runner.migrate"))
    with pytest.raises(PatchError, match="loaded before"):
        edited.put([violation(("_LOCK_KEY: Final", "_KEY: Final"), file="runner/migrate.py")])


EDITED = """
import sys
from benchmarks.defects.patches import edited
from benchmarks.defects.violation import Violation
edits = {"runner/spec.py": ("MIN_REGIONS: Final = 1", "MIN_REGIONS: Final = 2"),
         "runner/migrations/0001_jobs_and_executions.up.sql": ("CREATE TABLE jobs (", "CREATE TABLE work (")}
edited.put([Violation(id="a-b", topic="", title="x", file=file, edits=(edit,), first=("X",))
            for file, edit in edits.items()])
from runner import migrate, spec
print(spec.DEFAULT_MIN_REGIONS, "TABLE work" in migrate.available()[0].up)
"""


def test_edited_module_and_migration_are_those_that_run() -> None:
    __import__("runner.spec")  # leaves bytecode of the module as it is
    ended = subprocess.run([sys.executable, "-c", EDITED], cwd=ROOT, text=True, capture_output=True, check=False)
    assert (ended.stdout, ended.stderr) == ("2 True\n", "")


VALID = '[violations.a-name]\ntitle = "x"\nfile = "runner/spec.py"\nedits = [["a", "b"]]\nfirst = ["BG-HTTP-004 x"]\n'
REFUSED_VIOLATIONS = {
    "no edits": VALID.replace('[["a", "b"]]', "[]"),
    "empty text": VALID.replace('"a", "b"', '"", "b"'),
    "no finding": VALID.replace('["BG-HTTP-004 x"]', "[]"),
    "bad pattern": VALID.replace("004 x", "004 ("),
    "of runner and portal": f"{VALID}[[violations.a-name.also]]\nfile = 'portal/js/page.js'\nedits = [['a', 'b']]\n",
    "file elsewhere": VALID.replace("runner/spec.py", "gate/core/ids.py"),
    "name of a defect": VALID.replace("a-name", "D01"),
    "unknown field": f"{VALID}what = 1\n",
    "other table": f"{VALID}[other]\n",
    "no TOML": "[",
}


@pytest.mark.parametrize("text", REFUSED_VIOLATIONS.values(), ids=REFUSED_VIOLATIONS)
def test_invalid_violation_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.toml").write_text(text)
    with pytest.raises(GateError, match=r"some\.toml"):
        violations(tmp_path)


def test_violation_of_the_portal_is_one_of_a_copied_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "_files", [tmp_path])
    change = violation(("export const byId", "export const byName"), file="portal/js/page.js")
    script = tmp_path / "portal" / "js" / "page.js"
    script.parent.mkdir(parents=True)
    script.write_text("export const byId")
    edited.put([change])

    assert script.read_text() == "export const byName"
    assert (change.kind, patched_commands([change])) == ("portal", {})


def test_violation_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(VALID)
    assert violations(tmp_path)["a-name"].topic == "a"
    (tmp_path / "b.toml").write_text(VALID)
    with pytest.raises(GateError, match="a-name"):
        violations(tmp_path)


NEARER = Finding("BG-HTTP-001", "GET /jobs", "an answer", "a server error")
VIOLATION = violation(("a", "b"))
FIRSTS = {
    "the cause first": (outcome(ABOUT, ELSEWHERE), "caught", True, True),
    "the cause second": (outcome(ABOUT, NEARER), "caught", True, False),
    "something else": (outcome(ELSEWHERE), "caught", False, False),
    "nothing at all": (outcome(), "missed", False, False),
}


@pytest.mark.parametrize(("run", "result", "named", "first"), FIRSTS.values(), ids=FIRSTS)
def test_violation_is_caught_by_any_finding_and_named_by_its_own(
    run: Outcome, result: str, named: bool, first: bool
) -> None:
    trial = score.trial(VIOLATION, run, at_first=True)
    assert (trial.result, trial.named, trial.first) == (result, named, first)
