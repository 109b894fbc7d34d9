"""A look at a service that runs elsewhere, before it is judged: whether its database is the one that was named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any

import psycopg
from psycopg import sql

from gate.contract.nodes import Operation
from gate.core.client import Client, Unreachable
from gate.core.database import Database
from gate.core.effect import entries_of
from gate.core.errors import GateError
from gate.core.settings import Settings
from gate.fuzz.service.pack import DeclaredPack
from gate.fuzz.service.schemas import asks_for_nothing
from gate.oracles.row_values import IDENTIFYING, plain
from gate.targets.choose import choose
from gate.targets.remote_run.address import Address, AddressedTransport

MOST_LISTS, MOST_ENTRIES = 12, 3
"""Lists that are asked for, and entries of each that are looked for."""
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
NAMED = "SELECT to_jsonb(t) AS row FROM {} AS t WHERE {} = {} LIMIT 1"


def client_of(pack: DeclaredPack, settings: Settings) -> Client:
    """A client of the service, which goes the way of all requests of the run."""
    address = Address.of(settings.base_url or "")
    return Client(address.url, lambda _: None, transport=AddressedTransport(address), query=pack.query)


def must_answer(pack: DeclaredPack, settings: Settings) -> None:
    """GateError where the service, or its database, does not answer."""
    target = choose(settings, pack.service, lambda _: None)
    target.start()
    target.stop()


def must_be_of_the_service(pack: DeclaredPack, settings: Settings) -> None:
    """GateError where lists of the service have entries, and no row of the database is any of them."""
    if not settings.database_url:
        return
    with closing(client_of(pack, settings)) as client, closing(Database(settings.database_url)) as database:
        tables: dict[str, dict[str, str]] = {}
        for row in database.query(COLUMNS):
            tables.setdefault(row["table_name"], {})[plain(row["column_name"])] = row["column_name"]
        if not tables:
            raise _another("It has no table in the schema public that its role may read")
        seen = 0
        for operation in [each for each in pack.contract.operations if _lists(pack, each)][:MOST_LISTS]:
            with suppress(Unreachable):
                answer = client.get(pack.facts.base + operation.path)
                for entry in entries_of(answer.json)[:MOST_ENTRIES] if answer.status < 300 else ():
                    seen += any(True for _ in _names(entry))
                    if any(_is_row(database, table, columns, entry) for table, columns in tables.items()):
                        return
        if seen:
            raise _another(f"None of its rows is any of the {seen} entries of the service's lists that were looked for")


def _another(reason: str) -> GateError:
    hint = "Correct service.database_url, or leave it out: then answers alone are judged."
    return GateError(f"The database is not that of the service. {reason}.", hint)


def _lists(pack: DeclaredPack, operation: Operation) -> bool:
    return (
        operation.method == "GET"
        and "{" not in operation.path
        and asks_for_nothing(operation)
        and not pack.skipped(operation)
    )


def _names(entry: Any) -> Iterator[tuple[str, str]]:
    """The members by which an entry is told from others, by their plain names."""
    for name, value in entry.items():
        if plain(name) in IDENTIFYING and isinstance(value, str | int) and not isinstance(value, bool):
            yield plain(name), str(value)


def _is_row(database: Database, table: str, columns: Mapping[str, str], entry: Any) -> bool:
    """Return whether a table has a row with an entry's name and another of its values."""
    for name, value in _names(entry):
        if name not in columns:
            continue
        statement = sql.SQL(NAMED).format(sql.Identifier(table), sql.Identifier(columns[name]), sql.Literal(value))
        with suppress(psycopg.Error):  # the column has another type, or the role may not read it
            for answer in database.query(statement):
                row = {plain(column): value for column, value in answer["row"].items()}
                shared = [each for each in entry if plain(each) in row]
                equal = [each for each in shared if str(row[plain(each)]) == str(entry[each])]
                if len(equal) > 1 or len(shared) == 1:
                    return True
    return False
