"""Databases on one Postgres server: a migrated template, and clones of it."""

from __future__ import annotations

import contextlib
import secrets
import time
import weakref
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from gate.core.errors import GateError
from gate.core.waiting import deadline

Connection = psycopg.Connection[tuple[object, ...]]
PREFIX = "gate_"
"""Beginning of the names of clones."""


def make_template(admin_url: str, name: str, migrate: Callable[[str], None]) -> None:
    """Creates the template ``name`` and lets ``migrate`` fill it; psycopg.Error or GateError where that fails."""
    template = sql.Identifier(name)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY FILE_COPY").format(template))
        migrate(name)
        # A database with sessions cannot be copied, and those of a migration that just ended may still be closing.
        of_template = "FROM pg_stat_activity WHERE datname = %s"
        connection.execute(f"SELECT pg_terminate_backend(pid) {of_template}", (name,))
        limit = time.monotonic() + deadline("step")
        while connection.execute(f"SELECT 1 {of_template}", (name,)).fetchone():
            if time.monotonic() > limit:
                raise GateError("The migration left sessions behind that do not end.")
        # Last, so that only a whole template is marked as a template.
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(template))


class Clones:
    """Clones a template, over a connection that is opened at first use."""

    def __init__(self) -> None:
        self._admin: Connection | None = None

    def fresh(self, admin_url: str, template: str, prefix: str = PREFIX) -> str:
        """The name of a new copy of the template; psycopg.Error where there can be none."""
        try:
            return self._clone(admin_url, template, prefix)
        except psycopg.OperationalError:
            if self._admin is None or not self._admin.closed:
                raise
            # A test may have restarted the server since the last copy, which the connection notices at its next use.
            return self._clone(admin_url, template, prefix)

    def _clone(self, admin_url: str, template: str, prefix: str) -> str:
        name = f"{prefix}{secrets.token_hex(6)}"
        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(admin_url, autocommit=True)
            weakref.finalize(self, self._admin.close)  # workers never take a target down
            with contextlib.suppress(psycopg.Error):  # a setting that this server does not know
                self._admin.execute("SET file_copy_method = clone")
        clone(self._admin, name, template)
        return name

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None


def clone(connection: Connection, name: str, template: str) -> None:
    """Copies the template; plainly where the file system cannot copy on write as the session asks."""
    names = sql.Identifier(name), sql.Identifier(template)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names)
    try:
        connection.execute(statement)
    except (psycopg.errors.SystemError, psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
        connection.execute("SET file_copy_method = copy")
        connection.execute(statement)


def database_url(admin_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(admin_url)._replace(path=f"/{name}").geturl()


def database_name(url: str) -> str:
    """The name of the database of a URL."""
    return urlsplit(url).path.removeprefix("/")


def one_line(error: Exception) -> str:
    """The first line of an error's text, without a full stop."""
    return (str(error).strip() or repr(error)).splitlines()[0].rstrip(".")
