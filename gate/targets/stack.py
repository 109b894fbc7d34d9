"""What all workers of a run share: a network, and on it a Postgres with a migrated template."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from testcontainers.core.network import Network

from gate.core.errors import GateError
from gate.targets import addresses
from gate.targets.addresses import NetworkAddresses
from gate.targets.container import Container, Plan, explained
from gate.targets.container_postgres import Server
from gate.targets.engine import failing
from gate.targets.postgres.clones import database_url, make_template, one_line
from gate.targets.process import LAST_LINES

PORT = 8090
TEMPLATE = "gate_template"
MIGRATE_SECONDS = 120.0
NO_ROUTER = "http://127.0.0.1:9"
"""What a migration gets as the router: the discard port, where nothing answers."""


@dataclass(frozen=True, slots=True)
class RunnerImage:
    """Which image to judge, and how it is started.

    ``command`` replaces what the image runs by itself, ``migrate`` is what it is given to bring a database to its
    schema, ``backfill`` what gives historical jobs their analysis, and ``working`` how many containers are started with
    ``worker``, in place of the service working itself.
    """

    image: str
    command: list[str] | None = None
    migrate: tuple[str, ...] = ("migrate",)
    backfill: tuple[str, ...] = ("backfill",)
    env: Mapping[str, str] = field(default_factory=dict)
    working: int = 0

    def environment(self, **more: str) -> dict[str, str]:
        """Its environment: where it listens, the runner's own defaults, then ``more``."""
        return {"PORT": str(PORT), "RUNNER_HOST": "0.0.0.0", "RUNNER_RATE_LIMIT": "", **self.env, **more}  # noqa: S104 (inside the container; its port is published on the loopback address)


@dataclass(frozen=True, slots=True)
class Stack:
    """The network and the server, and the run that they are labelled with."""

    run: str
    network: str
    server: Server

    @classmethod
    def made(cls, run: str, image: str, labels: Mapping[str, str]) -> Stack:
        """Makes both, and waits until the server answers; GateError when that cannot be done."""
        name = f"beacon-gate-{run}"
        with failing("The network of the containers cannot be made"):
            network = Network(docker_network_kw={"labels": dict(labels)})
            network.name = name
            network.create()
        near = addresses.find(name)
        plan = Plan(
            image=image,
            name=f"{name}-postgres",
            network=name,
            labels=labels,
            published=near.published,
            extra_hosts=near.extra_hosts,
        )
        server = Server.run(plan, f"{name}-data", secrets.token_hex(12))
        server.await_ready()
        return cls(run, name, server)

    @classmethod
    def joined(cls, text: str) -> Stack:
        """The stack that another process made, from what it handed over."""
        known = json.loads(text)
        return cls(known["run"], known["network"], Server.joined(known["server"]))

    def handed_over(self) -> str:
        """What ``joined`` needs, as text."""
        return json.dumps({"run": self.run, "network": self.network, "server": self.server.handed_over()})

    def migrate(self, runner: RunnerImage, labels: Mapping[str, str]) -> None:
        """Makes the template by the image's own migration; GateError with its last lines where that fails."""

        def run(database: str) -> None:
            container = self.once("The migration", runner, runner.migrate, database, labels)
            try:
                code = container.ended(MIGRATE_SECONDS)
                last = tuple(container.lines()[-LAST_LINES:])
            finally:
                container.remove()
            if code:
                hint = "See its last lines, or say what the image migrates by with --migrate-command."
                raise explained(f"The migration failed with exit code {code}.", hint, last)

        try:
            make_template(self.server.url, TEMPLATE, run)
        except psycopg.Error as error:
            raise GateError(f"The template database cannot be made: {one_line(error)}.") from error

    def once(
        self, what: str, runner: RunnerImage, words: Sequence[str], database: str, labels: Mapping[str, str]
    ) -> Container:
        """Starts a container of the runner's image that does one thing to a database and ends."""
        plan = Plan(
            image=runner.image,
            name=f"{self.network}-once-{secrets.token_hex(4)}",
            network=self.network,
            labels=labels,
            env=runner.environment(DATABASE_URL=database_url(self.server.inner_url, database), ROUTER_URL=NO_ROUTER),
            command=list(words),
        )
        return Container.run(what, plan)

    def empty(self) -> None:
        """Drops the databases of earlier runs; psycopg.Error or LookupError where there is no whole template."""
        with psycopg.connect(self.server.url, autocommit=True, connect_timeout=5) as connection:
            query = r"SELECT datname FROM pg_database WHERE datname LIKE 'gate\_%%' AND datistemplate = %s"
            if not connection.execute(query, (True,)).fetchone():
                raise LookupError("it has no template")
            for (name,) in connection.execute(query, (False,)).fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def addresses(self) -> NetworkAddresses:
        """How router stand-ins are reached, tried out: a firewall in between would show as jobs that never end."""
        near = addresses.find(self.network)
        with socket.create_server((near.listen, 0)) as listening:
            port = listening.getsockname()[1]
            code = self.server.container.execute("timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{near.name}/{port}")
        if code in {1, 124}:
            message = f"The containers do not reach this machine at {near.name}, where the router stand-in listens."
            raise GateError(message, "Let the firewall accept what comes from the engine's networks.")
        return near
