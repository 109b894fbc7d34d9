"""The container engine: the connection to it, and a sentence for each of its errors."""

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
"""The default address of an engine."""

LOCAL = {None, "localhost", "127.0.0.1", "::1"}
FAILURES = (docker.errors.DockerException, requests.RequestException, OSError)
"""Exceptions of an engine's client."""

START = "Start one (Docker, or whatever DOCKER_HOST names), or use --target embedded, which needs none."

# By itself the library would start a reaper from an image that is not always there, and take images from another
# registry than the named one. The gate has a reaper of its own.
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
    """Connects to the engine's socket and hangs up; OSError where nothing listens."""
    if address.scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(address.path)
    elif address.hostname:
        socket.create_connection((address.hostname, address.port or 2375), timeout=10).close()


def unreachable(error: Exception, address: str) -> GateError:
    """The error for an engine that cannot be connected to."""
    if _caused_by(error, errno.EACCES, errno.EPERM):
        message = f"This user may not use the container engine at {address}."
        return GateError(message, "Add the user to the group docker and log in again, or use --target embedded.")
    if _caused_by(error, errno.ENOENT, errno.ECONNREFUSED):
        return GateError(f"No container engine answers at {address}.", START)
    return GateError(f"The container engine at {address} cannot be used: {reason(error)}.", START)


def _caused_by(error: BaseException, *numbers: int) -> bool:
    """True if the error, or one of its causes, is an OSError of one of these numbers."""
    if isinstance(error, OSError) and error.errno in numbers:
        return True
    causes = (error.__cause__, error.__context__, *error.args)
    return any(_caused_by(cause, *numbers) for cause in causes if isinstance(cause, BaseException))


@contextlib.contextmanager
def failing(failure: str, hint: str = "") -> Iterator[None]:
    """Turns errors of the engine into a GateError that begins with ``failure``, as in "X did not start"."""
    try:
        yield
    except FAILURES as error:
        raise refused(error, failure, hint) from error


def refused(error: Exception, failure: str, hint: str = "") -> GateError:
    """The error for a refusal of the engine: the failure, its reason, and a hint."""
    why = reason(error)
    lower = why.lower()
    if "no space left on device" in lower:
        return GateError(
            f"{failure}: the container engine's disk is full.", "Free some space, as by docker system prune."
        )
    if "exec format error" in lower or "does not match the specified platform" in lower:
        return GateError(f"{failure}: {why}.", "Build the image for this machine's processor.")
    if "port is already allocated" in lower or "address already in use" in lower:
        return GateError(f"{failure}: {why}.", "Another process took the port; run again, or end that process.")
    if isinstance(error, requests.Timeout):
        return GateError(
            f"{failure}: the container engine did not answer in time.", "Restart it, or run with less load."
        )
    if isinstance(error, requests.ConnectionError):
        return GateError(f"{failure}: the container engine does not answer any more.", START)
    return GateError(f"{failure}: {why}.", hint)


def reason(error: Exception) -> str:
    """The engine's own words, in one line without a full stop."""
    explanation = error.explanation if isinstance(error, docker.errors.APIError) else None
    text = str(explanation or error).strip() or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def answers() -> bool:
    """True if an engine answers that this user may use."""
    try:
        connect()
    except GateError:
        return False
    return True


def inside() -> str | None:
    """The id of the container that this process runs in; None outside of one, and on the network of the host.

    A file such as /.dockerenv proves nothing: it is also on machines that were built from a container's image.
    """
    try:
        container = connect().containers.get(os.uname().nodename)
    except docker.errors.NotFound:
        return None
    networks = container.attrs["NetworkSettings"]["Networks"]
    return None if container.status != "running" or "host" in networks else str(container.id)
