"""The selection of tests: those of given resources alone or all others, and each as often as ``--repeat`` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gate import suite
from gate.core.settings import LISTING
from gate.suite import listing
from gate.suite.state import ASKED, SETTINGS
from gate.verdict.inventory import RESOURCE


@pytest.fixture
def repetition(request: pytest.FixtureRequest) -> int:
    """The number of the repetition, from 1."""
    return int(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a case of a test for each given resource, and for each repetition."""
    settings = metafunc.config.stash[SETTINGS]
    if "existing" in metafunc.fixturenames:
        listed = (RESOURCE,) if metafunc.config.option.collectonly else ()
        metafunc.parametrize("existing", settings.existing or listed)
    if settings.repeat > 1 and not metafunc.definition.nodeid.startswith(suite.pack().suite.harness):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, settings.repeat + 1), indirect=True, ids=lambda n: f"repeat{n}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of given resources in a run that only reads, all others in any other, and what was asked for."""
    if LISTING in os.environ:
        listing.write(items, Path(os.environ[LISTING]))
    reading, selected = config.stash[SETTINGS].read_only, config.stash[ASKED].selected
    dropped = [
        item
        for item in items
        if ("existing" in getattr(item, "fixturenames", ())) != reading or (selected and not selected(item.nodeid))
    ]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]
