"""The list of all tests for the inventory, also of those that the options of a run leave out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gate import suite
from gate.suite.run import criteria_of, depth_of
from gate.verdict.inventory import TESTS, CollectedTest


def write(items: Iterable[pytest.Item], path: Path) -> None:
    """Writes the list of ``items`` as JSON."""
    optional = suite.pack().suite.optional_fixtures
    tests = [
        CollectedTest(
            id=item.nodeid,
            depth=depth_of(item),
            criteria=criteria_of(item),
            existing="existing" in fixtures,
            optional=bool(optional & fixtures),
        )
        for item in items
        for fixtures in [set(getattr(item, "fixturenames", ()))]
    ]
    path.write_bytes(TESTS.dump_json(tests))
