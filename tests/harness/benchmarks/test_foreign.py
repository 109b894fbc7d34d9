"""Seeded faults of the small service."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.foreign import faults, replays
from benchmarks.foreign.faults import HERE, SMALL, copy
from gate.core.errors import GateError
from gate.fuzz import replay


def test_each_fault_changes_the_service_at_an_operation_of_its_own(tmp_path: Path) -> None:
    known = faults.faults()
    for name, fault in known.items():
        copy(tmp_path / name, [name])
        assert (tmp_path / name / fault.file).read_text() != (SMALL / fault.file).read_text()
    assert len({fault.operation for fault in known.values()}) == len(known) == 20


def test_copy_has_all_faults_at_once_or_none(tmp_path: Path) -> None:
    copy(tmp_path / "all", faults.faults())
    copy(tmp_path / "clean", ())
    assert "views = views + 1" in (tmp_path / "all" / "routes" / "tools.js").read_text()
    assert (tmp_path / "clean" / "server.js").read_text() == (SMALL / "server.js").read_text()


def test_fault_whose_text_is_gone_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "service"
    copy(changed, ())
    with pytest.raises(GateError, match="fault x does not apply: its text stands 0 times"):
        faults.edit(changed / "server.js", "x", [("no such text", "")])


@pytest.mark.parametrize("path", sorted(HERE.glob("*/replay/*.json")), ids=lambda path: path.stem)
def test_replay_of_a_known_fault_shows_one_of_its_codes_at_its_operation(path: Path) -> None:
    known, wanted = faults.faults(path.parents[1].name)[path.stem], replay.load(path)
    assert wanted.code in known.codes
    assert wanted.where.startswith(known.operation)


def test_each_fault_that_the_review_numbers_has_a_replay() -> None:
    """But for the automation without an end, which the pack leaves out."""
    named = {name for service in ("prefect", "unleash") for name in faults.faults(service)}
    assert {path.stem for path in HERE.glob("*/replay/*.json")} == named - {"endless-automation"}


def test_replays_are_those_of_known_faults_and_of_earlier_runs_of_the_service(tmp_path: Path) -> None:
    for name in ("unleash-1", "unleash-clean-1", "prefect-1"):
        (tmp_path / name / "replay").mkdir(parents=True)
        (tmp_path / name / "replay" / "BG-SENT-001-1a2b3c4d.json").touch()
    *known, own = replays.files("unleash", tmp_path)
    assert own == tmp_path / "unleash-1" / "replay" / "BG-SENT-001-1a2b3c4d.json"
    assert {path.stem for path in known} == set(faults.faults("unleash"))
