"""From settings to a target."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace

from gate.core.settings import BACKFILL_COMMAND, MIGRATE_COMMAND, ROOT, RUNNER_COMMAND, RUNNER_IMAGE, Settings
from gate.targets import RunnerSpec, Target
from gate.targets.embedded import EmbeddedTarget
from gate.targets.remote import RemoteTarget

CHOICE = {"containers": "a container engine answers", "embedded": "no container engine answers"}
"""Why ``auto`` became one or the other."""


def resolved(settings: Settings) -> Settings:
    """The settings with ``auto`` replaced by the target that it stands for here.

    Who names an image wants it judged: then it is ``containers``, and an error where no engine answers.
    """
    if settings.target != "auto":
        return settings
    from gate.targets.engine import answers  # noqa: PLC0415  (its libraries would slow down every other target)

    named = settings.runner_image != RUNNER_IMAGE or settings.postgres_image or settings.worker_containers
    return replace(settings, target="containers" if named or answers() else "embedded")


def choose(settings: Settings, say: Callable[[str], None]) -> Target:
    """The target that the settings ask for; nothing is started yet. ``say`` is told what it is doing."""
    settings = resolved(settings)
    if settings.target == "remote":
        return RemoteTarget(settings)
    if settings.target == "containers":
        return _containers(settings, say)
    runner = RunnerSpec(
        settings.runner_command, settings.migrate_command, settings.runner_env, settings.backfill_command
    )
    return EmbeddedTarget(runner, warm=not settings.cold, keep=settings.keep, root=ROOT, say=say)


def _containers(settings: Settings, say: Callable[[str], None]) -> Target:
    from gate.targets.containers import ContainersTarget  # noqa: PLC0415  (as above)
    from gate.targets.stack import RunnerImage  # noqa: PLC0415  (as above)

    runner = RunnerImage(settings.runner_image, env=settings.runner_env, working=settings.worker_containers)
    if settings.runner_command != RUNNER_COMMAND:
        runner = replace(runner, command=shlex.split(settings.runner_command))
    if settings.migrate_command != MIGRATE_COMMAND:
        runner = replace(runner, migrate=tuple(shlex.split(settings.migrate_command)))
    if settings.backfill_command != BACKFILL_COMMAND:
        runner = replace(runner, backfill=tuple(shlex.split(settings.backfill_command)))
    return ContainersTarget(runner, postgres=settings.postgres_image, keep=settings.keep, root=ROOT, say=say)
