"""Every operation of the published contract keeps it under generated requests, and so do the rows behind it."""

from __future__ import annotations

import pytest

from fixtures.fuzzing import OPERATIONS, PLAN, Fuzz, limit, seconds
from gate.suite.state import SETTINGS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each operation, so that workers share them; each may take its share of the budget."""
    settings = metafunc.config.stash[SETTINGS]
    marks = {
        name: [limit(settings, seconds(settings, name)), *([pytest.mark.long] if name in PLAN.submissions else [])]
        for name in OPERATIONS
    }
    metafunc.parametrize("operation", [pytest.param(name, marks=marks[name]) for name in OPERATIONS])


@pytest.mark.smoke
def test_operation_keeps_the_contract_under_generated_requests(fuzz: Fuzz, operation: str) -> None:
    assert fuzz(operation).cases
