"""The target ``embedded``: Postgres from installed binaries and the service as a subprocess, on this machine only."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from stat import S_ISREG
from urllib.parse import urlsplit, urlunsplit

from gate.core import resources
from gate.core.resources import STOPPED, is_stopped
from gate.core.surroundings import environment
from gate.targets import Ended, Process, System
from gate.targets.forks import Forks
from gate.targets.postgres.supervision import free_port
from gate.targets.postgres.template_server import DIRECTORY, OwnServer, full
from gate.targets.process import ServiceProcess, run_once, search_path, split_command
from gate.targets.service import Service, StandIn, close_all, option_of, start_all

MIGRATE_SECONDS = 120.0
FREE_NEEDED = 2**20
"""Bytes without which Postgres cannot extend a table and its log."""


class EmbeddedSystem:
    """A service in a subprocess, on a database of its own, with stand-ins of its own."""

    exclusive = True

    def __init__(
        self, process: ServiceProcess, database_url: str, stand_ins: Mapping[str, StandIn], directory: Path
    ) -> None:
        self._process = process
        self._directory = directory  # of Postgres
        self.base_url = f"http://127.0.0.1:{process.port}"
        self.database_url: str | None = database_url
        self.stand_ins = stand_ins

    @property
    def pid(self) -> int:
        """The service's process id; 0 when it does not run."""
        return self._process.pid

    def log(self) -> list[str]:
        """Every line that the service has printed so far, over all its starts, oldest first."""
        return self._process.log()

    def ended(self, seconds: float = 0.0) -> Ended | None:
        """How the service ended although it was not asked to, within ``seconds``; None while it runs."""
        return self._process.ended(seconds)

    def trouble(self) -> str:
        """A process that was stopped from outside, or the disk of the database where it is full or gone."""
        with suppress(OSError, ValueError):  # a Postgres that has ended leaves no file, or an empty one
            text = (self._directory / "data" / "postmaster.pid").read_text(encoding="ascii")
            if is_stopped(int(text.partition("\n")[0])):
                return STOPPED.format("database")
        if is_stopped(self.pid):
            return STOPPED.format("service")
        try:
            return full(self._directory).message if shutil.disk_usage(self._directory).free < FREE_NEEDED else ""
        except OSError as error:
            return f"The directory of the database is gone: {error}."

    def start(self) -> None:
        """Starts the service again on its old database and port; GateError when it does not become ready."""
        self._process.start()

    def stop(self) -> None:
        """Ends the service by SIGTERM; GateError when it has to be killed."""
        self._process.stop()

    def kill(self) -> None:
        """Ends the service by SIGKILL."""
        self._process.kill()

    def close(self) -> None:
        """Ends service and stand-ins; safe to call twice. The database goes with the cluster."""
        self._process.close()
        close_all(self.stand_ins)


class EmbeddedTarget:
    """Systems on this machine, without Docker, root or configuration; none outlives the gate.

    ``warm`` copies the migrated database from a cache, where an earlier start left one; it is keyed by all that makes
    the template and the version of Postgres. ``forked`` has its own commands forked from a process that has loaded
    the service once, where they are Python modules; every other command, and what makes the template, is started.
    ``ready_seconds`` is how long a service may take until it is ready, instead of the deadline of that name.
    ``server`` gives the databases in the place of one with the usual settings.
    """

    name = "embedded"
    exclusive = True
    shows_rows = True

    def __init__(
        self,
        service: Service,
        *,
        warm: bool,
        forked: bool = False,
        say: Callable[[str], None] = print,
        ready_seconds: float | None = None,
        server: OwnServer | None = None,
    ) -> None:
        self._service = service
        self._inherited = environment(drop=service.own_env)  # whatever a library sets later is none of the service's
        own = (service.database_env, service.port_env, *service.stand_ins, *service.own_env)
        self._forks = Forks(service.loaded if forked else {}, own, self._environment({}), service.root)
        self._ready_seconds = ready_seconds
        self._server = server or OwnServer(say, warm=warm)

    def start(self) -> dict[str, str]:
        """Starts Postgres with a migrated template; GateError when that cannot be done. Once, by the controller."""
        resources.check()
        migrate = self._split("migrate")
        with suppress(OSError):  # then every start is a real one
            self._forks.open([self._split(name) for name in self._service.commands])

        def fill(url: str) -> None:
            env = self._environment({**self._service.on_database(url), self._service.port_env: str(free_port())})
            hint = f"See its last lines, or give another command with {option_of('migrate')}."
            run_once(
                migrate, env=env, cwd=self._service.root, seconds=MIGRATE_SECONDS, title="The migration", hint=hint
            )

        shared = self._server.start(template_name(self._service, migrate), fill)
        return {**shared, **self._forks.address()}

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no service uses."""
        return self._server.database(shared)

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """Starts a command of the service on a database; GateError where it cannot be found."""
        command = [*self._split(name), *words]
        env = self._environment(self._service.on_database(database_url))
        return self._forks.command(shared, command, env) or subprocess.Popen(
            command,
            cwd=self._service.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the gate alone, which ends the command
        )

    def _split(self, name: str) -> list[str]:
        return split_command(self._service.commands[name], self._service.root, option_of(name))

    def system(
        self, shared: Mapping[str, str], env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> EmbeddedSystem:
        """A ready service with its own stand-ins, on a fresh database or on that one; GateError when it fails."""
        service = self._service
        stand_ins = service.make_stand_ins("127.0.0.1")
        try:
            with ThreadPoolExecutor(1) as pool:  # the database is copied while the stand-ins start
                cloning = pool.submit(lambda: database_url or self.database(shared))
                start_all(stand_ins)
                url = cloning.result()
            url = with_password(url)
            process = self._process(shared, stand_ins, url, env)
        except BaseException:
            close_all(stand_ins)
            raise
        return EmbeddedSystem(process, url, stand_ins, Path(shared[DIRECTORY]))

    def beside(self, shared: Mapping[str, str], system: System, env: Mapping[str, str] | None = None) -> EmbeddedSystem:
        """A ready further process on the database and the stand-ins of ``system``, which own them."""
        url = system.database_url or ""
        return EmbeddedSystem(self._process(shared, system.stand_ins, url, env), url, {}, Path(shared[DIRECTORY]))

    def _process(
        self, shared: Mapping[str, str], stand_ins: Mapping[str, StandIn], url: str, env: Mapping[str, str] | None
    ) -> ServiceProcess:
        upstream = {name: stand_in.url for name, stand_in in stand_ins.items()}
        process = ServiceProcess(
            self._service,
            env=self._environment({**upstream, self._service.database_env: url, **(env or {})}),
            ready_seconds=self._ready_seconds,
            choose_port=lambda: free_port(Path(shared[DIRECTORY]) / "ports"),
            fork=partial(self._forks.service, shared),
        )
        process.start()
        return process

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process: the composed one without what is meant for it, the service's, then ``more``."""
        own = {"PATH": search_path(), "PYTHONUNBUFFERED": "1"}
        return {**self._inherited, **own, **self._service.local_env, **self._service.env, **more}

    def stop(self) -> None:
        """Ends Postgres and removes its directory; safe to call twice."""
        self._forks.close()
        self._server.stop()


def template_name(service: Service, programs: list[str]) -> str:
    """``gate_template_<hash>``, of everything that is known to make the schema."""
    digest = hashlib.sha256(service.commands["migrate"].encode() + service.template_key(service.root))
    for part in programs:  # a program or a script may hold its migrations
        with suppress(OSError):  # an argument may be no path, or be too long for a path
            status = (service.root / part).stat()
            if S_ISREG(status.st_mode):
                digest.update(f"\0{part}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return f"gate_template_{digest.hexdigest()[:12]}"


def with_password(url: str) -> str:
    """The URL with a password, which this Postgres does not ask for: what prints the URL shows it."""
    parts = urlsplit(url)
    password = secrets.token_hex(8)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{parts.hostname}:{parts.port}"))
