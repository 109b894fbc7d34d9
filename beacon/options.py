"""The options of the Beacon pack: the gate's own, and what its backfill and its portal need."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import model_validator

from beacon.checkout import BACKFILL_COMMAND, MIGRATE_COMMAND, RUNNER_COMMAND, RUNNER_IMAGE
from gate.core.browser import command, find
from gate.core.errors import GateError, UsageError
from gate.core.options import Option, check
from gate.core.settings import COMMAND, DEPTHS, STARTED, Settings


def _program(text: str) -> str:
    path = shutil.which(text)
    if path is None:
        raise UsageError(f"is no program: {text!r}.", "Give the path of a program, or its name on PATH.")
    return path


class BeaconSettings(Settings):
    """The validated options of a run against Project Beacon's runner."""

    defaults: ClassVar[Mapping[str, str]] = {
        "runner_command": RUNNER_COMMAND,
        "migrate_command": MIGRATE_COMMAND,
        "runner_image": f"{RUNNER_IMAGE}, which ./scripts/images builds",
        "postgres_image": "one that ./scripts/images --offline built, else the official one",
    }
    backfill_command: Annotated[str | None, COMMAND, Option("target", "COMMAND", BACKFILL_COMMAND, STARTED)] = None
    """analyses the historical jobs of the database DATABASE_URL; containers: replaces the image's argument backfill"""
    browser_path: Annotated[str | None, check(_program), Option("target", "PROGRAM", "the one on the usual paths")] = (
        None
    )
    """the Chromium or Chrome for the tests of the portal; without one its consumer contract judges the runner alone"""
    require_browser: Annotated[bool, Option("target")] = False
    """end with exit code 3 where no browser is found, instead of leaving out the tests that need one"""
    record_portal: Annotated[bool, Option("reports")] = False
    """at depth full, record contracts/portal/ and the pictures of docs/portal.md again from the tests of the portal"""

    @model_validator(mode="after")
    def _recorded_whole(self) -> Self:
        if self.record_portal and self.depth != DEPTHS[-1]:
            raise UsageError(f"--record-portal needs --depth {DEPTHS[-1]}.", "Other depths leave out what it records.")
        return self

    @property
    def commands(self) -> dict[str, str]:
        """The commands that were given, by what they do."""
        return super().commands | ({"backfill": self.backfill_command} if self.backfill_command else {})


def lacking(settings: BeaconSettings) -> str:
    """Say that there is no browser and what brings one; empty where there is one. GateError where one is required."""
    if find(settings.browser_path):
        return ""
    if settings.require_browser:
        raise GateError("No Chromium or Chrome was found, and --require-browser is given.", f"Run {command()}.")
    return f"no Chromium or Chrome was found, so the portal was not opened; `{command()}` brings one"
