"""A throw-away Postgres from installed binaries, initialised or copied from a cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import psycopg
from filelock import FileLock
from filelock import Timeout as LockTimeout
from platformdirs import user_cache_path

from gate.core.errors import GateError
from gate.core.guard import PREFIX
from gate.core.lifetime import MEMORY, SHARED, root
from gate.core.surroundings import environment
from gate.core.waiting import deadline
from gate.targets.postgres.binaries import (
    LOCK_SECONDS,
    Binaries,
    find_binaries,
    fingerprint,
    named,
    open_to_all,
    owner,
)
from gate.targets.postgres.supervision import LAST_LINES, PORT_IN_USE, PORT_TRIES, Watched, free_port

MEMORY_NEEDED = 512 * 2**20
SOCKET_PATH_LIMIT = 107
CACHES_KEPT = 8
"""Data directories of 37 MB; two checkouts and a few declared services have one each."""

ZONE = "Asia/Kathmandu"
"""The database's time zone: a time that is read, compared or shown without its zone is 5:45 hours off."""
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # The data is thrown away, so nothing has to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "jit": "off",
    "autovacuum": "off",
    "max_logical_replication_workers": "0",
    "dynamic_shared_memory_type": "mmap",  # inside the data directory, so that it goes with it
    "timezone": ZONE,
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}

Say = Callable[[str], None]


def data_root(say: Say) -> Path:
    """The folder for data directories: in memory, when there is room, else the one for temporary files."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
            return MEMORY
    disk = root()
    if owner() != (-1, -1) and not open_to_all(disk):
        disk = SHARED
    say(f"{MEMORY} has less than {MEMORY_NEEDED >> 20} MB free: the database is kept below {disk}, which is slower")
    return disk


class Cluster:
    """One Postgres server with its data directory below ``directory``; both go when this process does.

    ``settings`` of the server win over ``OPTIONS``.
    """

    def __init__(
        self, binaries: Binaries, say: Say, zone: str = ZONE, settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.binaries = binaries
        self._settings = {**OPTIONS, "timezone": zone, **settings}
        folder = data_root(say)
        self.directory = folder / f"{PREFIX}{secrets.token_hex(4)}"
        self.data = self.directory / "data"
        self.log = self.directory / "postgres.log"
        self.url = ""
        self._env = environment({"LC_ALL": "C"})
        try:
            self._watched = Watched(self.directory, owner())
        except OSError as error:
            raise GateError(f"{folder} cannot hold the database: {error}.", "Free some space or set TMPDIR.") from error

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._watched.pid

    def run(self, command: list[str | Path], *, as_owner: bool) -> tuple[int | None, list[str]]:
        """Runs a command to its end under the cluster's watchdog; returns its return code and its lines."""
        del self._watched.lines[:]
        # It ends by itself, within a second: an initdb that is killed leaves shared memory segments behind.
        self._watched.run(command, env=self._env, as_owner=as_owner, end=("CONT", 10.0))
        return self._watched.wait(deadline("ready")), list(self._watched.lines)

    def initialise(self) -> None:
        """Creates an empty data directory."""
        command: list[str | Path] = [
            *named(),
            *(self.binaries.directory / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust"),
            *("--no-sync", "--wal-segsize=1", "--no-instructions", "-E", "UTF8"),
        ]
        for locale in ("C.UTF-8", "C"):
            shutil.rmtree(self.data, ignore_errors=True)
            code, lines = self.run([*command, f"--locale={locale}"], as_owner=True)
            if code == 0:
                return
            if not any("invalid locale" in line for line in lines):
                break
        raise self._failed("initdb failed.", lines)

    def start(self) -> None:
        """Starts the server on a free port and waits until it answers; GateError when it does not."""
        self._start(free_port)

    def start_again(self) -> None:
        """Starts the server that ``halt`` stopped, on the port that it had."""
        port = int(urlsplit(self.url).port or 0)
        self._start(lambda: port)

    def _start(self, choose_port: Callable[[], int]) -> None:
        for _ in range(PORT_TRIES):
            port = choose_port()
            self.log.unlink(missing_ok=True)
            self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
            command: list[str | Path] = [
                self.binaries.directory / "postgres",
                "-D",
                self.data,
                "-p",
                str(port),
                *self._options(port),
            ]
            self._watched.run(command, env=self._env, log=self.log, as_owner=True, end=("QUIT", 10.0))
            if self._answers():
                return
            lines = self.log.read_text(errors="replace").splitlines()
            if not any(map(PORT_IN_USE.search, lines)):
                break
        raise self._failed("Postgres did not start.", lines)

    def _options(self, port: int) -> list[str]:
        options = dict(self._settings)
        fits = len(os.fsencode(self.directory / f".s.PGSQL.{port}")) <= SOCKET_PATH_LIMIT
        options["unix_socket_directories"] = str(self.directory) if fits else ""
        if self.binaries.major >= 18:
            options["io_method"] = "sync"  # saves three processes
        return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def _answers(self) -> bool:
        limit = time.monotonic() + deadline("ready")
        while time.monotonic() < limit and self._watched.wait(0.003) is None:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=2).close()
                return self._watched.wait(0) is None  # else another server answered on the port that ours did not get
        return False

    def halt(self, how: str = "INT") -> None:
        """Stops the server: cleanly, so that its data directory can be copied, or by another signal (``QUIT``)."""
        self._watched.signal(how)
        if self._watched.wait(deadline("ready")) is None:
            raise GateError("Postgres did not stop.")

    def close(self) -> None:
        """Ends the server at once and removes its directory; safe to call twice."""
        self._watched.close()

    def _failed(self, message: str, lines: list[str]) -> GateError:
        if any("No space left on device" in line for line in lines):
            return GateError(f"{self.directory.parent} is full.", "Free some space there.")
        return GateError(message, "Its last lines follow.", tuple(lines[-LAST_LINES:]))


class DataCache:
    """Stopped, initialised and migrated data directories, by key, so that a warm start copies one."""

    def __init__(self, key: str, say: Say) -> None:
        self._root = user_cache_path("beacon-gate") / "postgres"
        marks = f"{key}\0{platform.system()}\0{platform.machine()}\0{owner()}\0{sorted(OPTIONS.items())}"
        self._entry = self._root / hashlib.sha256(marks.encode()).hexdigest()[:16]
        self._say = say

    def load(self, cluster: Cluster) -> bool:
        """Copies the entry into the cluster's data directory; False where there is no whole one."""
        try:
            if not self._entry.is_dir():
                return False
            with self._lock():
                data, mark = self._entry / "data", self._entry / "fingerprint"
                whole = mark.is_file() and mark.read_bytes() == fingerprint(data).encode()
                if whole and cluster.run(["cp", "-Rp", data, cluster.data], as_owner=False)[0] == 0:
                    os.utime(mark)
                    return True
        except (OSError, LockTimeout) as error:
            self._say(f"the cached database cannot be read ({error}): a new one is made")
            return False
        self._say("the cached database is damaged: a new one is made")
        return False

    def save(self, cluster: Cluster) -> None:
        """Keeps the data directory of a stopped cluster, instead of any earlier one, and prunes old keys."""
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock():
                building = self._root / f"building-{secrets.token_hex(4)}"
                building.mkdir(mode=0o700)
                try:
                    code, lines = cluster.run(["cp", "-Rp", cluster.data, building / "data"], as_owner=False)
                    if code != 0:
                        self._say(f"the database is not cached for the next start: {' '.join(lines[-1:])}")
                        return
                    (building / "fingerprint").write_text(fingerprint(building / "data"))
                    shutil.rmtree(self._entry, ignore_errors=True)
                    building.rename(self._entry)
                finally:
                    self._prune()  # also of what was half built
        except (OSError, LockTimeout) as error:
            self._say(f"the database is not cached for the next start: {error}")

    def drop(self) -> None:
        """Forgets the entry."""
        with contextlib.suppress(LockTimeout, OSError), self._lock():
            shutil.rmtree(self._entry, ignore_errors=True)

    def _lock(self) -> FileLock:
        return FileLock(self._root / "lock", timeout=LOCK_SECONDS)

    def _prune(self) -> None:
        def age(entry: Path) -> float:
            mark = entry / "fingerprint"
            return mark.stat().st_mtime if mark.exists() else 0.0

        entries = [entry for entry in self._root.iterdir() if entry.is_dir()]
        whole = sorted((entry for entry in entries if age(entry)), key=age, reverse=True)
        for entry in set(entries) - set(whole[:CACHES_KEPT]):
            shutil.rmtree(entry, ignore_errors=True)


def empty_cluster(*, warm: bool, say: Say) -> Cluster:
    """A started server with nothing in it; ``warm`` copies its data from a cache, as an earlier run left it."""
    binaries = find_binaries()
    cluster, cache = Cluster(binaries, say), DataCache(f"{binaries.version}\0empty", say)
    try:
        if warm and cache.load(cluster):
            try:
                cluster.start()
            except GateError:
                cache.drop()  # and a new one is made
            else:
                return cluster
        cluster.initialise()
        if warm:
            cache.save(cluster)
        cluster.start()
    except BaseException:
        cluster.close()
        raise
    return cluster
