"""The sabotages are sound: their targets exist, and a run that ends in another way than wanted fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.checkout import ROOT
from benchmarks.sabotage import cli
from benchmarks.sabotage.catalogue import Edit, Sabotage, chosen, sabotages, ten
from benchmarks.sabotage.checkout import sabotaged
from benchmarks.sabotage.trial import Trial, judge
from gate.core.errors import GateError, UsageError
from gate.core.redaction import Redactor
from gate.verdict.reports import write
from tests.harness.support.verdicts import passing

KNOWN = sabotages()
ALL = list(KNOWN.values())
WANTED = Sabotage(name="a", title="a", exit=(3,), reason="contract")


def test_target_of_each_sabotage_is_there() -> None:
    edits = {(each.name, edit) for each in ALL for edit in each.edits}
    texts = {edit.file: (ROOT / edit.file).read_text(encoding="utf-8") for _, edit in edits}
    assert [name for name, edit in edits if edit.old and texts[edit.file].count(edit.old) != 1] == []
    assert [each.name for each in ALL for pattern in each.delete if not list(ROOT.glob(pattern))] == []
    assert [each.name for each in ALL for name in each.add if (ROOT / name).exists()] == []


def test_page_lists_every_sabotage() -> None:
    page = (ROOT / "docs" / "sabotage.md").read_text(encoding="utf-8")
    assert page.endswith("\n".join(cli.table(ALL)) + "\n"), "Paste what `gate sabotage --list` prints."


def test_tens_cover_each_sabotage_once() -> None:
    tens = [ten(ALL, number) for number in range(7, 7 + -(-len(ALL) // 10))]
    assert sorted(each.name for some in tens for each in some) == sorted(KNOWN)
    assert max(map(len, tens)) <= 10


def test_name_stands_for_its_variants() -> None:
    variants = {name for name in KNOWN if name.startswith("umask.")}
    assert {each.name for each in chosen(KNOWN, "umask")} == variants
    with pytest.raises(UsageError, match="no-such"):
        chosen(KNOWN, "umask,no-such")


def test_target_that_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "original").mkdir()
    (tmp_path / "original" / "a.py").write_text("old", encoding="utf-8")
    gone = [WANTED.model_copy(update={"edits": (edit,)}) for edit in (Edit(file="a.py", old="gone"), Edit(file="b.py"))]
    for number, sabotage in enumerate([*gone, WANTED.model_copy(update={"delete": ("b.py",)})]):
        with pytest.raises(GateError, match=r"gone|b\.py"):
            sabotaged(tmp_path / "original", tmp_path / str(number), sabotage)


def faults(directory: Path, code: int, output: str, sabotage: Sabotage = WANTED) -> str:
    (directory / "output.txt").write_text(output, encoding="utf-8")
    ended = Trial(sabotage, code)
    judge(ended, directory)
    return " ".join(ended.faults)


def test_run_that_ends_as_wanted_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, 3, "The contract is empty.") == ""


@pytest.mark.parametrize(
    ("code", "output", "fault"),
    [
        (0, "The contract is empty.", "ended with 0"),
        (1, "The contract is empty.", "ended with 1"),
        (3, "Something went wrong.", "no 'contract'"),
        (3, "Traceback (most recent call last)\nThe contract is empty.", "Traceback"),
        (3, "The contract: the suite left no verdict.", "left no verdict"),
    ],
)
def test_run_that_ends_in_another_way_has_a_fault(tmp_path: Path, code: int, output: str, fault: str) -> None:
    assert fault in faults(tmp_path, code, output)


def test_report_that_contradicts_the_exit_code_is_a_fault(tmp_path: Path) -> None:
    green = WANTED.model_copy(update={"exit": (0,)})
    assert "says nothing" in faults(tmp_path, 0, "contract", green)
    write(passing(), tmp_path / "reports", Redactor())
    assert faults(tmp_path, 0, "contract", green) == ""
    assert "says pass" in faults(tmp_path, 3, "contract")
