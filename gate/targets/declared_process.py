"""The processes of a declared service: the service itself, and the servers that are started beside it."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from gate.core.declaration import Declaration, SideService
from gate.core.declaration.places import database_values, filled, process_values, revealed
from gate.core.declaration.tables import ServiceTable
from gate.core.isolation import refusing_proxies
from gate.core.surroundings import environment
from gate.targets.process import ServiceProcess, search_path, status_of
from gate.targets.service import Service

SIDE_SECONDS = 30.0
"""Seconds until a server that is started beside the service is ready."""


@dataclass(frozen=True, slots=True)
class Places:
    """Values for the places in the texts of a declaration."""

    values: Mapping[str, str]

    def words(self, command: Iterable[str], port: int = 0) -> list[str]:
        """The words of a command, filled in; without a port, its place stays."""
        values = {**self.values, **({"port": str(port)} if port else {})}
        return [filled(word, values) for word in command]


def environment_of(table: ServiceTable, url: str, directory: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the service, without its port; its home is a folder that goes with the run."""
    places = {**process_values(url), "directory": str(directory)}
    own = {name: filled(revealed(text, f"service.env.{name}", os.environ), places) for name, text in table.env.items()}
    leading = {name: filled(text, database_values(url)) for name, text in table.database_env.items()}
    base = {"PATH": search_path(), "PYTHONUNBUFFERED": "1", "HOME": str(directory)}
    return environment({**base, **refusing_proxies(os.environ), **own, **leading, **more}, drop=("XDG_",))


class DeclaredProcess(ServiceProcess):
    """A declared command as a subprocess: its port stands where the declaration has ``{port}``.

    ``declared`` are the variables in which it may stand; ``ready`` is the path that answers 2xx once it is ready.
    """

    def __init__(
        self,
        service: Service,
        *,
        declared: Iterable[str],
        ready: str,
        ready_seconds: float,
        env: Mapping[str, str],
        places: Mapping[str, str],
        choose_port: Callable[[], int],
        member: str = "service.start",
    ) -> None:
        super().__init__(service, env=env, ready_seconds=ready_seconds, choose_port=choose_port, option=member)
        self._declared = tuple(declared)
        self._ready = ready
        self._places = Places(places)

    def _arguments(self, port: int) -> list[str]:
        return self._places.words(self._command, port)

    def _variables(self, port: int) -> Mapping[str, str]:
        return {**self._env, **{name: filled(self._env[name], {"port": str(port)}) for name in self._declared}}

    def _probe(self, port: int, seconds: float) -> tuple[bool, str]:
        return answers(port, self._ready, seconds)


class SideProcess(DeclaredProcess):
    """A server beside the service; one without a path is ready when its port takes connections, or without a port."""

    def _probe(self, port: int, seconds: float) -> tuple[bool, str]:
        if self._ready:
            return answers(port, self._ready, seconds)
        if not any("{port}" in word for word in self._command):
            return True, "it has no port"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
        except OSError as error:
            return False, f"port {port}: {error}"
        return True, f"port {port} takes connections"


def answers(port: int, path: str, seconds: float, host: str = "127.0.0.1") -> tuple[bool, str]:
    """Return whether a server answers 2xx at ``path``, or anything but a failure without a path; and its answer."""
    asked = path or "/"
    try:
        status = status_of(asked, port, seconds, host)
    except (OSError, http.client.HTTPException) as error:
        return False, f"GET {asked}: {error}"
    return (200 <= status < 300 if path else status < 500), f"GET {asked} answered {status}"


def started_beside(
    service: Service,
    declaration: Declaration,
    env: Mapping[str, str],
    places: Mapping[str, str],
    stack: ExitStack,
    choose_port: Callable[[], int],
) -> dict[str, str]:
    """Starts the servers beside the service, which end with ``stack``; the variables that lead to them."""
    variables: dict[str, str] = {}
    for name, side in declaration.services.items():
        known = {"address": side.address}
        if side.start:
            known = {"port": str(_started(service, name, side, {**env, **variables}, places, stack, choose_port))}
        variables |= {variable: filled(text, known) for variable, text in side.env.items()}
    return variables


def _started(
    service: Service,
    name: str,
    side: SideService,
    env: Mapping[str, str],
    places: Mapping[str, str],
    stack: ExitStack,
    choose_port: Callable[[], int],
) -> int:
    process = SideProcess(
        replace(service, commands={"serve": side.start}),
        declared=(),
        ready=side.ready,
        ready_seconds=SIDE_SECONDS,
        env=env,
        places=places,
        choose_port=choose_port,
        member=f"services.{name}.start",
    )
    stack.callback(process.close)
    process.start()
    return process.port
