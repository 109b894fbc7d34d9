"""From settings to a target."""

from __future__ import annotations

from collections.abc import Callable

from gate.options import ROOT, Settings
from gate.target import RunnerSpec, Target
from gate.target.embedded import EmbeddedTarget
from gate.target.remote import RemoteTarget


def choose(settings: Settings, say: Callable[[str], None]) -> Target:
    """The target that the settings ask for; nothing is started yet. ``say`` is told what it is doing."""
    if settings.target == "remote":
        return RemoteTarget(settings)
    runner = RunnerSpec(command=settings.runner_command, migrate=settings.migrate_command)
    return EmbeddedTarget(runner, warm=not settings.cold, keep=settings.keep, root=ROOT, say=say)
