"""Which tests are passed for what: those of jobs that are there already for each of them, and all with ``--repeat``."""

from __future__ import annotations

import pytest

from gate import suite
from gate.suite.run import SETTINGS


@pytest.fixture
def repetition(request: pytest.FixtureRequest) -> int:
    """Which time it is that a test is passed, from 1 on."""
    return int(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of existing jobs is passed for each that was named, and any test as often as was asked for."""
    settings = metafunc.config.stash[SETTINGS]
    if "existing" in metafunc.fixturenames:
        metafunc.parametrize("existing", settings.remote.jobs)
    if settings.repeat > 1 and not metafunc.definition.nodeid.startswith(suite.pack().suite.harness):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, settings.repeat + 1), indirect=True, ids=lambda n: f"repeat{n}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Either the tests of existing jobs, or all others."""
    reading = config.stash[SETTINGS].remote.read_only
    dropped = [item for item in items if ("existing" in getattr(item, "fixturenames", ())) != reading]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]
