"""The container engine: the connection to it, and one sentence for whatever is wrong with it."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import socket
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

import docker
import docker.errors
import requests
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import DockerClient, get_docker_host

from gate.core.errors import GateError

SOCKET = "unix:///var/run/docker.sock"
"""Where an engine listens when nobody says otherwise."""

LOCAL = {None, "localhost", "127.0.0.1", "::1"}
FAILURES = (docker.errors.DockerException, requests.RequestException, OSError)
"""Whatever the client of an engine can raise."""

START = "Start one (Docker, or whatever DOCKER_HOST names), or use --target embedded, which needs none."

# What the library would do by itself: start a reaper from an image that cannot always be had, where we have our own,
# and take images from another registry than the one that was named.
testcontainers_config.ryuk_disabled = True
testcontainers_config.hub_image_name_prefix = ""


@functools.lru_cache(maxsize=1)
def connect() -> docker.DockerClient:
    """The engine of this machine, one connection for the process; GateError when none answers or it may not be used."""
    address = get_docker_host() or SOCKET
    host = urlsplit(address)
    if host.scheme == "ssh" or (host.scheme in {"tcp", "http", "https"} and host.hostname not in LOCAL):
        message = f"The container engine at {address} is on another machine, which publishes ports to itself only."
        raise GateError(message, "Run the gate there, or unset DOCKER_HOST.")
    try:
        _knock(host)  # the library would leave its socket open where this fails
        client = DockerClient().client
        client.ping()
    except FAILURES as error:
        raise unreachable(error, address) from error
    return client


def _knock(address: SplitResult) -> None:
    """Connects to the engine's socket and hangs up; OSError where nobody opens."""
    if address.scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(address.path)
    elif address.hostname:
        socket.create_connection((address.hostname, address.port or 2375), timeout=10).close()


def unreachable(error: Exception, address: str) -> GateError:
    """What an engine that cannot be connected to is answered with."""
    if _caused_by(error, errno.EACCES, errno.EPERM):
        message = f"This user may not use the container engine at {address}."
        return GateError(message, "Add the user to the group docker and log in again, or use --target embedded.")
    if _caused_by(error, errno.ENOENT, errno.ECONNREFUSED):
        return GateError(f"No container engine answers at {address}.", START)
    return GateError(f"The container engine at {address} cannot be used: {reason(error)}.", START)


def _caused_by(error: BaseException, *numbers: int) -> bool:
    """Whether the error, or one that it was made from, is an OSError of one of these numbers."""
    if isinstance(error, OSError) and error.errno in numbers:
        return True
    inner = [one for one in (error.__cause__, error.__context__, *error.args) if isinstance(one, BaseException)]
    return any(_caused_by(one, *numbers) for one in inner)


@contextlib.contextmanager
def failing(what: str, hint: str = "") -> Iterator[None]:
    """Turns whatever the engine refuses into a GateError: ``what`` is the sentence's start, as in "X did not start"."""
    try:
        yield
    except FAILURES as error:
        raise refused(error, what, hint) from error


def refused(error: Exception, what: str, hint: str = "") -> GateError:
    """What an engine's refusal is answered with: what did not work, why, and what to do."""
    said = reason(error)
    lower = said.lower()
    if "no space left on device" in lower:
        return GateError(f"{what}: the container engine's disk is full.", "Free some space, as by docker system prune.")
    if "exec format error" in lower or "does not match the specified platform" in lower:
        return GateError(f"{what}: {said}.", "Build the image for this machine's processor.")
    if "port is already allocated" in lower or "address already in use" in lower:
        return GateError(f"{what}: {said}.", "Another process took the port; run again, or end that process.")
    if isinstance(error, requests.Timeout):
        return GateError(f"{what}: the container engine did not answer in time.", "Restart it, or run with less load.")
    if isinstance(error, requests.ConnectionError):
        return GateError(f"{what}: the container engine does not answer any more.", START)
    return GateError(f"{what}: {said}.", hint)


def reason(error: Exception) -> str:
    """What the engine said, in one line without a full stop."""
    said = error.explanation if isinstance(error, docker.errors.APIError) else None
    text = str(said or error).strip() or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def answers() -> bool:
    """Whether an engine answers that this user may use."""
    try:
        connect()
    except GateError:
        return False
    return True


def inside() -> str | None:
    """The id of the container that this process runs in, where the engine knows it and its network is its own.

    A file such as /.dockerenv would not do: it is also found on machines that were made from a container's image.
    """
    try:
        found = connect().containers.get(os.uname().nodename)
    except docker.errors.NotFound:
        return None
    networks = found.attrs["NetworkSettings"]["Networks"]
    return None if found.status != "running" or "host" in networks else str(found.id)
