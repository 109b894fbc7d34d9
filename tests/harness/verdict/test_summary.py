"""verdict.md is short enough for the summary of a job: findings first, and everything else folded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gate.core.redaction import Redactor
from gate.verdict import reports
from gate.verdict.events import FuzzResult, OperationFuzzed, Outcome
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import passing, reported

SCREENS = 60
"""Lines of two screens."""
FUZZED = OperationFuzzed(FuzzResult("getJob", 10, 5, 4, 1.0, 0.5, "d"))


def summary(result: Verdict, directory: Path) -> str:
    """The content of verdict.md."""
    reports.write(result, directory, Redactor())
    return (directory / "verdict.md").read_text(encoding="utf-8")


def unfolded(text: str) -> str:
    """The content that stands outside of what is folded."""
    return re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("result", [passing(FUZZED), passing(FUZZED, reported())], ids=["pass", "broken"])
def test_summary_fits_two_screens_and_what_is_folded_ends(tmp_path: Path, result: Verdict) -> None:
    text = summary(result, tmp_path)
    assert len(unfolded(text).splitlines()) < SCREENS
    assert text.count("<details>") == text.count("</details>") == text.count("</summary>\n\n")
    assert "BG-INV-001" not in unfolded(text)
    assert "BG-INV-001" in text


def test_findings_come_first(tmp_path: Path) -> None:
    """With expected and actual value; their evidence is folded."""
    result = passing(reported("GET /x answered <500>", got="a `quoted` | text"), Outcome("t::b", "failed"))
    text = summary(result, tmp_path)
    first = text.index("### GET /x answered &lt;500&gt;")
    assert first < text.index("- got: `a 'quoted' | text`") < text.index("<details>") < text.index("it broke")
    assert "it broke" not in unfolded(text)


def test_criterion_that_is_not_met_is_not_folded(tmp_path: Path) -> None:
    text = unfolded(summary(passing(Outcome("t::b", "failed", ["criterion.submit"])), tmp_path))
    assert "- criterion.submit:" in text
    assert "criterion.execute" not in text
