"""The target ``containers``: Postgres and any service's image in containers, on this machine's engine."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial

import psycopg

from gate.core import surroundings
from gate.core.errors import GateError
from gate.core.guard import RUN
from gate.targets import System, images, reaper, sweep
from gate.targets.addresses import NetworkAddresses
from gate.targets.container import Container, Plan
from gate.targets.container_system import ContainerProcess, ContainerSystem, each
from gate.targets.engine import FAILURES, connect, failing
from gate.targets.postgres import clones
from gate.targets.postgres.clones import Clones, one_line
from gate.targets.process import probe
from gate.targets.service import Service, StandIn, close_all, start_all
from gate.targets.stack import PORT, TEMPLATE, Stack, environment

ADMIN, STACK, LABELS, REACH, DIGEST = "admin_url", "stack", "labels", "reach", "image_digest"
"""Keys of what ``start`` hands to the workers."""


class ContainersTarget:
    """Systems in containers that share one Postgres; nothing of them outlives the run."""

    name = "containers"
    exclusive = True
    shows_rows = True

    def __init__(
        self,
        service: Service,
        *,
        postgres: str | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._service = service
        self._postgres = postgres
        self._say = say
        self._clones = Clones()
        self._run = ""
        self._reaper: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, str]:
        """Brings up the network and a Postgres with a migrated template; GateError when that cannot be done."""
        if self._run:
            raise RuntimeError("the target is started already")
        client = connect()
        with failing("What earlier runs left cannot be removed"):
            for run in sweep.sweep(client):
                self._say(f"removed the containers of run {run}, which was killed before it could")
        image = images.of_service(client, self._service, self._say)
        postgres = images.postgres(client, self._postgres, self._say)
        self._run = secrets.token_hex(4)
        self._reaper = reap(self._run)
        labels = sweep.labels(self._run)
        try:
            name = str(postgres.tags[0] if postgres.tags else postgres.id)
            stack = Stack.create(self._run, name, labels, closed=self._closed, trusting=self._trusting)
            shared = {
                ADMIN: stack.server.url,
                STACK: stack.handed_over(),
                LABELS: json.dumps(labels),
                REACH: json.dumps(asdict(self._addresses(stack))),
                DIGEST: str(image.id),
            }
            self._make_template(stack, shared)
        except BaseException as error:
            self._end()
            other = images.processor(client, image) or images.processor(client, postgres)
            if isinstance(error, GateError) and other:
                raise GateError(error.message, f"{other} Build it for this one.", error.log) from error
            raise
        return shared

    _trusting = False
    """True where Postgres asks for no password, which not every service can give."""

    @property
    def _closed(self) -> bool:
        """Return whether the containers have no way out."""
        return False

    def _addresses(self, stack: Stack) -> NetworkAddresses:
        return stack.addresses()

    def _make_template(self, stack: Stack, shared: Mapping[str, str]) -> None:
        """Makes the database that each system gets a copy of."""
        stack.migrate(self._service, json.loads(shared[LABELS]))

    def _system(
        self, started: Sequence[Container], stack: Stack, url: str, stand_ins: Mapping[str, StandIn]
    ) -> ContainerSystem:
        return ContainerSystem(started, partial(probe, self._service.ready), stack.server, url, stand_ins)

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no service uses, for this machine."""
        return clones.database_url(shared[ADMIN], self._fresh(shared))

    def _fresh(self, shared: Mapping[str, str]) -> str:
        try:
            return self._clones.fresh(shared[ADMIN], TEMPLATE)
        except psycopg.errors.DiskFull as error:
            hint = "Run with fewer workers, or on a machine with more memory."
            raise GateError("The memory that Postgres keeps its data in is full.", hint) from error
        except psycopg.Error as error:
            raise GateError(f"A fresh database cannot be made: {one_line(error)}.") from error

    def system(
        self, shared: Mapping[str, str], env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> ContainerSystem:
        """A ready service with its own stand-ins, on a fresh database or on that one; GateError when it fails."""
        near = NetworkAddresses(**json.loads(shared[REACH]))
        stack = Stack.joined(shared[STACK])
        stand_ins = self._service.make_stand_ins(near.listen)
        started: list[Container] = []
        try:
            with ThreadPoolExecutor(1) as pool:  # the database is copied while the stand-ins start
                cloning = pool.submit(
                    lambda: clones.database_name(database_url) if database_url else self._fresh(shared)
                )
                start_all(stand_ins)
                name = cloning.result()
            upstream = {variable: near.seen_inside(stand_in.url) for variable, stand_in in stand_ins.items()}
            plan = self._plan(shared, stack, near, name, {**upstream, **(env or {})})
            started.append(Container.run("The service", plan))
            for number in range(self._service.workers):
                words = list(self._service.image_words["worker"])
                worker = replace(plan, name=f"{plan.name}-{number}", command=words, published=False)
                started.append(Container.run("The service's worker", worker))
            url = clones.database_url(shared[ADMIN], name)
            system = self._system(started, stack, url, stand_ins)
            system.await_ready()
        except BaseException:
            close_all(stand_ins)
            each(Container.remove, started)
            raise
        return system

    def beside(
        self, shared: Mapping[str, str], system: System, env: Mapping[str, str] | None = None
    ) -> ContainerSystem:
        """A ready further container on the database and the stand-ins of ``system``, which own them."""
        near = NetworkAddresses(**json.loads(shared[REACH]))
        stack = Stack.joined(shared[STACK])
        url = system.database_url or ""
        upstream = {variable: near.seen_inside(stand_in.url) for variable, stand_in in system.stand_ins.items()}
        plan = self._plan(shared, stack, near, clones.database_name(url), {**upstream, **(env or {})})
        started = [Container.run("The further service", plan)]
        try:
            further = self._system(started, stack, url, {})
            further.await_ready()
        except BaseException:
            each(Container.remove, started)
            raise
        return further

    def _plan(
        self, shared: Mapping[str, str], stack: Stack, near: NetworkAddresses, database: str, more: Mapping[str, str]
    ) -> Plan:
        service = self._service
        words = service.image_words.get("serve")
        own = {
            service.database_env: clones.database_url(stack.server.inner_url, database),
            "NO_PROXY": near.name,
            "no_proxy": near.name,
            **(service.worker_env if service.workers else {}),
        }
        return Plan(
            image=service.image,
            name=f"{stack.network}-service-{secrets.token_hex(4)}",
            network=stack.network,
            labels=json.loads(shared[LABELS]),
            env=environment(service, {**own, **more}),
            command=list(words) if words else None,
            port=PORT,
            published=near.published,
            direct=near.direct,
            extra_hosts=near.extra_hosts,
        )

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> ContainerProcess:
        """Starts a command of the image on a database of this run, in a container of its own."""
        given = self._service.image_words[name]
        database = clones.database_name(database_url)
        stack, labels = Stack.joined(shared[STACK]), json.loads(shared[LABELS])
        return ContainerProcess(stack.once(f"The {name}", self._service, (*given, *words), database, labels))

    def stop(self) -> None:
        """Removes the containers; safe to call twice."""
        self._clones.close()
        self._end()

    def _end(self) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        try:
            remaining = sweep.remove(connect(), run)
        except (GateError, *FAILURES) as error:
            remaining = [one_line(error)]
        if remaining:
            self._say(f"not removed of run {run}, until the next run tries again: {', '.join(remaining)}")
        if self._reaper is not None:
            with contextlib.suppress(OSError):
                self._reaper.communicate(b"\n", timeout=10)
            self._reaper = None


def reap(run: str) -> subprocess.Popen[bytes]:
    """Starts the process that removes a run's containers as soon as this one is gone."""
    return subprocess.Popen(
        [sys.executable, "-I", reaper.__file__, run],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=surroundings.environment({RUN: ""}),  # it outlives the run for as long as the engine takes
        cwd="/",
    )
