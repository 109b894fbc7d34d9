"""Brings a database to a schema version: numbered SQL files, then the tables of the job queue.

Files are `NNNN_name.up.sql` and `NNNN_name.down.sql`, numbered from 0001 without gaps. Each runs in a transaction of
its own, under an advisory lock, so that several processes may start at once. An applied file is recorded with its
SHA-256; a file that was edited afterwards is refused.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

DIRECTORY: Final = Path(__file__).resolve().parent / "migrations"
_NAME: Final = re.compile(r"^(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.(?P<direction>up|down)\.sql$")
_LOCK_KEY: Final = 0x62656163  # any constant of our own: "beac"
_VERSIONS: Final = frozenset(path.name[:4] for path in DIRECTORY.glob("*.up.sql"))
_HISTORY: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version    INTEGER PRIMARY KEY,
        name       TEXT        NOT NULL,
        sha256     TEXT        NOT NULL,
        applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
"""


class MigrationError(Exception):
    """The files or the database are in a state that cannot be migrated; the message says which and why."""


@dataclass(frozen=True)
class Migration:
    """One schema version: the statements that lead to it and back."""

    version: int
    name: str
    up: str
    down: str

    @property
    def sha256(self) -> str:
        """The hash of the statements that lead to this version, in hexadecimal."""
        return hashlib.sha256(self.up.encode()).hexdigest()


def available(directory: Path = DIRECTORY) -> list[Migration]:
    """The migrations of a directory, by version.

    Raises:
        MigrationError: a name outside the pattern, a version twice, a gap, or a file without its other half.

    """
    files: dict[int, dict[str, Path]] = {}
    names: dict[int, str] = {}
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named NNNN_name.up.sql or NNNN_name.down.sql")
        version = int(match["version"])
        if names.setdefault(version, match["name"]) != match["name"]:
            raise MigrationError(f"{path.name}: version {version} exists already as {names[version]}")
        files.setdefault(version, {})[match["direction"]] = path
    if sorted(files) != list(range(1, len(files) + 1)):
        raise MigrationError(f"the versions {sorted(files)} do not count up from 1 without gaps")
    for version, halves in files.items():
        if len(halves) != 2:
            raise MigrationError(f"version {version} needs both an up and a down file")
    return [
        Migration(version, f"{version:04}_{names[version]}", halves["up"].read_text(), halves["down"].read_text())
        for version, halves in sorted(files.items())
    ]


def migrate(database_url: str, target: int | None = None) -> list[str]:
    """Bring a database up, or down, to a version.

    Args:
        database_url: the database to change.
        target: the schema version to reach; 0 takes everything away but the queue; by default the newest.

    Returns:
        What was run, in order: `NNNN_name.up` or `NNNN_name.down` for files, `pgqueuer <version>` for the queue's
        tables. Empty when there was nothing to do.

    Raises:
        MigrationError: the files or the database are not fit for it, see `available`; nothing else is run then.
        psycopg.Error: the database refused; files that were run before stay applied.

    """
    known = available()
    if target is not None and not 0 <= target <= len(known):
        raise MigrationError(f"there is no version {target}: the versions are 0 to {len(known)}")
    with psycopg.connect(database_url, autocommit=True) as connection, _locked(connection):
        connection.execute(_HISTORY)
        applied = _applied(connection)
        _check(known, applied)
        wanted = len(known) if target is None else target
        done = [_up(connection, entry) for entry in known if len(applied) < entry.version <= wanted]
        done += [_down(connection, entry) for entry in reversed(known) if wanted < entry.version <= len(applied)]
        if _queue_is_stale(connection):
            asyncio.run(_install_queue(database_url))
            connection.execute(sql.SQL("COMMENT ON TABLE pgqueuer IS {}").format(_queue_version()))
            done.append(_queue_version())
        return done


def pending(connection: psycopg.Connection[Any]) -> list[str]:
    """The migrations that `migrate` would run to reach the newest version."""
    present = _value(connection, "SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied = _applied(connection) if present else {}
    names = [f"{entry.name}.up" for entry in available() if entry.version not in applied]
    return names + ([_queue_version()] if _queue_is_stale(connection) else [])


async def behind(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether the database lacks a migration that this build has, as after a restored backup."""
    try:
        cursor = await connection.execute("SELECT count(*) AS applied FROM schema_migrations")
    except psycopg.errors.UndefinedTable:
        return True
    ((*_, applied),) = [tuple(row.values()) for row in await cursor.fetchall()]
    return int(applied) < len(_VERSIONS)


@contextlib.contextmanager
def _locked(connection: psycopg.Connection[Any]) -> Iterator[None]:
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK_KEY,))


def _value(connection: psycopg.Connection[Any], query: LiteralString) -> object:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]


def _applied(connection: psycopg.Connection[Any]) -> dict[int, tuple[str, str]]:
    rows = connection.execute("SELECT version, name, sha256 FROM schema_migrations ORDER BY version").fetchall()
    return {version: (name, sha256) for version, name, sha256 in rows}


def _check(known: list[Migration], applied: Mapping[int, tuple[str, str]]) -> None:
    by_version = {entry.version: entry for entry in known}
    if sorted(applied) != list(range(1, len(applied) + 1)):
        raise MigrationError(f"the database has the versions {sorted(applied)}, which leave gaps")
    for version, (name, sha256) in applied.items():
        entry = by_version.get(version)
        if entry is None:
            raise MigrationError(f"the database has version {version} ({name}), which this build does not know")
        if entry.sha256 != sha256:
            raise MigrationError(f"{entry.name}.up.sql was edited after it had been applied; add a new file instead")


def _up(connection: psycopg.Connection[Any], entry: Migration) -> str:
    with connection.transaction():
        connection.execute(entry.up.encode(), prepare=False)
        connection.execute(
            "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)",
            (entry.version, entry.name, entry.sha256),
        )
    return f"{entry.name}.up"


def _down(connection: psycopg.Connection[Any], entry: Migration) -> str:
    with connection.transaction():
        connection.execute(entry.down.encode(), prepare=False)
        connection.execute("DELETE FROM schema_migrations WHERE version = %s", (entry.version,))
    return f"{entry.name}.down"


def _queue_version() -> str:
    return f"pgqueuer {metadata.version('pgqueuer')}"


def _queue_is_stale(connection: psycopg.Connection[Any]) -> bool:
    # The library's release is kept as the table's comment: comparing it costs no import of the library.
    return _value(connection, "SELECT obj_description(to_regclass('pgqueuer'), 'pg_class')") != _queue_version()


async def _install_queue(database_url: str) -> None:
    # Imported late, as it takes longer than all the rest together and is rarely needed.
    from runner.queue_driver import install  # noqa: PLC0415 - for the reason above

    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await install(connection)
