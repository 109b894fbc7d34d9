"""The selection of tests: those of given resources alone or all others, and each as often as ``--repeat`` says."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gate import suite
from gate.core.errors import GateError
from gate.core.settings import DEPTHS, LISTING
from gate.suite import listing
from gate.suite.state import ASKED, SETTINGS
from gate.verdict import inventory
from gate.verdict.inventory import RESOURCE, Scope

EXISTING = "existing"
"""Fixture of the tests that judge given resources."""
LOADED = pytest.StashKey[Callable[[str], bool]]()
"""Tells whether a file is loaded, by its path below the root."""


@pytest.fixture
def repetition(request: pytest.FixtureRequest) -> int:
    """The number of the repetition, from 1."""
    return int(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a case of a test for each given resource, and for each repetition."""
    settings = metafunc.config.stash[SETTINGS]
    if EXISTING in metafunc.fixturenames:
        listed = (RESOURCE,) if metafunc.config.option.collectonly else ()
        metafunc.parametrize(EXISTING, settings.existing or listed)
    if settings.repeat > 1 and not metafunc.definition.nodeid.startswith(suite.pack().suite.harness):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, settings.repeat + 1), indirect=True, ids=lambda n: f"repeat{n}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out a file without a test that was asked for: a run of one test need not load them all."""
    if collection_path.suffix != ".py" or not collection_path.is_relative_to(config.rootpath):
        return None
    if LOADED not in config.stash:
        config.stash[LOADED] = _loaded(config)
    return None if config.stash[LOADED](collection_path.relative_to(config.rootpath).as_posix()) else True


def _loaded(config: pytest.Config) -> Callable[[str], bool]:
    """The choice of the files that may have such a test: by the inventory, or since their text has one of its names."""
    pack, settings, asked = suite.pack(), config.stash[SETTINGS], config.stash[ASKED]
    known = inventory.Inventory()
    with suppress(GateError):  # which the controlling process reports
        if pack.suite.inventory and LISTING not in os.environ and (asked.expression or settings.read_only):
            known = inventory.load(pack.root / pack.suite.inventory)
    scope = Scope(depth=DEPTHS[-1], selected=asked.selected, existing=settings.existing)
    files, chosen = known.files, inventory.files_of(known.expected(scope))
    names = asked.names or {EXISTING}

    def loaded(path: str) -> bool:
        if path in chosen or path not in files:
            return True
        text = (config.rootpath / path).read_text(encoding="utf-8").lower()
        return any(name in text for name in names)

    return loaded


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of given resources in a run that has some, all others in any other, and what was asked for."""
    if LISTING in os.environ:
        listing.write(items, Path(os.environ[LISTING]))
    given, selected = bool(config.stash[SETTINGS].existing), config.stash[ASKED].selected
    dropped = [
        item
        for item in items
        if (EXISTING in getattr(item, "fixturenames", ())) != given or (selected and not selected(item.nodeid))
    ]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]
