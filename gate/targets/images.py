"""The images of a run, pulled where they are missing."""

from __future__ import annotations

from collections.abc import Callable

import docker

from gate.core.errors import GateError
from gate.targets.engine import FAILURES, failing, reason, refused
from gate.targets.service import Service

POSTGRES_IMAGE = "postgres:18.1"
OFFLINE_POSTGRES = "beacon-gate/postgres"
"""The image that ``scripts/images --offline`` builds where there is no registry."""
Say = Callable[[str], None]
OFFLINE = "Name another with --postgres-image, or build one with ./scripts/images --offline."


def postgres(client: docker.DockerClient, named: str | None, say: Say) -> docker.models.images.Image:
    """The image for Postgres: the named one, else the one that was built offline, else the official one."""
    if named is None:
        built = _local(client, OFFLINE_POSTGRES)
        if built is not None:
            return built
    return _pulled(client, named or POSTGRES_IMAGE, say, OFFLINE)


def of_service(client: docker.DockerClient, service: Service, say: Say) -> docker.models.images.Image:
    """The service's image, pulled where only a registry has it; one of this machine's own is only built here."""
    if service.image == service.own_image and _local(client, service.image) is None:
        raise GateError(f"The image {service.image} is not there.", service.image_hint)
    return _pulled(client, service.image, say, service.image_hint)


def _local(client: docker.DockerClient, name: str) -> docker.models.images.Image | None:
    with failing(f"The image {name} cannot be looked up"):
        try:
            return client.images.get(name)
        except docker.errors.ImageNotFound:
            return None


def _pulled(client: docker.DockerClient, name: str, say: Say, hint: str) -> docker.models.images.Image:
    image = _local(client, name)
    if image is not None:
        return image
    say(f"pulling {name} ...")
    try:
        client.images.pull(name, tag=None if ":" in name.rpartition("/")[2] or "@" in name else "latest")
        return client.images.get(name)
    except FAILURES as error:
        if "no space left" in reason(error).lower():
            raise refused(error, f"The image {name} cannot be pulled") from error
        raise GateError(f"The image {name} is not there and cannot be pulled: {reason(error)}.", hint) from error


def processor(client: docker.DockerClient, image: docker.models.images.Image) -> str:
    """A sentence on an image that was built for another processor than the engine's; empty where it fits."""
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    with failing("The engine does not say what it is"):
        machine = str(client.info()["Architecture"])
    ours, its = names.get(machine, machine), str(image.attrs["Architecture"])
    return "" if its == ours else f"The image was built for {its}, and this engine's processor is {ours}."
