"""The options of the Beacon pack: the gate's own, and what its backfill and its portal need."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Annotated, ClassVar

from beacon.checkout import BACKFILL_COMMAND, MIGRATE_COMMAND, RUNNER_COMMAND, RUNNER_IMAGE
from gate.core.errors import UsageError
from gate.core.options import Option, check
from gate.core.settings import COMMAND, STARTED, Settings


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
    """the Chromium or Chrome for the tests of the portal, which are skipped without a browser"""
    record_portal: Annotated[bool, Option("reports")] = False
    """record contracts/portal/ again from the tests of the portal, instead of comparing with it"""

    @property
    def commands(self) -> dict[str, str]:
        """The commands that were given, by what they do."""
        return super().commands | ({"backfill": self.backfill_command} if self.backfill_command else {})
