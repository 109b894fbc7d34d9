"""Each operation of a declared service keeps its promises, as answers and rows show them."""

from __future__ import annotations

import pytest

from gate.contract.nodes import Operation
from gate.suite.declared.exploring import Explore, operations


@pytest.mark.smoke
@pytest.mark.parametrize("operation", operations(), ids=str)
def test_operation(operation: Operation, explore: Explore) -> None:
    """A refusal changes no row; an accepted request is stored, can be read, and leaves no work behind."""
    explore(operation)
