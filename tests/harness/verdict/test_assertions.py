"""A file of the suite that asserts less than the inventory has, or catches more, is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.verdict import assertions

WHOLE = """
import pytest

def test_a():
    assert 1
    with pytest.raises(ValueError):
        int("a")

def test_b():
    must([])
"""
CHANGED = {
    "removed": (WHOLE.replace("    assert 1\n", ""), "asserts 2 times, not 3"),
    "caught": (
        WHOLE.replace("    assert 1", "    try:\n        assert 1\n    except AssertionError:\n        pass"),
        "1",
    ),
    "suppressed": (
        WHOLE.replace("    must", "    with suppress(Exception):\n        must"),
        "catches errors in 1 places",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), CHANGED.values(), ids=CHANGED)
def test_file_that_judges_less_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "tests" / "promise" / "test_a.py"
    file.parent.mkdir(parents=True)
    file.write_text(WHOLE)
    recorded = assertions.counted(tmp_path, "tests", "tests/harness/")
    assert recorded == {"tests/promise/test_a.py": [3, 0]}
    assert [*assertions.missing(tmp_path, recorded, recorded)] == []

    file.write_text(text)
    [missing] = assertions.missing(tmp_path, recorded, recorded)
    assert missing.startswith("tests/promise/test_a.py ")
    assert sentence in missing
    assert [*assertions.missing(tmp_path, recorded, ["tests/other/test_b.py"])] == []  # of which nothing was asked
