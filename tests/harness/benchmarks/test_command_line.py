"""The benchmarks that the command line knows by name are there."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest

from benchmarks.__main__ import BENCHMARKS, COMMANDS


@pytest.mark.parametrize("name", [*COMMANDS.values(), *BENCHMARKS.values()])
def test_name_is_that_of_a_function(name: str) -> None:
    assert callable(resolve_name(name))
