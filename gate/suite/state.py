"""The state of a run in each of its processes, kept by pytest's config."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from _pytest.mark.expression import Expression

from gate import suite
from gate.core.errors import UsageError
from gate.core.redaction import Redactor
from gate.core.settings import CALL, Settings, redactor
from gate.suite.sharing import ask
from gate.verdict.journal import Journal

SETTINGS = pytest.StashKey[Settings]()
CHOSEN = pytest.StashKey[bool]()
SHARED = pytest.StashKey[dict[str, str]]()
JOURNAL = pytest.StashKey[Journal]()
CANARY = pytest.StashKey[bool]()
"""Set for a test that only shows that a check can be red; reports leave it out."""
REDACTOR = pytest.StashKey[Redactor]()
UNJUDGED, CRITERIA, UNAVAILABLE = "gate_unjudged", "gate_criteria", "gate_unavailable"
NARROWING = re.compile("-k|-m|--(deselect|ignore|last-failed|lf|stepwise|sw)")
"""Options of pytest that leave tests out."""
ENDED = "ended"
"""A file beside the journals, by which the controlling process ends the run: no worker begins another test."""
FIRST = "The first group of findings is there."
CONTROLLER = "controller"
"""Name of the controlling process's own journal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The tests that the call of the gate, or of pytest, asked for; never what an environment or a file asks for."""

    expression: str = ""  # selects tests by their names
    first: bool = False  # end at the first finding
    narrowed: bool = False  # pytest was called for some tests
    words: tuple[str, ...] = ()  # of the command line

    @property
    def selected(self) -> Callable[[str], bool] | None:
        """The choice of the expression, by the id of a test; None for all."""
        if not self.expression:
            return None
        compiled = Expression.compile(self.expression)

        def selected(test: str) -> bool:
            def named(name: str, /, **_: object) -> bool:
                return name.lower() in test.lower()

            return compiled.evaluate(named)

        return selected

    @property
    def names(self) -> frozenset[str]:
        """The names in the expression, in lower case."""
        return frozenset(name.lower() for name in Expression.compile(self.expression).idents())


ASKED = pytest.StashKey[Asked]()


def asked_of(config: pytest.Config) -> Asked:
    """The tests that this run was asked for; UsageError for an expression that selects nothing."""
    if CALL in os.environ:
        asked = Asked(**json.loads(os.environ[CALL]))
        try:
            Expression.compile(asked.expression)
        except SyntaxError as error:
            raise UsageError(f"-k {asked.expression!r} is no expression: {error.msg}.", "See pytest's -k.") from error
        return asked
    folder = suite.pack().suite.folder
    places = {str(argument).rstrip("/") for argument in config.args} - {folder, str(config.rootpath / folder)}
    words = map(str, config.invocation_params.args)
    narrowed = bool(places) or any(map(NARROWING.match, words))
    return Asked(first=bool(config.option.maxfail), narrowed=narrowed, words=tuple(map(str, config.args)))


def shared_of(config: pytest.Config) -> dict[str, str]:
    """The values that the controller shares, in the controller and in a worker alike."""
    if SHARED not in config.stash:
        config.stash[SHARED] = ask(getattr(config, "workerinput"))  # noqa: B009 (an attribute that xdist adds)
    return config.stash[SHARED]


def worker_of(config: pytest.Config) -> str:
    """Name of this worker; ``gw0`` in a run without several."""
    return str(getattr(config, "workerinput", {}).get("workerid", "gw0"))


def redactor_of(config: pytest.Config) -> Redactor:
    """The redactor of this process."""
    if REDACTOR not in config.stash:
        config.stash[REDACTOR] = redactor(config.stash[SETTINGS])
    return config.stash[REDACTOR]


def journal_of(config: pytest.Config) -> Journal:
    """The journal of the tests that this process runs; opened at first use."""
    if JOURNAL not in config.stash:
        path = config.stash[SETTINGS].report_dir / "journal" / f"{worker_of(config)}.ndjson"
        config.stash[JOURNAL] = Journal(path, redactor_of(config))
    return config.stash[JOURNAL]
