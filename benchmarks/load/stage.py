"""The system that a load run drives: Postgres, the router stand-in, relays, and processes of the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from beacon.service import ROUTER
from benchmarks.load.plan import Upstream
from benchmarks.load.router import LoadRouter
from gate.core.errors import GateError
from gate.targets.embedded import EmbeddedSystem, EmbeddedTarget
from gate.targets.postgres.template_server import OwnServer
from gate.targets.relay import Relay
from gate.targets.service import Service

# A crash of Postgres loses nothing that was committed, and weeks of work are cleaned up, as where it is deployed.
DURABLE = {"synchronous_commit": "on", "autovacuum": "on", "shared_buffers": "64MB", "max_wal_size": "256MB"}
CONNECTIONS = 60
"""Connections that Postgres takes; few, so that a fault can use them up."""


@dataclass
class Stage:
    """A system under load, and the handles of its parts.

    Attributes:
        server: Postgres.
        system: the process that clients talk to.
        others: further processes of the runner on the same database, by name.
        relay: between the runner and Postgres, where there is one.
        front: before the runner, where clients are led from one build to another.
        router: the stand-in.

    """

    target: EmbeddedTarget
    server: OwnServer
    shared: Mapping[str, str]
    router: LoadRouter
    system: EmbeddedSystem
    relay: Relay | None
    env: Mapping[str, str]
    others: dict[str, EmbeddedSystem] = field(default_factory=dict)
    front: Relay | None = None

    @property
    def database_url(self) -> str:
        """The database, without the relay."""
        return str(self.system.database_url)

    @property
    def base_url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self.front.port}" if self.front else self.system.base_url

    @property
    def processes(self) -> list[EmbeddedSystem]:
        """All processes of the runner."""
        return [self.system, *self.others.values()]

    def beside(self, name: str, target: EmbeddedTarget | None = None) -> EmbeddedSystem:
        """A further process of the runner on the same database and router, of this target or of another build's."""
        self.others[name] = (target or self.target).beside(self.shared, self.system, self.env)
        return self.others[name]

    def administer(self, *statements: str) -> None:
        """Run statements on the server, outside of the runner's database."""
        parts = urlsplit(self.database_url)
        with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement.encode())

    @property
    def database(self) -> str:
        """The name of the database."""
        return urlsplit(self.database_url).path.removeprefix("/")

    def living(self) -> list[psutil.Process]:
        """The processes of the runner that run now."""
        pids = [each.pid for each in self.processes if each.pid]
        return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]

    def close(self) -> None:
        """End the processes beside the system, and the system."""
        for other in self.others.values():
            other.close()
        self.system.close()


def port_of(system: EmbeddedSystem) -> int:
    """The port that a process serves on."""
    return int(urlsplit(system.base_url).port or 0)


@contextmanager
def stage(
    service: Service,
    upstream: Upstream,
    keep: Callable[[str | None], bool],
    *,
    relayed: bool = False,
    fronted: bool = False,
    env: Mapping[str, str] | None = None,
    database_url: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Stage]:
    """Start a Postgres that keeps what it committed, the router stand-in and a runner, and end them afterwards.

    Args:
        service: the build.
        upstream: how the router behaves.
        keep: the jobs whose router calls are kept.
        relayed: with relays before Postgres and the router, for faults of their paths.
        fronted: with a relay before the runner.
        env: more variables for the runner.
        database_url: a database that is there already, in place of an empty one.
        say: prints what the user should know.

    """
    settings = {**DURABLE, "max_connections": str(CONNECTIONS)}
    server = OwnServer(say, warm=True, settings=settings)
    routers: list[LoadRouter] = []

    def factory(host: str) -> LoadRouter:
        routers.append(LoadRouter(host, keep, upstream, relayed=relayed))
        return routers[-1]

    target = EmbeddedTarget(replace(service, stand_ins={ROUTER: factory}), warm=True, say=say, server=server)
    with ExitStack() as stack:
        stack.callback(target.stop)
        shared = target.start()
        url = database_url or target.database(shared)
        more, relay = dict(env or {}), None
        if relayed:
            parts = urlsplit(url)
            relay = stack.enter_context(Relay(parts.hostname or "", parts.port or 0))
            more[service.database_env] = urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{relay.port}"))
        system = target.system(shared, more, database_url=url)
        if not routers:
            raise GateError("The runner has no router stand-in.")
        front = stack.enter_context(Relay("127.0.0.1", port_of(system))) if fronted else None
        running = Stage(target, server, shared, routers[0], system, relay, more, front=front)
        stack.callback(running.close)
        yield running
