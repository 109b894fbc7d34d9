"""Stored cases are those that were generated, and whatever is wrong with a file they are generated again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gate.fuzz import cases, store
from gate.fuzz.cases import Cases, request_of
from gate.fuzz.store import CaseStore

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/a": {
            "get": {
                "operationId": "a",
                "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer", "maximum": 9}}],
                "responses": {"200": {"description": "fine"}},
            }
        }
    },
}


def digests(monkeypatch: pytest.MonkeyPatch, root: Path, seed: int = 1) -> list[str]:
    """Digests of the cases of a process that stores them below this directory."""
    monkeypatch.setattr(store, "user_cache_path", lambda _: root)
    return [request_of(case, "a").digest for case in Cases(DOCUMENT, seed).take("a", 12)]


def test_cases_that_are_stored_are_those_that_were_generated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    generated = digests(monkeypatch, tmp_path)
    assert digests(monkeypatch, tmp_path, seed=2) != generated
    monkeypatch.setattr(cases, "CoverageGenerator", None)  # nothing can be generated any more

    assert digests(monkeypatch, tmp_path) == generated
    with pytest.raises(TypeError):
        digests(monkeypatch, tmp_path, seed=3)


def kept(root: Path, marks: bytes = b"", value: str = "first") -> Any:
    """The only case of a store with these marks; ``value`` if it has to be generated."""
    (case,) = CaseStore(marks, {}, root).cases("name", lambda: [value])
    return case


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def opened(path: Path) -> None:
    path.chmod(0o622)


@pytest.mark.parametrize("change", [damaged, emptied, opened], ids=lambda change: change.__name__)
def test_file_that_is_damaged_or_that_others_may_write_is_not_read(tmp_path: Path, change: Any) -> None:
    assert [kept(tmp_path), kept(tmp_path, value="second")] == ["first", "first"]
    (path,) = tmp_path.iterdir()
    change(path)

    assert kept(tmp_path, value="third") == "third"


def test_other_marks_and_versions_have_cases_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept(tmp_path)
    assert kept(tmp_path, b"other", "second") == "second"
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0")
    assert kept(tmp_path, value="third") == "third"


def test_files_are_bounded_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept(tmp_path)
    (oldest,) = tmp_path.iterdir()
    monkeypatch.setattr(store, "MOST_BYTES", oldest.stat().st_size + 1)
    kept(tmp_path, b"other", "later")

    assert len(list(tmp_path.iterdir())) == 1
    assert not oldest.exists()


def test_directory_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept(tmp_path / "file" / "cases") == "first"
