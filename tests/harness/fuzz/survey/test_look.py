"""A look tells what a service writes late from what a request writes before it is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gate.core.declaration import parse
from gate.core.settings import Settings
from gate.fuzz.survey import look
from tests.harness.support.declared_service import DOCUMENT

SERVICE = Path(__file__).parents[2] / "support" / "declared_service.py"


def quiet(text: str, **_: Any) -> None:
    """Shows nothing."""


@pytest.mark.parametrize(("mode", "late"), [("late", ["events"]), ("read", [])])
def test_only_writes_without_a_request_are_late(
    mode: str, late: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "LATE_SECONDS", 1.0)
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    text = f"""
        [service]
        start = "python {SERVICE} {{port}} {{database_url}}"
        env = {{ MODE = "{mode}" }}
        openapi = "{tmp_path / "openapi.json"}"
    """
    seen = look.Look(parse(text, tmp_path / "gate.toml"), Settings(cold=True), base=None, say=quiet)
    seen.run(30)
    assert seen.guessed.late == late
    assert {attempt.outcome for attempt in seen.trial.attempts.values()} == {"accepted", "left out"}
