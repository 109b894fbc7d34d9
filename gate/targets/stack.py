"""The network that all workers of a run share, and on it a Postgres with a migrated template."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from testcontainers.core.network import Network

from gate.core.errors import GateError
from gate.targets import addresses
from gate.targets.addresses import NetworkAddresses
from gate.targets.container import Container, Plan
from gate.targets.container_postgres import Server
from gate.targets.engine import failing
from gate.targets.postgres.clones import database_url, make_template, one_line
from gate.targets.service import Service, option_of

PORT = 8090
"""The port that a service serves on in its container."""
TEMPLATE = "gate_template"
MIGRATE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A network and a Postgres server."""

    network: str
    server: Server

    @classmethod
    def create(
        cls, run: str, image: str, labels: Mapping[str, str], *, closed: bool = False, trusting: bool = False
    ) -> Stack:
        """Creates both and waits until the server answers; GateError when that cannot be done.

        From a ``closed`` network there is no way out of the machine. A ``trusting`` server asks for no password.
        """
        name = f"beacon-gate-{run}"
        with failing("The network of the containers cannot be made"):
            network = Network(docker_network_kw={"labels": dict(labels), "internal": closed})
            network.name = name
            network.create()
        near = addresses.find(name)
        plan = Plan(
            image=image,
            name=f"{name}-postgres",
            network=name,
            labels=labels,
            published=near.published,
            direct=near.direct,
            extra_hosts=near.extra_hosts,
        )
        server = Server.run(plan, f"{name}-data", secrets.token_hex(12), trusting=trusting)
        server.await_ready()
        return cls(name, server)

    @classmethod
    def joined(cls, text: str) -> Stack:
        """The stack that another process created, from its ``handed_over``."""
        members = json.loads(text)
        return cls(members["network"], Server.joined(members["server"]))

    def handed_over(self) -> str:
        """The text that ``joined`` needs."""
        return json.dumps({"network": self.network, "server": self.server.handed_over()})

    def migrate(self, service: Service, labels: Mapping[str, str]) -> None:
        """Creates the template by the image's own migration; GateError with its last lines where that fails."""

        def run(database: str) -> None:
            container = self.once("The migration", service, service.image_words["migrate"], database, labels)
            hint = f"See its last lines, or give the image another command with {option_of('migrate')}."
            container.succeed(MIGRATE_SECONDS, hint)

        try:
            make_template(self.server.url, TEMPLATE, run)
        except psycopg.Error as error:
            raise GateError(f"The template database cannot be made: {one_line(error)}.") from error

    def once(
        self, title: str, service: Service, words: tuple[str, ...], database: str, labels: Mapping[str, str]
    ) -> Container:
        """Starts a container of the service's image that does one thing to a database and ends."""
        plan = Plan(
            image=service.image,
            name=f"{self.network}-once-{secrets.token_hex(4)}",
            network=self.network,
            labels=labels,
            env=environment(service, service.on_database(database_url(self.server.inner_url, database))),
            command=list(words),
        )
        return Container.run(title, plan)

    def addresses(self) -> NetworkAddresses:
        """The addresses of the stand-ins, tried out: behind a firewall the service's work would never end."""
        near = addresses.find(self.network)
        with socket.create_server((near.listen, 0)) as listening:
            port = listening.getsockname()[1]
            code = self.server.container.execute("timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{near.name}/{port}")
        if code in {1, 124}:
            message = f"The containers do not reach this machine at {near.name}, where the stand-ins listen."
            raise GateError(message, "Let the firewall accept what comes from the engine's networks.")
        return near


def environment(service: Service, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service in a container: where it listens, the service's own variables, then ``more``."""
    return {service.port_env: str(PORT), **service.container_env, **service.env, **more}
