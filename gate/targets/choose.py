"""From settings to a target."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gate.core.settings import DEPTHS, Settings
from gate.targets import Target
from gate.targets.declared import DeclaredTarget
from gate.targets.embedded import EmbeddedTarget
from gate.targets.remote import RemoteTarget
from gate.targets.service import Service

if TYPE_CHECKING:
    from gate.targets.declared_image import ImageTarget  # its libraries would slow down every other target

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


def choose(settings: Settings, service: Service, say: Callable[[str], None]) -> Target:
    """The target that the settings ask for; nothing is started yet. ``say`` takes lines on what it is doing."""
    settings = resolved(settings)
    service = configured(service, settings)
    if settings.target == "remote":
        return RemoteTarget(settings, service, say)
    if service.declaration is not None:
        return declared(settings, service, say)
    if settings.target == "containers":
        from gate.targets.containers import ContainersTarget  # noqa: PLC0415 (only the chosen target is loaded)

        return ContainersTarget(service, postgres=settings.postgres_image, say=say)
    return EmbeddedTarget(service, warm=not settings.cold, forked=settings.depth != DEPTHS[-1], say=say)


def declared(settings: Settings, service: Service, say: Callable[[str], None]) -> DeclaredTarget | ImageTarget:
    """The target for a declared service that is started: from a command, or from an image."""
    if settings.target == "containers":
        from gate.targets.declared_image import ImageTarget  # noqa: PLC0415 (only the chosen target is loaded)

        return ImageTarget(service, say=say)
    return DeclaredTarget(service, warm=not settings.cold, say=say)


def configured(service: Service, settings: Settings) -> Service:
    """The service with the commands, the image and the environment that the settings give."""
    words = {name: tuple(shlex.split(command)) for name, command in settings.commands.items()}
    return replace(
        service,
        commands={**service.commands, **settings.commands},
        image=settings.runner_image or service.image,
        image_words={**service.image_words, **words},
        env={**service.env, **settings.runner_env},
        workers=settings.worker_containers,
    )
