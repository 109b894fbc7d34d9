"""The run as a whole: its options, and the choice and order of its tests."""

from __future__ import annotations

import gc
import os
import random
import signal
from pathlib import Path

import pytest

from gate import suite
from gate.core import lifetime, waiting
from gate.core.errors import GateError
from gate.core.options import declared, given
from gate.core.settings import DEPTHS, WRAPPED, load
from gate.session.start import refuse
from gate.suite import sharding
from gate.suite.interrupts import INTERRUPT
from gate.suite.scheduling import dealt, scheduled
from gate.suite.state import ASKED, CHOSEN, CRITERIA, ENDED, FIRST, JOURNAL, SETTINGS, asked_of, journal_of
from gate.targets.choose import resolved
from gate.verdict import last_failed, order, report_directory, times
from gate.verdict.baseline import without_repetition
from gate.verdict.report_directory import PARTIAL

YOUNG = 50_000
"""New objects after which the garbage collector looks for cycles: after Python's 700, loading is a tenth of that."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Every option of the gate is an option of pytest, but for one that pytest's own cache has."""
    gc.set_threshold(YOUNG)
    group = parser.getgroup("beacon gate")
    for option in declared(suite.pack().options):
        if option.name != "last_failed" or not pluginmanager.hasplugin("cacheprovider"):
            group.addoption(option.flag, **option.arguments())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Leaves out a test that a worker still has when the run is ended; xdist lets it run all that it was given."""
    if not (item.config.stash[SETTINGS].report_dir / "journal" / ENDED).exists():
        return None
    item.session.shouldfail = FIRST
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Checks the options and sets up workers and reports before xdist and the reporters read theirs."""
    lifetime.register()
    if WRAPPED in os.environ or hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, INTERRUPT)
    if not __debug__:  # what the tests' helpers assert would not be checked
        raise pytest.UsageError("Python drops assertions here. Unset PYTHONOPTIMIZE, and leave out -O.")
    try:
        model = suite.pack().options
        # The command line has read the file already, in its own working directory.
        asked = load(model, given(model, config.option), directory=None if WRAPPED in os.environ else Path.cwd())
        refuse(asked, suite.pack())
        config.stash[ASKED] = asked_of(config)
        settings = asked if config.option.help or config.option.collectonly else resolved(asked)
        config.option.gate_target = settings.target  # workers get the settled target, not ``auto``
        if not hasattr(config, "workerinput") and not config.option.collectonly:
            report_directory.claim(settings.report_dir, os.environ.get(WRAPPED, ""))
    except GateError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SETTINGS] = settings
    config.stash[CHOSEN] = settings != asked
    waiting.scale(settings.time_factor)
    if config.option.help or config.option.collectonly:
        return
    # Each worker writes the results of its own tests, and does not get options that are set after its start.
    config.option.allure_report_dir = config.option.allure_report_dir or str(
        settings.report_dir / f"allure-results{PARTIAL}"
    )
    if hasattr(config, "workerinput"):
        return
    if config.option.numprocesses is None and settings.workers > 1:
        config.option.numprocesses = settings.workers
        config.option.dist = "worksteal"
    config.option.xmlpath = config.option.xmlpath or str(settings.report_dir / f"junit.xml{PARTIAL}")
    # Read once, and handed to the workers, which have to collect the same tests in the same order.
    config.option.gate_first = last_failed.read(suite.pack().root) if settings.last_failed else []


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts the target and judges, workers open their journals; mere listings do neither."""
    if SETTINGS not in config.stash or config.option.collectonly:
        return
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        from gate.suite import canaries  # noqa: PLC0415 (only a process that runs tests needs them)

        journal_of(config)
        config.pluginmanager.register(canaries)
    if not hasattr(config, "workerinput"):
        from gate.suite.controller import Controller  # noqa: PLC0415  (what makes reports, which no worker needs)

        try:
            if WRAPPED not in os.environ:  # else the command line has it
                own = lifetime.Lifetime()
                os.environ.update(own.environment)
                config.add_cleanup(own.close)
            config.pluginmanager.register(Controller(config), "beacon-gate-controller")
        except GateError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Has the garbage collector pass over the libraries and the tests that are loaded, which stay."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker ends its journal, after the last test and all that is judged then."""
    if JOURNAL in session.config.stash:
        session.config.stash[JOURNAL].close()


def pytest_unconfigure() -> None:
    """The process ends at once: the system frees its memory faster than Python's garbage collector."""
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of the depth, in an order that follows from the seed."""
    settings = config.stash[SETTINGS]
    dropped = [item for item in items if not _within(settings.depth, item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if _within(settings.depth, item)]
    if settings.shard:
        own = sharding.part_of(settings, config.stash[ASKED], [item.nodeid for item in items])
        config.hook.pytest_deselected(items=[item for item in items if without_repetition(item.nodeid) not in own])
        items[:] = [item for item in items if without_repetition(item.nodeid) in own]
    collected = list(items)
    random.Random(settings.seed).shuffle(items)
    pack, first = suite.pack(), frozenset[str](getattr(config.option, "gate_first", ()))
    revealing = order.load(pack.root / pack.suite.order) if pack.suite.order else order.Order()
    seconds = times.load(pack.root / pack.suite.times) if pack.suite.times else times.Times()
    if pack.suite.ordered:
        items[:] = dealt(collected, settings.workers)
    else:
        items[:] = scheduled(items, collected, pack.suite, revealing, first, settings.workers, seconds)
    for item in items:
        item.user_properties.append((CRITERIA, ",".join(criteria_of(item))))


def criteria_of(item: pytest.Item) -> list[str]:
    """The criteria that a test exercises."""
    return [str(name) for mark in item.iter_markers("criterion") for name in mark.args]


def depth_of(item: pytest.Item) -> str:
    """The first depth that runs a test."""
    smoke, ci, full = DEPTHS
    return smoke if item.get_closest_marker(smoke) else full if item.get_closest_marker(full) else ci


def _within(depth: str, item: pytest.Item) -> bool:
    return DEPTHS.index(depth_of(item)) <= DEPTHS.index(depth)
