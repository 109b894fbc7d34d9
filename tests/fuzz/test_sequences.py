"""Sequences over both workflows lead to the state that their steps establish."""

from __future__ import annotations

import pytest

from fixtures.fuzzing import PerformSequences, limit, sequence_seconds
from gate.suite.state import SETTINGS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Sequences in parts, so that workers share them; each part may take its share of the budget."""
    settings = metafunc.config.stash[SETTINGS]
    marks = limit(settings, sequence_seconds(settings))
    metafunc.parametrize("part", [pytest.param(part, marks=marks) for part in ("first", "second")])


@pytest.mark.smoke
def test_sequence_leads_to_the_state_that_its_steps_establish(perform_sequences: PerformSequences, part: str) -> None:
    assert perform_sequences(part).cases
