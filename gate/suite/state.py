"""The state of a run in each of its processes, kept by pytest's config."""

from __future__ import annotations

import pytest

from gate.core.redaction import Redactor
from gate.core.settings import Settings
from gate.suite.sharing import ask
from gate.targets.remote_run.access import redactor
from gate.verdict.journal import Journal

SETTINGS = pytest.StashKey[Settings]()
CHOSEN = pytest.StashKey[bool]()
SHARED = pytest.StashKey[dict[str, str]]()
JOURNAL = pytest.StashKey[Journal]()
CANARY = pytest.StashKey[bool]()
"""Whether a test only shows that a check can be red, so that reports leave it out."""
REDACTOR = pytest.StashKey[Redactor]()
UNJUDGED, CRITERIA = "gate_unjudged", "gate_criteria"
CONTROLLER = "controller"
"""Name of the controlling process's own journal."""


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
