"""The target ``containers``: Postgres and any runner's image in containers, on this machine's engine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

import docker
import psycopg

from beacon.router import Router
from gate.core.errors import GateError
from gate.targets import images, reaper, sweep
from gate.targets.addresses import NetworkAddresses
from gate.targets.container import Container, Plan
from gate.targets.container_postgres import command
from gate.targets.container_system import ContainerProcess, ContainerSystem, each
from gate.targets.engine import FAILURES, connect, failing
from gate.targets.postgres.clones import Clones, database_url, one_line
from gate.targets.reused import ReusedContainers
from gate.targets.stack import PORT, TEMPLATE, RunnerImage, Stack

ADMIN, STACK, LABELS, REACH = "admin_url", "stack", "labels", "reach"
"""Members of what ``start`` hands to the workers."""


class ContainersTarget:
    """Systems in containers that share one Postgres; nothing of them outlives the run.

    ``keep`` leaves Postgres up after ``stop`` for the next run with the same images, and says how to reach and to end
    it. ``root`` is the checkout.
    """

    name = "containers"

    def __init__(
        self,
        runner: RunnerImage,
        *,
        postgres: str | None = None,
        keep: bool = False,
        root: Path,
        say: Callable[[str], None] = print,
    ) -> None:
        self._runner = runner
        self._postgres = postgres
        self._keep = keep
        self._root = root
        self._say = say
        self._clones = Clones()
        self._run = ""
        self._reaper: subprocess.Popen[bytes] | None = None
        self._kept: ReusedContainers | None = None
        self._stack: Stack | None = None

    def start(self) -> dict[str, str]:
        """Brings up the network and a Postgres with a migrated template; GateError when that cannot be done."""
        if self._run:
            raise RuntimeError("the target is started already")
        client = connect()
        with failing("What earlier runs left cannot be removed"):
            for run in sweep.sweep(client):
                self._say(f"removed the containers of run {run}, which did not live to do it")
        runner = images.runner(client, self._runner.image, self._say)
        postgres = images.postgres(client, self._postgres, self._say)
        self._run = secrets.token_hex(4)
        self._reaper = reap(self._root, self._run)
        labels = sweep.labels(self._run)
        try:
            stack = self._reused(client, runner, postgres)
            if stack is None:
                own = sweep.labels(self._run, self._kept.key if self._kept else None)
                stack = Stack.made(self._run, str(postgres.tags[0] if postgres.tags else postgres.id), own)
                stack.migrate(self._runner, labels)
            near = stack.addresses()
            if self._kept is not None:
                self._kept.write(stack.run, stack.handed_over())
        except BaseException as error:
            self._end(spare_kept=False)
            other = images.processor(client, runner) or images.processor(client, postgres)
            if isinstance(error, GateError) and other:
                raise GateError(error.message, f"{other} Build it for this one.", error.log) from error
            raise
        self._stack = stack
        return {
            ADMIN: stack.server.url,
            STACK: stack.handed_over(),
            LABELS: json.dumps(labels),
            REACH: json.dumps(asdict(near)),
        }

    def _reused(
        self, client: docker.DockerClient, runner: docker.models.images.Image, postgres: docker.models.images.Image
    ) -> Stack | None:
        """What an earlier run kept for the same images, less that run's databases; None where there is nothing."""
        if not self._keep:
            return None
        parts = (runner.id, postgres.id, *self._runner.migrate, *sorted(self._runner.env.items()), *command())
        kept = ReusedContainers(hashlib.sha256(repr(parts).encode()).hexdigest()[:12])
        if not kept.acquire():
            self._say("the kept containers are in use by another run: this run's own will not be kept")
            return None
        self._kept = kept
        kept.forget_others(client)
        text = kept.read()
        try:
            if text is not None:
                stack = Stack.joined(text)
                stack.empty()
                self._say("taking the containers that the last run kept")
                return stack
        except (GateError, LookupError, psycopg.Error) as error:
            self._say(f"the kept containers are of no use ({one_line(error)}): new ones are made")
        kept.forget(client)
        return None

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no runner uses, for this machine."""
        return database_url(shared[ADMIN], self._fresh(shared))

    def _fresh(self, shared: Mapping[str, str]) -> str:
        try:
            return self._clones.fresh(shared[ADMIN], TEMPLATE)
        except psycopg.errors.DiskFull as error:
            hint = "Run with fewer workers, or on a machine with more memory."
            raise GateError("The memory that Postgres keeps its data in is full.", hint) from error
        except psycopg.Error as error:
            raise GateError(f"A fresh database cannot be made: {one_line(error)}.") from error

    def system(self, shared: Mapping[str, str], env: Mapping[str, str] | None = None) -> ContainerSystem:
        """A ready runner on a fresh database, with its own router stand-in; GateError when it does not get ready."""
        near = NetworkAddresses(**json.loads(shared[REACH]))
        stack = Stack.joined(shared[STACK])
        router = Router(near.listen)
        started: list[Container] = []
        try:
            with ThreadPoolExecutor(1) as pool:  # the database is copied while the router stand-in starts
                cloning = pool.submit(self._fresh, shared)
                router.start()
                name = cloning.result()
            more = {"RUNNER_EMBEDDED_WORKER": "false"} if self._runner.working else {}
            plan = Plan(
                image=self._runner.image,
                name=f"{stack.network}-runner-{secrets.token_hex(4)}",
                network=stack.network,
                labels=json.loads(shared[LABELS]),
                env=self._runner.environment(
                    DATABASE_URL=database_url(stack.server.inner_url, name),
                    ROUTER_URL=router.url if near.name == near.listen else f"http://{near.name}:{router.port}",
                    NO_PROXY=near.name,
                    no_proxy=near.name,
                    **{**more, **(env or {})},
                ),
                command=self._runner.command,
                port=PORT,
                published=near.published,
                extra_hosts=near.extra_hosts,
            )
            started.append(Container.run("The runner", plan))
            for number in range(self._runner.working):
                worker = replace(plan, name=f"{plan.name}-{number}", command=["worker"], published=False)
                started.append(Container.run("The runner's worker", worker))
            made = ContainerSystem(started, stack.server, database_url(shared[ADMIN], name), router)
            made.await_ready()
        except BaseException:
            router.close()
            each(Container.remove, started)
            raise
        return made

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> ContainerProcess:
        """Starts ``migrate`` or ``backfill`` of the image on a database of this run, in a container of its own."""
        given = {"migrate": self._runner.migrate, "backfill": self._runner.backfill}[name]
        database = urlsplit(database_url).path.removeprefix("/")
        stack, labels = Stack.joined(shared[STACK]), json.loads(shared[LABELS])
        return ContainerProcess(stack.once(f"The {name}", self._runner, [*given, *words], database, labels))

    def stop(self) -> None:
        """Removes the containers, or with ``keep`` leaves Postgres and says where; safe to call twice."""
        self._clones.close()
        stack, self._stack = self._stack, None
        self._end(spare_kept=stack is not None)
        if stack is not None and self._kept is not None:
            name, network = stack.server.container.name, stack.network
            self._say(f"Postgres was left running: docker exec -it {name} psql -h 127.0.0.1 -U postgres")
            self._say(f"To end it: docker rm -fv {name}; docker volume rm {network}-data; docker network rm {network}")

    def _end(self, *, spare_kept: bool) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        try:
            left = sweep.remove(connect(), run, spare_kept=spare_kept)
        except (GateError, *FAILURES) as error:
            left = [one_line(error)]
        if left:
            self._say(
                f"not everything of run {run} could be removed, which the next run tries again: {', '.join(left)}"
            )
        if self._kept is not None:
            self._kept.release()
        if self._reaper is not None:
            with contextlib.suppress(OSError):
                self._reaper.communicate(b"\n", timeout=10)
            self._reaper = None


def reap(root: Path, run: str) -> subprocess.Popen[bytes]:
    """Starts the process that removes a run's containers as soon as this one is gone."""
    return subprocess.Popen(
        [sys.executable, "-I", reaper.__file__, str(root), run],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
