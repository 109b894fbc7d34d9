"""Texts of a declaration that are filled in when a process is started, and values that are kept out of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from gate.core.errors import UsageError

_PLACE = re.compile(r"\{([a-z_]+)\}")
_SECRET = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")

OF_PROCESS = (
    *("port", "directory", "database_url", "database_user", "database_password", "database_host", "database_port"),
    "database_name",
)
"""Places in a command or a variable of a process: its own port, a folder that goes with the run, and its database."""
OF_DATABASE = ("url", "user", "password", "host", "port", "name")
"""Places in a variable that leads to the database."""
DATABASE_URL = "postgresql://{user}@{host}:{port}/{name}"
"""The value of a variable that leads to the database, where nothing else is said."""


def unknown(text: str, known: Iterable[str]) -> str:
    """The reason why a text cannot be filled in; empty where it can."""
    names = tuple(known)
    strange = next((name for name in _PLACE.findall(text) if name not in names), "")
    return f"one of {', '.join(f'{{{name}}}' for name in names)}, not {{{strange}}}" if strange else ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with values in its places; a place without a value stays."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def database_values(url: str) -> dict[str, str]:
    """The parts of a database's URL by ``OF_DATABASE``; user and password as the URL spells them."""
    parts = urlsplit(url)
    return {
        "url": url.removesuffix("?sslmode=disable"),  # which some drivers do not know
        "user": parts.username or "",
        "password": parts.password or "",
        "host": parts.hostname or "",
        "port": str(parts.port or 5432),
        "name": unquote(parts.path.removeprefix("/")),
    }


def process_values(url: str) -> dict[str, str]:
    """The same by ``OF_PROCESS``."""
    return {f"database_{name}": value for name, value in database_values(url).items()}


def revealed(text: str, place: str, environment: Mapping[str, str]) -> str:
    """The text with each ``env:NAME`` in it replaced by that variable.

    Raises:
        UsageError: the variable is not set; ``place`` names the member that asks for it.

    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise UsageError(f"{place} is taken from the variable {match[1]}, which is not set.", f"Set {match[1]}.")
        return environment[match[1]]

    return _SECRET.sub(value, text)


def secrets_in(texts: Iterable[str]) -> list[str]:
    """Names of the variables that texts take values from."""
    return [name for text in texts for name in _SECRET.findall(text)]
