"""Postgres in a container, with its data in memory."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import psycopg

from gate.targets.container import Container, Plan
from gate.targets.engine import connect, failing
from gate.targets.postgres.clones import one_line
from gate.targets.postgres.server import OPTIONS

PORT = 5432
DATA = "/beacon-gate"
LOCAL_ONLY = {"listen_addresses", "dynamic_shared_memory_type", "shared_buffers"}
"""Options of the embedded server that do not fit a container of its own."""

INITDB = "--no-sync --wal-segsize=1 --locale=C.UTF-8 --encoding=UTF8"


def command() -> list[str]:
    """The image's command: the server with the options of the embedded one."""
    options = {name: value for name, value in OPTIONS.items() if name not in LOCAL_ONLY}
    # Tests kill it, and what was committed must survive; its volume in memory outlives it.
    options |= {"shared_buffers": "64MB", "synchronous_commit": "on"}
    return ["postgres", *(part for name, value in options.items() for part in ("-c", f"{name}={value}"))]


class Server:
    """The Postgres of a run, with the databases of every worker, which all feel its verbs.

    Its data is on a volume in memory, which exists as long as a container has it; the verbs see to that.
    """

    def __init__(self, container: Container, plan: Plan, password: str) -> None:
        self.container = container
        self._plan = plan
        self._password = password

    @classmethod
    def run(cls, plan: Plan, volume: str, password: str, *, trusting: bool = False) -> Server:
        """Starts the server on an empty volume of that name, without waiting for it; a ``trusting`` one asks nobody."""
        with failing("The volume of Postgres cannot be made"):
            options = {"type": "tmpfs", "device": "tmpfs"}
            connect().volumes.create(volume, driver="local", driver_opts=options, labels=dict(plan.labels))
        env = {
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "postgres",
            "POSTGRES_PASSWORD": password,
            "POSTGRES_INITDB_ARGS": INITDB,
            "PGDATA": f"{DATA}/data",
            **({"POSTGRES_HOST_AUTH_METHOD": "trust"} if trusting else {}),
        }
        whole = replace(plan, command=command(), port=PORT, env=env, volumes={volume: DATA})
        return cls(Container.run("Postgres", whole), whole, password)

    @property
    def url(self) -> str:
        """The superuser's URL of the database postgres, from here."""
        return self._url(self.container.host, self.container.port)

    @property
    def inner_url(self) -> str:
        """The same from another container of the network."""
        return self._url(self.container.name, PORT)

    def _url(self, host: str, port: int) -> str:
        return f"postgresql://postgres:{self._password}@{host}:{port}/postgres?sslmode=disable"

    def await_ready(self) -> None:
        """Waits until it answers; GateError with its last lines where it does not."""

        def probe() -> tuple[bool, str]:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError as error:
                return False, one_line(error)
            return True, "it answers"

        self.container.await_ready(probe)

    def stop(self) -> None:
        """A planned end of the database, as in a maintenance window; everybody is disconnected until ``start``."""
        self._hold()
        self.container.stop()

    def kill(self) -> None:
        """A crash of the database, which has to recover at its next ``start``."""
        self._hold()
        self.container.kill()

    def start(self) -> None:
        """Starts it on its data and waits until it answers again."""
        self.container.start()
        self.await_ready()
        self._holder().remove()

    def restart(self) -> None:
        """Stops and starts it, as a failover or a minor upgrade does: connections of a pool die unnoticed."""
        self.stop()
        self.start()

    def _hold(self) -> None:
        """Gives the volume to another container while Postgres does not run."""
        name = f"{self._plan.name}-holder"
        keeping = replace(
            self._plan, name=name, command=["-c", "exec sleep infinity"], entrypoint=["sh"], published=False
        )
        Container.run("The holder of Postgres' data", keeping)

    def _holder(self) -> Container:
        name = f"{self._plan.name}-holder"
        return Container.named("The holder of Postgres' data", name, self._plan.network, ("", 0))

    def handed_over(self) -> str:
        """The text that ``joined`` needs."""
        address = (self.container.host, self.container.port)
        return json.dumps({"plan": asdict(self._plan), "password": self._password, "address": address})

    @classmethod
    def joined(cls, text: str) -> Server:
        """The server that another process started."""
        members: dict[str, Any] = json.loads(text)
        plan = Plan(**members["plan"])
        host, port = members["address"]
        return cls(Container.named("Postgres", plan.name, plan.network, (host, port)), plan, members["password"])
