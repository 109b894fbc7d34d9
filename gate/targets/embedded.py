"""The target ``embedded``: Postgres from installed binaries and the runner as a subprocess, on this machine only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import psycopg

from beacon.router import Router
from gate.core.errors import GateError
from gate.targets import Process, RunnerSpec
from gate.targets.postgres.clones import Clones, database_url, make_template, one_line
from gate.targets.postgres.server import Cluster, DataCache, find_binaries
from gate.targets.process import RunnerProcess, free_port, run_once, search_path, split_command

MIGRATE_SECONDS = 120.0
POOL = "3"
"""Connections in each pool of a runner: as several share one machine, fewer than its default, at 4 MB each."""
ADMIN, TEMPLATE, DIRECTORY = "admin_url", "template", "run_directory"
"""Members of what ``start`` hands to the workers."""

NO_ROUTER = "http://127.0.0.1:9"
"""What a migration gets as the router: the discard port, where nothing answers."""


class EmbeddedSystem:
    """A runner in a subprocess, on a database of its own, with a router stand-in of its own."""

    def __init__(self, process: RunnerProcess, database_url: str, router: Router) -> None:
        self._process = process
        self.base_url = f"http://127.0.0.1:{process.port}"
        self.database_url: str | None = database_url
        self.router: Router | None = router

    @property
    def pid(self) -> int:
        """The runner's process id; 0 when it does not run."""
        return self._process.pid

    def log(self) -> list[str]:
        """Every line that the runner has printed so far, over all its starts, oldest first."""
        return self._process.log()

    def start(self) -> None:
        """Starts the runner again on its old database and port; GateError when it does not become ready."""
        self._process.start()

    def stop(self) -> None:
        """Ends the runner by SIGTERM; GateError when it has to be killed."""
        self._process.stop()

    def kill(self) -> None:
        """Ends the runner by SIGKILL."""
        self._process.kill()

    def close(self) -> None:
        """Ends runner and router stand-in; safe to call twice. The database goes with the cluster."""
        self._process.close()
        if self.router is not None:
            self.router.close()
            self.router = None


class EmbeddedTarget:
    """Systems on this machine, without Docker, root or configuration; nothing of them outlives the gate.

    ``warm`` copies the migrated database from a cache, where an earlier start left one; it is keyed by the migrations
    in ``root/runner/migrations``, the migrate command and the version of Postgres. ``keep`` leaves Postgres up after
    ``stop`` and says how to reach and to end it. ``ready_seconds`` is how long a runner may take until it is ready,
    instead of the deadline of that name.
    """

    name = "embedded"

    def __init__(
        self,
        runner: RunnerSpec,
        *,
        warm: bool,
        keep: bool,
        root: Path,
        say: Callable[[str], None] = print,
        ready_seconds: float | None = None,
    ) -> None:
        self._runner = runner
        self._warm = warm
        self._keep = keep
        self._root = root
        self._say = say
        self._ready_seconds = ready_seconds
        self._cluster: Cluster | None = None
        self._clones = Clones()

    def start(self) -> dict[str, str]:
        """Starts Postgres with a migrated template; GateError when that cannot be done. Once, by the controller."""
        if self._cluster is not None:
            raise RuntimeError("the target is started already")
        command = split_command(self._runner.command, self._root)
        migrate = split_command(self._runner.migrate, self._root, "--migrate-command")
        binaries = find_binaries()
        self._cluster = cluster = Cluster(binaries, self._say)
        try:
            template = template_name(self._runner.migrate, [*command, *migrate], self._root)
            cache = DataCache(f"{binaries.version}\0{template}", self._say) if self._warm else None
            if cache is None or not self._warm_start(cluster, cache, template):
                cluster.initialise()
                cluster.start()
                self._make_template(cluster, template, migrate)
                if cache is not None:
                    cluster.halt()
                    cache.save(cluster)
                    cluster.start()
            (cluster.directory / "ports").mkdir()
        except psycopg.errors.DiskFull as error:
            self._end()
            raise full(cluster.directory) from error
        except psycopg.Error as error:
            self._end()
            raise GateError(f"The template database cannot be made: {one_line(error)}.") from error
        except BaseException:
            self._end()
            raise
        return {ADMIN: cluster.url, TEMPLATE: template, DIRECTORY: str(cluster.directory)}

    def _warm_start(self, cluster: Cluster, cache: DataCache, template: str) -> bool:
        if not cache.load(cluster):
            return False
        try:
            cluster.start()
            with psycopg.connect(cluster.url) as connection:
                query = "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate"
                if connection.execute(query, (template,)).fetchone():
                    return True
            cluster.halt()
        except (GateError, psycopg.Error) as error:
            self._say(f"the cached database does not start ({one_line(error)}): a new one is made")
        cache.drop()
        return False

    def _make_template(self, cluster: Cluster, template: str, migrate: list[str]) -> None:
        def run(name: str) -> None:
            url = database_url(cluster.url, name)
            env = self._environment(DATABASE_URL=url, ROUTER_URL=NO_ROUTER, PORT=str(free_port()))
            hint = "See its last lines, or give another command with --migrate-command."
            run_once(migrate, env=env, cwd=self._root, seconds=MIGRATE_SECONDS, what="The migration", hint=hint)

        make_template(cluster.url, template, run)

    def database(self, shared: Mapping[str, str]) -> str:
        """The URL of a fresh, migrated database that no runner uses."""
        try:
            name = self._clones.fresh(shared[ADMIN], shared[TEMPLATE])
        except psycopg.errors.DiskFull as error:
            raise full(Path(shared[DIRECTORY])) from error
        except psycopg.Error as error:
            raise GateError(f"A fresh database cannot be made: {one_line(error)}.") from error
        return database_url(shared[ADMIN], name)

    def command(self, shared: Mapping[str, str], database_url: str, name: str, *words: str) -> Process:
        """Starts ``migrate`` or ``backfill`` on a database; GateError where there is no such command."""
        del shared
        line = {"migrate": self._runner.migrate, "backfill": self._runner.backfill}[name]
        return subprocess.Popen(
            [*split_command(line, self._root, f"--{name}-command"), *words],
            cwd=self._root,
            env=self._environment(DATABASE_URL=database_url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def system(self, shared: Mapping[str, str], env: Mapping[str, str] | None = None) -> EmbeddedSystem:
        """A ready runner on a fresh database, with its own router stand-in; GateError when it does not get ready."""
        router = Router()
        try:
            with ThreadPoolExecutor(1) as pool:  # the database is copied while the router stand-in starts
                cloning = pool.submit(self.database, shared)
                router.start()
                url = cloning.result()
            process = RunnerProcess(
                self._runner.command,
                root=self._root,
                env=self._environment(DATABASE_URL=url, ROUTER_URL=router.url, **(env or {})),
                ready_seconds=self._ready_seconds,
                choose_port=lambda: free_port(Path(shared[DIRECTORY]) / "ports"),
            )
            process.start()
        except BaseException:
            router.close()
            raise
        return EmbeddedSystem(process, url, router)

    def _environment(self, **more: str) -> dict[str, str]:
        """The runner's environment: ours without what was meant for us, the runner's own defaults, then ``more``."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith(("PYTEST_", "RUNNER_", "PG"))
        }
        # The router stand-in is on this machine: no proxy stands between, whatever the shell says.
        spared = (os.environ.get("NO_PROXY"), os.environ.get("no_proxy"), "127.0.0.1,localhost")
        local = ",".join(filter(None, spared))
        own = {
            "PATH": search_path(),
            "NO_PROXY": local,
            "no_proxy": local,
            "PYTHONUNBUFFERED": "1",
            "RUNNER_RATE_LIMIT": "",
            "RUNNER_DATABASE_POOL": POOL,
        }
        return {**clean, **own, **self._runner.env, **more}

    def stop(self) -> None:
        """Ends Postgres and removes its directory, or with ``keep`` leaves it and says where; safe to call twice."""
        self._clones.close()
        cluster = self._cluster
        if cluster is None or not self._keep:
            self._end()
            return
        self._cluster = None
        cluster.release()
        self._say(f"Postgres was left running: psql '{cluster.url}' (\\l lists the databases)")
        self._say(f"To end it: kill -QUIT {cluster.pid}; sleep 1; rm -r {cluster.directory}")

    def _end(self) -> None:
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None


def template_name(migrate: str, programs: list[str], root: Path) -> str:
    """``gate_template_<hash>``: another one as soon as anything that is known to make the schema changes."""
    digest = hashlib.sha256(migrate.encode())
    with contextlib.suppress(metadata.PackageNotFoundError):
        digest.update(metadata.version("pgqueuer").encode())
    for path in sorted((root / "runner" / "migrations").glob("*.sql")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    for part in programs:  # a foreign runner's program or script may hold its migrations
        path = root / part
        if path.is_file():
            status = path.stat()
            digest.update(f"\0{part}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return f"gate_template_{digest.hexdigest()[:12]}"


def full(directory: Path) -> GateError:
    """The error for a file system without space."""
    return GateError(f"{directory.parent} is full.", "Free some space there, or run with fewer workers.")
