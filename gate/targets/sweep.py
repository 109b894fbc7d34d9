"""Labels that say whose every container, network and volume is, and what removes them by these labels."""

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

RUN, OWNER, KEPT = "beacon-gate.run", "beacon-gate.owner", "beacon-gate.kept"
"""Labels: the run's id; the process that it ends with; and, where it may outlive that one, what it is kept for."""

STRANGER_SECONDS = 12 * 3600.0
"""After how long something is stale whose owner cannot be looked at, being on another machine or in a container."""


class Thing(Protocol):
    """A container, a network or a volume."""

    attrs: dict[str, Any]
    name: str | None

    def remove(self) -> None:
        """Removes it."""


def labels(run: str, kept: str | None = None) -> dict[str, str]:
    """The labels of what this process makes for a run."""
    return {RUN: run, OWNER: _owner()} | ({KEPT: kept} if kept else {})


def _place() -> str:
    """Names the machine, or container, whose process ids ours can be compared with."""
    with contextlib.suppress(OSError):
        return _digest(os.uname().nodename, str(Path("/proc/self/ns/pid").readlink()))
    return _digest(os.uname().nodename)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


def _owner() -> str:
    process = psutil.Process()
    return f"{_place()}:{process.pid}:{process.create_time():.0f}"


def stale(owner: str, age: float) -> bool:
    """Whether what belongs to ``owner`` (the label's value) and is ``age`` seconds old has outlived it."""
    place, _, process = owner.partition(":")
    if place != _place():
        return age > STRANGER_SECONDS
    number, _, born = process.partition(":")
    try:
        found = psutil.Process(int(number))
        return abs(found.create_time() - float(born)) > 2 or found.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return True


def sweep(client: docker.DockerClient) -> list[str]:
    """Removes what runs left behind whose process is gone, and returns the ids of these runs. What is kept stays."""
    runs = {
        known[RUN]
        for thing in things(client, RUN)
        for known in [labels_of(thing)]
        if KEPT not in known and stale(known.get(OWNER, ""), _age(thing))
    }
    for run in sorted(runs):
        remove(client, run)
    return sorted(runs)


def remove(client: docker.DockerClient, run: str, *, spare_kept: bool = True) -> list[str]:
    """Removes every container, volume and network of a run; the names of those that cannot be removed."""

    def left() -> list[Thing]:
        found = things(client, f"{RUN}={run}")
        return [thing for thing in found if not spare_kept or KEPT not in labels_of(thing)]

    def after_removing() -> list[str]:
        _remove_all(left())
        return sorted(str(thing.name) for thing in left())

    try:
        return wait("the removal", after_removing, until=lambda names: not names)
    except NotReached:
        return after_removing()


def things(client: docker.DockerClient, label: str) -> list[Thing]:
    """Every container, volume and network with a label, given as its name or as name=value."""
    wanted = {"label": label}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.volumes.list(filters=wanted), *client.networks.list(filters=wanted)]


def labels_of(thing: Thing) -> Mapping[str, str]:
    """The labels of a container, a network or a volume."""
    found: Mapping[str, str] | None = thing.attrs.get("Config", thing.attrs).get("Labels")
    return found or {}


def _age(thing: Thing) -> float:
    """Seconds since it was made; 0 where that is not known."""
    made = str(thing.attrs.get("Created") or thing.attrs.get("CreatedAt") or "")
    try:
        moment = datetime.fromisoformat(made[:19]).replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - moment).total_seconds()


def _remove_all(things: Iterable[Thing]) -> None:
    containers = [thing for thing in things if isinstance(thing, docker.models.containers.Container)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_remove_container, containers))
    ours = inside()
    for thing in things:
        with contextlib.suppress(docker.errors.APIError):  # gone meanwhile, or still in use: looked for again
            if isinstance(thing, docker.models.networks.Network):
                if ours:
                    with contextlib.suppress(docker.errors.APIError):  # we are not on it
                        thing.disconnect(ours, force=True)
                thing.remove()
            elif isinstance(thing, docker.models.volumes.Volume):
                thing.remove()


def _remove_container(container: docker.models.containers.Container) -> None:
    with contextlib.suppress(docker.errors.APIError):  # gone meanwhile, or being removed: looked for again
        container.remove(force=True, v=True)
