"""Shards of a run, merged, are the run: the same tests and findings, and nothing that is missing goes unnoticed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from beacon.pack import SUITE, pack
from gate.cli.main import main
from gate.verdict.verdict import Verdict, read
from tests.harness.support.inner import EXPECTED, Inner

FAILING = ("def test_third():\n    pass", "def test_third():\n    raise AssertionError('broken')")


def shard(root: Path, index: int, inner: Inner) -> Verdict:
    """The verdict of one of two shards."""
    return replace(inner, variables={"GATE_SHARD": f"{index}/2"}, reports=f"reports/{index}").run(root).verdict


def merge(root: Path, *directories: str) -> int:
    """The exit code of the merging of shards, whose reports are in ``merged``."""
    own = replace(pack(), root=root, suite=replace(SUITE, inventory="inventory.toml"))
    paths = [str(root / "reports" / name) for name in directories]
    return main(own, arguments=["merge", *paths, "--report-dir", str(root / "merged")])


def ended(verdict: Verdict) -> dict[str, str]:
    return {test.id: test.state for test in verdict.tests}


def test_merged_shards_are_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With one defect; each report has each test once, and the finding is that of the run on one machine."""
    whole = Inner(FAILING).run(tmp_path).verdict
    first, second = (shard(tmp_path, index, Inner(FAILING)) for index in (1, 2))
    assert not ended(first).keys() & ended(second).keys()
    assert (first.missing, second.missing, {first.verdict, second.verdict}) == ([], [], {"pass", "broken"})
    assert (first.shard, first.narrowed) == ("1/2", True)
    assert merge(tmp_path, "2", "1") == 1
    merged = read(tmp_path / "merged")
    assert ended(merged) == ended(whole)
    assert [(f.code, f.where, f.tests, f.file, f.line) for f in merged.findings] == [
        (f.code, f.where, f.tests, f.file, f.line) for f in whole.findings
    ]
    assert (merged.missing, merged.narrowed, merged.shard) == ([], False, "")
    (suite,) = ElementTree.parse(tmp_path / "merged" / "junit.xml").iter("testsuite")  # noqa: S314 (just written)
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("4", "1", 4)
    results = (tmp_path / "merged" / "allure-results").glob("*-result.json")
    assert len({json.loads(path.read_text(encoding="utf-8"))["uuid"] for path in results}) == len(EXPECTED)
    assert "1 finding" in capsys.readouterr().out


def test_what_vanished_is_missing_from_its_shard_and_from_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever shard it belonged to."""
    inner = Inner(("def test_third():\n    pass", ""))
    parts = [shard(tmp_path, index, inner) for index in (1, 2)]
    assert sorted(part.verdict for part in parts) == ["pass", "unjudged"]
    assert merge(tmp_path, "1", "2") == 3
    assert read(tmp_path / "merged").missing == ["1 of 4 tests of tests/promise did not run: test_third."]
    assert "UNJUDGED" in capsys.readouterr().out


def test_shards_that_are_no_whole_run_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in (1, 2):
        shard(tmp_path, index, Inner(workers=index))
    shutil.copytree(tmp_path / "reports" / "2", tmp_path / "reports" / "again")
    shutil.copytree(tmp_path / "reports" / "1", tmp_path / "reports" / "cut")
    journal = next((tmp_path / "reports" / "cut" / "journal").glob("gw*.ndjson"))
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    for directories, sentence in {
        ("1",): "Of 2 shards 1 are missing: 2/2.",
        ("1", "2", "again"): "Shard 2/2 is there 2 times",
        ("1", "none"): "or did not come to its end",
    }.items():
        assert merge(tmp_path, *directories) == 3
        assert sentence in capsys.readouterr().err
    assert merge(tmp_path, "cut", "2") == 3
    assert "Shard 1/2: The journal of gw0 has no end" in read(tmp_path / "merged").reason
    assert merge(tmp_path, "1", "2") == 0
