"""The container engine, its images and the objects of a run, for tests of containers."""

from __future__ import annotations

import os
from collections.abc import Callable

import docker
import pytest

from beacon.service import SERVICE
from gate.core.errors import GateError
from gate.targets import images, sweep
from gate.targets.containers import ContainersTarget
from gate.targets.engine import connect
from gate.targets.service import Service

Say = Callable[[str], None]


def engine() -> docker.DockerClient:
    """The engine with the reference runner's image on it; skips the test where there is none, but not in CI."""
    try:
        client = connect()
        images.of_service(client, SERVICE, lambda _: None)
    except GateError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"this needs a container engine and the images of ./scripts/images: {error.message}")
    return client


def target(service: Service = SERVICE, *, say: Say = lambda _: None) -> ContainersTarget:
    """A target for the reference runner's image, or another."""
    return ContainersTarget(service, say=say)


def names_of(client: docker.DockerClient, run: str) -> list[str]:
    """Names of the containers, volumes and networks of a run."""
    return sorted(str(item.name) for item in sweep.objects(client, f"{sweep.RUN}={run}"))
