"""Sequences over both workflows lead to the state that their steps establish."""

from __future__ import annotations

import pytest

from fixtures.fuzzing import Walk, limit, walk_seconds
from gate.suite.state import SETTINGS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Sequences in parts, so that workers share them out; each part may take its share of the budget."""
    settings = metafunc.config.stash[SETTINGS]
    marks = limit(settings, walk_seconds(settings))
    metafunc.parametrize("part", [pytest.param(part, marks=marks) for part in ("first", "second")])


@pytest.mark.smoke
def test_sequence_leads_to_the_state_that_its_steps_establish(walk: Walk, part: str) -> None:
    assert walk(part).cases
