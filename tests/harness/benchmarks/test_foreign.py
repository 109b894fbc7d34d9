"""Seeded faults of the small service."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.foreign import faults
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
