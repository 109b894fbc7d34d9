"""From settings to a target."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace

from gate.core.settings import ROOT, Settings
from gate.targets import RunnerSpec, Target
from gate.targets.embedded import EmbeddedTarget
from gate.targets.remote import RemoteTarget

COMMANDS = {name: f"python -m runner {name}" for name in ("serve", "migrate", "backfill")}
RUNNER_IMAGE = "beacon-gate/runner"
CHOICE = {"containers": "a container engine answers", "embedded": "no container engine answers"}
"""Why ``auto`` became one or the other."""


def resolved(settings: Settings) -> Settings:
    """The settings with ``auto`` replaced by the target that it stands for here.

    Who names an image wants it judged: then it is ``containers``, and an error where no engine answers.
    """
    if settings.target != "auto":
        return settings
    from gate.targets.engine import answers  # noqa: PLC0415  (its libraries would slow down every other target)

    named = settings.runner_image or settings.postgres_image or settings.worker_containers
    return settings.model_copy(update={"target": "containers" if named or answers() else "embedded"})


def choose(settings: Settings, say: Callable[[str], None]) -> Target:
    """The target that the settings ask for; nothing is started yet. ``say`` is told what it is doing."""
    settings = resolved(settings)
    if settings.target == "remote":
        return RemoteTarget(settings)
    if settings.target == "containers":
        return _containers(settings, say)
    commands = {**COMMANDS, **settings.commands}
    runner = RunnerSpec(commands["serve"], commands["migrate"], settings.runner_env, commands["backfill"])
    return EmbeddedTarget(runner, warm=not settings.cold, keep=settings.keep, root=ROOT, say=say)


def _containers(settings: Settings, say: Callable[[str], None]) -> Target:
    from gate.targets.containers import ContainersTarget  # noqa: PLC0415  (as above)
    from gate.targets.stack import RunnerImage  # noqa: PLC0415  (as above)

    commands = {name: tuple(shlex.split(command)) for name, command in settings.commands.items()}
    runner = RunnerImage(
        settings.runner_image or RUNNER_IMAGE, env=settings.runner_env, working=settings.worker_containers
    )
    if "serve" in commands:
        runner = replace(runner, command=list(commands["serve"]))
    runner = replace(
        runner,
        migrate=commands.get("migrate", runner.migrate),
        backfill=commands.get("backfill", runner.backfill),
    )
    return ContainersTarget(runner, postgres=settings.postgres_image, keep=settings.keep, root=ROOT, say=say)
