"""A declared service on databases of a Postgres: the gate's own, other binaries, or a server that is named."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from gate.core import resources
from gate.core.declaration import Declaration
from gate.core.declaration.places import process_values
from gate.core.errors import GateError, NotAvailable
from gate.core.resources import STOPPED, is_stopped
from gate.targets import Ended, Process, System
from gate.targets.declared_process import DeclaredProcess, Places, environment_of, started_beside
from gate.targets.declared_service import template_key
from gate.targets.postgres.binaries import Binaries, binaries_in, find_binaries
from gate.targets.postgres.given_server import GivenServer
from gate.targets.postgres.supervision import free_port
from gate.targets.postgres.template_server import DIRECTORY, OwnServer, TemplateServer
from gate.targets.process import run_once, split_command
from gate.targets.quiet import Watcher
from gate.targets.service import Service, StandIn

MIGRATE_SECONDS = 300.0
DIRECTORIES = "gate-service-"
"""Beginning of the names of folders for the files of a service."""
EXTENSION = re.compile(r'extension "([\w-]+)" is not available|extension control file "[^"]*?([\w-]+)\.control"')
"""Lines by which Postgres says that it lacks an extension."""


class DeclaredSystem:
    """A declared service on a database of its own, with the servers that are started beside it."""

    exclusive = True

    def __init__(self, process: DeclaredProcess, database_url: str, beside: ExitStack) -> None:
        self._process = process
        self._beside = beside
        self.base_url = f"http://127.0.0.1:{process.port}"
        self.database_url: str | None = database_url
        self.stand_ins: Mapping[str, StandIn] = {}

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
        """The service, where it was stopped from outside."""
        return STOPPED.format("service") if is_stopped(self.pid) else ""

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
        """Ends the service and what was started beside it; safe to call twice."""
        self._process.close()
        self._beside.close()


class DeclaredTarget:
    """Systems of a declared service on this machine; none outlives the gate.

    The template is the database that the service has made and left, once it had started and was quiet. ``unsettled``
    are the tables that it never stopped to write then.
    """

    name = "embedded"
    exclusive = True
    shows_rows = True

    def __init__(self, service: Service, *, warm: bool, say: Callable[[str], None] = print) -> None:
        if service.declaration is None:
            raise RuntimeError("the service is not a declared one")
        self._service = service
        self._declaration: Declaration = service.declaration
        self._say = say
        self._server: TemplateServer = server_of(self._declaration.service.postgres, warm=warm, say=say)
        self.unsettled: set[str] = set()

    def start(self) -> dict[str, str]:
        """Starts Postgres with a template that the service has made; GateError when that cannot be done."""
        resources.check()
        split_command(self._declaration.service.start, self._service.root, "service.start")
        digest = hashlib.sha256(template_key(self._declaration)).hexdigest()[:12]
        return self._server.start(f"gate_template_{digest}", self._fill)

    def _fill(self, url: str) -> None:
        """Has the service make its schema in an empty database, and leave it quiet."""
        table = self._declaration.service
        self._say("the service makes its database")
        try:
            if table.migrate:
                self._migrate(url)
            system = self._system({}, url, {})
            with ExitStack() as stack:
                stack.callback(system.close)
                with Watcher(url) as watcher:
                    self.unsettled = watcher.settle()
        except GateError as error:
            raise self._explained(error) from error

    def _migrate(self, url: str) -> None:
        table, root = self._declaration.service, self._service.root
        with tempfile.TemporaryDirectory(prefix=DIRECTORIES, ignore_cleanup_errors=True) as directory:
            env = environment_of(table, url, Path(directory), {"PORT": str(free_port())})
            command = Places({**process_values(url), "directory": directory}).words(
                split_command(table.migrate, root, "service.migrate")
            )
            hint = "See its last lines, or correct service.migrate."
            run_once(command, env=env, cwd=root, seconds=MIGRATE_SECONDS, title="The migration", hint=hint)

    def _explained(self, error: GateError) -> GateError:
        """The error, or the one that names an extension that Postgres lacks."""
        server = self._server.log if isinstance(self._server, OwnServer) else []
        name = extension([*error.log, *server])
        if not name:
            return error
        message = f"The service needs the Postgres extension {name}, which this Postgres does not have."
        hint = "Name a Postgres that has it: --postgres DIRECTORY-WITH-ITS-PROGRAMS, or --postgres URL."
        return GateError(message, hint, error.log)

    def system(
        self, shared: Mapping[str, str], env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> DeclaredSystem:
        """A ready service on a fresh copy of the template or on that database; GateError when it fails."""
        return self._system(shared, database_url or self.database(shared), env or {})

    def _system(self, shared: Mapping[str, str], url: str, env: Mapping[str, str]) -> DeclaredSystem:
        table = self._declaration.service
        reserved = Path(shared[DIRECTORY]) / "ports" if shared.get(DIRECTORY) else None
        with ExitStack() as stack:
            directory = Path(tempfile.mkdtemp(prefix=DIRECTORIES))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            places = {**process_values(url), "directory": str(directory)}
            base = environment_of(table, url, directory, env)
            beside = started_beside(self._service, self._declaration, base, places, stack, lambda: free_port(reserved))
            process = DeclaredProcess(
                self._service,
                declared=[*table.env, *table.database_env],
                ready=table.ready,
                ready_seconds=table.ready_seconds,
                env={**base, **beside, **env},
                places=places,
                choose_port=lambda: free_port(reserved),
            )
            process.start()
            return DeclaredSystem(process, url, stack.pop_all())

    def beside(self, shared: Mapping[str, str], system: System, env: Mapping[str, str] | None = None) -> DeclaredSystem:
        """A ready further process on the database of ``system``."""
        return self._system(shared, system.database_url or "", env or {})

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh copy of the template that no service uses."""
        return self._server.database(shared)

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """Nothing: a declared service has no commands but the one that starts it."""
        del shared, database_url, words
        raise NotAvailable(f"a declared service has no command {name}")

    def stop(self) -> None:
        """Ends what ``start`` brought up; safe to call twice."""
        self._server.stop()


def server_of(postgres: str, *, warm: bool, say: Callable[[str], None]) -> TemplateServer:
    """The server that a declaration names: a URL, a folder with programs, or the gate's own."""
    if "://" in postgres:
        return GivenServer(postgres)

    def binaries() -> Binaries:
        return binaries_in(Path(postgres), "--postgres") if postgres else find_binaries()

    # UTC, as most servers have it: a time without its zone is a matter for those who ask for it.
    return OwnServer(say, warm=warm, binaries=binaries, zone="UTC")


def extension(lines: Iterable[str]) -> str:
    """The extension that a Postgres says it lacks; empty where it says nothing of the kind."""
    for line in lines:
        if match := EXTENSION.search(line):
            return str(match[1] or match[2])
    return ""
