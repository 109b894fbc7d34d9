"""The start of every process: wait for the database, refuse one that is not migrated, and handle signals."""

import asyncio
import re
import signal
from typing import Final

import psycopg

from runner import logging
from runner.migrate import pending
from runner.settings import EXIT_CONFIGURATION, refuse

EXIT_DATABASE: Final = 4
DATABASE_WAIT_SECONDS: Final = 30.0
"""How long a process that starts waits for its database."""
_RETRY_SECONDS: Final = 0.25
# The driver gives no SQLSTATE for a refused connection. A server of another language is waited for in vain.
_REFUSED: Final = re.compile(
    r"authentication failed|no password supplied|role \".*\" does not exist|no pg_hba\.conf entry", re.IGNORECASE
)

_log = logging.get(__name__)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


async def ready(database_url: str) -> None:
    """Wait for the database, and refuse one that is not migrated."""
    missing = await _missing_migrations(database_url)
    if missing:
        refuse(
            f"the database is not migrated ({missing[0]} is missing): run `python -m runner migrate`.", EXIT_DATABASE
        )


async def _missing_migrations(database_url: str) -> list[str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DATABASE_WAIT_SECONDS
    warned = False
    while True:
        try:
            return await asyncio.to_thread(_look, database_url)
        except psycopg.OperationalError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
            if _REFUSED.search(reason):
                refuse(f"the database of DATABASE_URL refuses these credentials: {reason}.", EXIT_DATABASE)
        except psycopg.ProgrammingError as error:
            refuse(f"DATABASE_URL cannot be used: {str(error).strip()}.", EXIT_CONFIGURATION)
        if loop.time() > deadline:
            refuse(
                f"the database of DATABASE_URL did not answer within {DATABASE_WAIT_SECONDS:.0f} s: {reason}.",
                EXIT_DATABASE,
            )
        if not warned:
            _log.warning("waiting_for_the_database", reason=reason)
            warned = True
        await asyncio.sleep(_RETRY_SECONDS)


def _look(database_url: str) -> list[str]:
    with psycopg.connect(database_url, autocommit=True, connect_timeout=2) as connection:
        return pending(connection)
