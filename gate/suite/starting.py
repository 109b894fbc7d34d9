"""The start of a run: what is known of it, its target, and the system of the tests of this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import pytest

from gate import suite
from gate.core import isolation
from gate.core.redaction import Redactor
from gate.core.rerun import Rerun, RunOptions
from gate.core.settings import WITHOUT_ORACLES, Settings
from gate.oracles.registry import offered, unavailable
from gate.suite import kept
from gate.suite.judged import judged
from gate.suite.state import SETTINGS, Asked, shared_of, worker_of
from gate.targets import System, Target
from gate.targets.choose import choose, configured
from gate.verdict import baseline
from gate.verdict.decide import Run

FIXTURE = "session"
"""Fixture of the tests that share the system of their process."""
SYSTEM = pytest.StashKey[Future[System]]()
Result = TypeVar("Result")


def beside(work: Callable[[], Result]) -> Future[Result]:
    """The future result of work in a thread of its own."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="starting")
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)


def start_system(tests: pytest.Session) -> None:
    """Starts the system that tests of this process share, if any do and nobody else uses it."""
    config = tests.config
    target = choose(config.stash[SETTINGS], suite.pack().service, lambda _: None)
    if target.exclusive and any(FIXTURE in getattr(item, "fixturenames", ()) for item in tests.items):
        shared = shared_of(config)
        config.stash[SYSTEM] = started = beside(lambda: target.system(shared))
        config.add_cleanup(lambda: _close(started))


def system_of(config: pytest.Config, target: Target, shared: Mapping[str, str]) -> System:
    """The system that was started for this process, or else a new one."""
    started = config.stash.get(SYSTEM, None)
    system = started.result() if started else target.system(shared)
    if config.stash[SETTINGS].keep:
        kept.note(config.stash[SETTINGS].report_dir, worker_of(config), system)
    return system


def _close(started: Future[System]) -> None:
    with suppress(Exception):  # its start failed, and the test that wanted it has said so
        started.result().close()


def run_of(settings: Settings, asked: Asked, target: Target, redact: Redactor) -> Run:
    """The facts of a run before its target is up; WITHOUT_ORACLES in the environment stops it."""
    stopped = f"{WITHOUT_ORACLES} is set, which is for benchmarks: no oracle judged what the tests left."
    return Run(
        target=settings.target,
        setting="own" if target.exclusive else "rows" if target.shows_rows else "api",
        depth=settings.depth,
        seed=settings.seed,
        workers=settings.workers,
        repeat=settings.repeat,
        profile=suite.pack().profile(settings.profile),
        baseline=baseline.load(settings.baseline) if settings.baseline else None,
        unavailable=unavailable(
            suite.pack().oracles,
            offered(own=target.exclusive, rows=target.shows_rows, writes=not settings.read_only),
        ),
        rerun=Rerun(RunOptions.of(settings, os.environ, redact), settings.report_dir, asked.expression),
        judged=judged(settings, configured(suite.pack().service, settings), asked.words),
        narrowed=bool(asked.narrowed or asked.expression or settings.shard),
        shard=str(settings.shard or ""),
        remark=isolation.remark(os.environ),
        stopped=stopped if WITHOUT_ORACLES in os.environ else "",
    )
