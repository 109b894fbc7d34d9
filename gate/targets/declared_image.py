"""A declared service in containers of its image, on databases of a Postgres in another container."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import psycopg

from gate.core.declaration.places import database_values, filled, process_values, revealed
from gate.core.errors import GateError
from gate.core.isolation import NAMESPACE, OPEN, PROXY, VARIABLE, behind_a_proxy, refusing_proxies
from gate.targets import addresses
from gate.targets.addresses import NetworkAddresses
from gate.targets.container import Container, Plan
from gate.targets.container_system import ContainerSystem
from gate.targets.containers import ContainersTarget
from gate.targets.declared_process import answers
from gate.targets.postgres.clones import database_url, make_template, one_line
from gate.targets.quiet import Watcher
from gate.targets.service import Service, StandIn
from gate.targets.stack import TEMPLATE, Stack

MIGRATE_SECONDS = 300.0
FOLDER = "/tmp"  # noqa: S108 (of a container, which goes with the run)
"""The folder for files of the service in its container."""


def contain(*, network: bool, near: str = "") -> str:
    """Decides how containers are kept from the network; a sentence on how, empty where they have no way out.

    ``near`` names a server outside of their network that the run needs.
    """
    if os.environ.get(VARIABLE) in {NAMESPACE, OPEN}:
        return ""
    if network:
        os.environ[VARIABLE] = OPEN
        return "The service can reach the network (--network)."
    reason = f"{near} is outside of it" if near else ""
    if not reason and not addresses.reachable_directly():
        reason = "this machine reaches containers by published ports alone"
    os.environ[VARIABLE] = PROXY if reason else NAMESPACE
    return behind_a_proxy(f"a closed network of containers ({reason})") if reason else ""


class ImageTarget(ContainersTarget):
    """Systems of a declared service in containers; the template is the database that it has made and left quiet.

    ``unsettled`` are the tables that it never stopped to write then.
    """

    _trusting = True

    def __init__(self, service: Service, *, say: Callable[[str], None] = print) -> None:
        if service.declaration is None:
            raise RuntimeError("the service is not a declared one")
        super().__init__(service, postgres=service.declaration.service.postgres or None, say=say)
        self._declaration = service.declaration
        self.unsettled: set[str] = set()

    @property
    def _closed(self) -> bool:
        return os.environ.get(VARIABLE) == NAMESPACE

    def _addresses(self, stack: Stack) -> NetworkAddresses:
        return addresses.find(stack.network)  # no container has to reach this machine

    def _make_template(self, stack: Stack, shared: Mapping[str, str]) -> None:
        """Has the service make its schema in an empty database, and leave it quiet."""
        self._say("the service makes its database")

        def fill(name: str) -> None:
            url = database_url(stack.server.url, name)
            if self._declaration.service.migrate:
                self._migrate(self._plan(shared, stack, self._addresses(stack), name, {}))
            system = self.system(shared, database_url=url)
            try:
                with Watcher(url) as watcher:
                    self.unsettled = watcher.settle()
            finally:
                system.close()

        try:
            make_template(stack.server.url, TEMPLATE, fill)
        except psycopg.Error as error:
            raise GateError(f"The template database cannot be made: {one_line(error)}.") from error

    def _migrate(self, plan: Plan) -> None:
        words = self._words("migrate")
        container = Container.run("The migration", replace(plan, command=words, published=False, direct=False))
        container.succeed(MIGRATE_SECONDS, "See its last lines, or correct service.migrate.")

    def _plan(
        self, shared: Mapping[str, str], stack: Stack, near: NetworkAddresses, database: str, more: Mapping[str, str]
    ) -> Plan:
        table = self._declaration.service
        url = database_url(stack.server.inner_url, database)
        places = {**process_values(url), "directory": FOLDER, "port": str(table.image_port)}
        own = {
            name: filled(revealed(text, f"service.env.{name}", os.environ), places) for name, text in table.env.items()
        }
        leading = {name: filled(text, database_values(url)) for name, text in table.database_env.items()}
        sides = [(side.address, side.env) for side in self._declaration.services.values()]
        beside = {name: filled(text, {"address": each}) for each, texts in sides for name, text in texts.items()}
        words = [filled(word, places) for word in self._words("serve")]
        plan = super()._plan(shared, stack, near, database, {})
        env = {"PORT": str(table.image_port), **refusing_proxies(os.environ), **own, **leading, **beside, **more}
        return replace(plan, env=env, command=words or None, port=table.image_port)

    def _words(self, name: str) -> list[str]:
        return list(self._service.image_words.get(name, ()))

    def _system(
        self, started: Sequence[Container], stack: Stack, url: str, stand_ins: Mapping[str, StandIn]
    ) -> ContainerSystem:
        table = self._declaration.service

        def probe(port: int, seconds: float, host: str) -> tuple[bool, str]:
            return answers(port, table.ready, seconds, host)

        return ContainerSystem(started, probe, stack.server, url, stand_ins, table.ready_seconds)
