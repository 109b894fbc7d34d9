"""The instruments of a worker: before the first test, each is shown something, and has to report it.

They are the client, the observer of rows, the write watch and the reader of the schema.

Canaries and alarms show that what is seen is judged. A client that loses what was answered, or a database whose rows
are not read, would blame the service for what nobody saw, or let it pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import psycopg
from psycopg import sql

from gate.core.client import Client
from gate.core.database import Database
from gate.core.errors import GateError
from gate.core.exchange import Exchange
from gate.core.log import Log
from gate.core.record import Record, Row, Rows
from gate.core.transport import WatchedTransport
from gate.oracles import invariants, metrics, schema
from gate.oracles.invariants import Invariant
from gate.session.pack import Pack
from gate.session.session import Session
from gate.verdict.canaries import FOLDER

STATUS, HEADER, TEXT = 418, "x-shown", "shown " * 100
TABLE = "shown_to_the_gate"


def check(session: Session) -> None:
    """Show an answer, and where the database is the run's own also rows; GateError names what was not seen."""
    _answer()
    _created_resources(session)
    if session.database and session.alone and session.promised.offending:
        _schema(session, session.database)
        if not session.absent:  # else the findings of the schema are there, and rows cannot stand in
            _rows(session, session.database)


def _not_seen(part: str) -> GateError:
    return GateError(f"The gate does not see {part}.", "Undo what was changed in gate/core, gate/session or the pack.")


def _echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(STATUS, headers={HEADER: request.headers.get(HEADER, "")}, content=request.content)


def _answer() -> None:
    recorded: list[Exchange] = []
    client = Client("http://shown", recorded.append, transport=WatchedTransport(httpx.MockTransport(_echo)))
    for method, text in [("POST", TEXT), ("GET", "one"), ("GET", "another")]:  # the last may not come from a cache
        recorded.clear()
        exchange = client.request(method, "/", body={"text": text}, headers={HEADER: text})
        body = json.dumps({"text": text}).encode()
        seen: Mapping[str, tuple[object, object]] = {
            "the status of an answer": (exchange.status, STATUS),
            "the headers of an answer, or sends none": (exchange.headers.get(HEADER), text),
            "the body of an answer, or sends none": (exchange.body, body),
            "the body that it sends": (exchange.request_body, body),
            "the exchange in its record": (recorded, [exchange]),
        }
        for part, (got, sent) in seen.items():
            if got != sent:
                raise _not_seen(part)
    client.close()


def _created_resources(session: Session) -> None:
    """Some exchange of the canaries creates a resource, where the pack's rows are known by one."""
    records = [oracle.violation(session.contract)[0] for oracle in session.pack.oracles]
    exchanges = [exchange for record in records for exchange in record.exchanges]
    creation = next((each for each in exchanges if session.pack.created(each)), None)
    if creation is not None:
        record = session.begin(FOLDER)
        if session.watch:
            session.watch.before(creation.method)
        session.take(creation)
        if creation not in record.resources.values() or creation not in record.exchanges:
            raise _not_seen("the resources of a test in its record")
    elif session.promised.offending:
        raise _not_seen("which exchange creates a resource")


class _WithCalls:
    """The pack, to whose stand-ins a resource made a call."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pack, name)

    def calls(self, *_: object) -> str:
        """The call."""
        return TEXT


def _rows(session: Session, database: Database) -> None:
    """Observe a resource in whose rows each table has some, and a refused request that changes them."""
    unseen, answered, broken = session.promised.tables.keys() - session.promised.shared, False, False
    client = Client("http://shown", lambda _: None, transport=WatchedTransport(httpx.MockTransport(_echo)))
    pack: Any = _WithCalls(session.pack)
    own: dict[str, Any] = {TEXT: pack}  # a stand-in, of a service whose own views are looked at, too
    observer = replace(session.observer, pack=pack, client=client, stand_ins=own, log=Log(lambda: [TEXT]))
    creation = Exchange("POST", "http://shown/", STATUS)
    for rule, rows in _examples(session):
        with _standing_in(database, rows):
            seen = observer.observe(Record("", resources={invariants.RESOURCE: creation}))
            resource = seen.resources[invariants.RESOURCE]
            unseen -= {table for table, read in resource.rows.items() if len(read) == len(rows.get(table, ())) > 0}
            answered = answered or bool(resource.answers)
            broken = broken or rule.code in seen.offending
            looked_at = {
                "the log of the service": seen.log,
                "the calls of the service": resource.calls,
                "the metrics of the service": metrics.VIEW in seen.answers or not session.pack.metrics,
                "the address of the database": seen.inside,
            }
            if part := next((part for part, it in looked_at.items() if not it), ""):
                raise _not_seen(part)
            if not unseen and answered and broken:
                for table in session.promised.submitted.intersection(rows) or rows:
                    _change(session, database, table)
                session.observer = observer
                _end(session, rule)
                break
    else:
        if unseen:
            raise _not_seen(f"the rows of {', '.join(sorted(unseen))}")
        raise _not_seen("the rows that break an invariant" if answered else "the views of a resource")
    client.close()


def _examples(session: Session) -> Iterator[tuple[Invariant, Rows]]:
    """Each invariant with rows that break it, those of many tables first."""
    offending, readable = session.promised.offending, session.promised.tables.keys()
    rules = [rule for rule in session.promised.invariants if offending.get(rule.name, {}).keys() <= readable]
    for rule in sorted(rules, key=lambda rule: -len(offending[rule.name])):
        yield rule, offending[rule.name]


def _change(session: Session, database: Database, table: str) -> None:
    request = Exchange("POST", "http://shown/", STATUS)
    watch = session.watch
    if watch is None:
        raise _not_seen("what a refused request changes")
    record = session.begin(FOLDER)
    watch.before("POST")
    _write(database, sql.SQL("INSERT INTO {0} SELECT * FROM {0} LIMIT 1").format(sql.Identifier(table)))
    session.take(request)
    if not any(table in change.tables for change in record.changes):
        raise _not_seen("what a refused request changes")


def _end(session: Session, rule: Invariant) -> None:
    if rule.code not in {finding.code for finding in session.final_findings()}:
        raise _not_seen("what is wrong at the end of a run")


def _schema(session: Session, database: Database) -> None:
    foreign = session.promised.foreign
    with database.connection.transaction(force_rollback=True):
        database.connection.execute("SET TRANSACTION READ WRITE")
        database.connection.execute(sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(TABLE)))
        if not any(part.table == TABLE for part in schema.read(database.connection, foreign)):
            raise _not_seen("a table that is in the database")


@contextmanager
def _standing_in(database: Database, rows: Rows) -> Iterator[None]:
    """Temporary tables of the gate's own session with these rows, which stand before those of the same names."""
    for table, entries in rows.items():
        _write(database, _created(table, entries))
    try:
        yield
    finally:
        for table in rows:
            _write(database, sql.SQL("DROP TABLE pg_temp.{}").format(sql.Identifier(table)))


def _created(table: str, rows: Sequence[Row]) -> sql.Composed:
    name, text = sql.Identifier(table), sql.Literal(json.dumps(list(rows)))
    return sql.SQL(
        "CREATE TEMP TABLE {0} AS SELECT * FROM jsonb_populate_recordset(NULL::public.{0}, {1}::jsonb)"
    ).format(name, text)


def _write(database: Database, statement: sql.Composed) -> None:
    connection: psycopg.Connection[Row] = database.connection
    with connection.transaction():
        connection.execute("SET TRANSACTION READ WRITE")
        connection.execute(statement)
