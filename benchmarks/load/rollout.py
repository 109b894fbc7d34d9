"""A rolling update under load: from the previous build to this one and back, both on one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from benchmarks.load.faults import Cause
from benchmarks.load.stage import Stage, port_of
from gate.core.errors import GateError
from gate.targets.embedded import MIGRATE_SECONDS, EmbeddedTarget
from gate.targets.postgres.template_server import OwnServer
from gate.targets.service import Service

CURRENT = "this build"
STEP_SECONDS = 3.0
"""Seconds that both builds serve side by side at each step."""


def steps(current: Service) -> Sequence[Cause]:
    """The steps of an update to a build and back, in their order; the stage runs the previous build."""
    acts: Mapping[str, tuple[str, Callable[[Stage], None]]] = {
        "migrate": ("the schema of this build, while the previous one serves", lambda stage: _migrate(stage, current)),
        "start-new": ("this build works beside the previous one", lambda stage: _start(stage, current)),
        "lead-over": ("clients are led to this build", _lead_over),
        "stop-old": ("the previous build ends", lambda stage: stage.system.stop()),
        "start-old": ("the previous build works on the new schema", lambda stage: stage.system.start()),
        "lead-back": ("clients are led back", _lead_back),
        "stop-new": ("this build ends", lambda stage: stage.others[CURRENT].stop()),
    }
    return [
        Cause(name, title, act, lambda _: None, STEP_SECONDS, killed=name.startswith("stop"))
        for name, (title, act) in acts.items()
    ]


def _target(build: Service) -> EmbeddedTarget:
    """A target of a build that uses the stand-ins of the stage."""
    return EmbeddedTarget(replace(build, stand_ins={}), warm=False, server=OwnServer(lambda _: None, warm=False))


def _migrate(stage: Stage, build: Service) -> None:
    process = _target(build).command(stage.shared, stage.database_url, "migrate")
    _, printed = process.communicate(timeout=MIGRATE_SECONDS)
    if process.returncode:
        raise GateError("The migration of this build failed.", log=tuple(printed.splitlines()[-15:]))


def _start(stage: Stage, build: Service) -> None:
    stage.beside(CURRENT, _target(build))


def _lead_over(stage: Stage) -> None:
    if stage.front is not None:
        stage.front.redirect(port_of(stage.others[CURRENT]))


def _lead_back(stage: Stage) -> None:
    if stage.front is not None:
        stage.front.redirect(port_of(stage.system))
