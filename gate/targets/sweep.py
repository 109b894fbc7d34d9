"""Labels that name the run of each container, network and volume, and their removal by these labels."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import docker
import psutil

from gate.core.waiting import NotReached, wait
from gate.targets.engine import inside

RUN, OWNER = "beacon-gate.run", "beacon-gate.owner"
"""Labels: the run's id, and the process that it ends with."""

STRANGER_SECONDS = 12 * 3600.0
"""Age from which an object is stale whose owner, on another machine or in a container, cannot be looked up."""


class EngineObject(Protocol):
    """A container, a network or a volume."""

    attrs: dict[str, Any]
    name: str | None

    def remove(self) -> None:
        """Removes it."""


def labels(run: str) -> dict[str, str]:
    """The labels of what this process creates for a run."""
    return {RUN: run, OWNER: _owner()}


def _machine() -> str:
    """A name of the machine or container, within which process ids can be compared."""
    with contextlib.suppress(OSError):
        return _digest(os.uname().nodename, str(Path("/proc/self/ns/pid").readlink()))
    return _digest(os.uname().nodename)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


def _owner() -> str:
    process = psutil.Process()
    return f"{_machine()}:{process.pid}:{process.create_time():.0f}"


def stale(owner: str, age: float) -> bool:
    """True if an object of ``owner`` (the label's value) that is ``age`` seconds old has outlived it."""
    machine, _, process = owner.partition(":")
    if machine != _machine():
        return age > STRANGER_SECONDS
    number, _, born = process.partition(":")
    try:
        running = psutil.Process(int(number))
        return abs(running.create_time() - float(born)) > 2 or running.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return True


def sweep(client: docker.DockerClient) -> list[str]:
    """Removes what runs left whose process is gone; returns the ids of these runs."""
    runs = {
        marks[RUN]
        for item in objects(client, RUN)
        for marks in [labels_of(item)]
        if stale(marks.get(OWNER, ""), _age(item))
    }
    for run in sorted(runs):
        remove(client, run)
    return sorted(runs)


def remove(client: docker.DockerClient, run: str) -> list[str]:
    """Removes every container, volume and network of a run; returns the names of those that stay."""
    label = f"{RUN}={run}"

    def after_removing() -> list[str]:
        _remove_all(objects(client, label))
        return sorted(str(item.name) for item in objects(client, label))

    try:
        return wait("the removal", after_removing, until=lambda names: not names)
    except NotReached:
        return after_removing()


def objects(client: docker.DockerClient, label: str) -> list[EngineObject]:
    """Every container, volume and network with a label, given as its name or as name=value."""
    wanted = {"label": label}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.volumes.list(filters=wanted), *client.networks.list(filters=wanted)]


def labels_of(item: EngineObject) -> Mapping[str, str]:
    """The labels of a container, a network or a volume."""
    marks: Mapping[str, str] | None = item.attrs.get("Config", item.attrs).get("Labels")
    return marks or {}


def _age(item: EngineObject) -> float:
    """Seconds since its creation; 0 where that is not known."""
    created = str(item.attrs.get("Created") or item.attrs.get("CreatedAt") or "")
    try:
        moment = datetime.fromisoformat(created[:19]).replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - moment).total_seconds()


def _remove_all(items: Iterable[EngineObject]) -> None:
    containers = [item for item in items if isinstance(item, docker.models.containers.Container)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_remove_container, containers))
    own = inside()
    for item in items:
        with contextlib.suppress(docker.errors.APIError):  # gone meanwhile, or still in use: tried again
            if isinstance(item, docker.models.networks.Network):
                if own:
                    with contextlib.suppress(docker.errors.APIError):  # we are not on it
                        item.disconnect(own, force=True)
                item.remove()
            elif isinstance(item, docker.models.volumes.Volume):
                item.remove()


def _remove_container(container: docker.models.containers.Container) -> None:
    with contextlib.suppress(docker.errors.APIError):  # gone meanwhile, or being removed: tried again
        container.remove(force=True, v=True)
