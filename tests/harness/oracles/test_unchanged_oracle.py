"""Any row that a refused or a reading request inserts, changes or deletes is noticed, in whichever table it is."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from beacon.api import JOBS
from beacon.database import DATABASE
from beacon.scenario import Scenario
from contracts.database.rows import TABLES as OWN
from gate.core.client import Unreachable
from gate.core.database import Database
from gate.core.record import Row
from gate.oracles.unchanged import GET, REFUSED, State, Tables, findings
from gate.session.session import Session
from gate.targets import Target
from tests.harness.support.fake_runner import FakeRunner, Reply, ended_jobs, watching

Connection = psycopg.Connection[Row]
MOMENTS = dict.fromkeys(("created", "updated", "heartbeat", "execute_after", "next_run"), "2026-01-01T00:00:00+00:00")
ENTRY = {**MOMENTS, "id": 1, "priority": 0, "status": "queued", "entrypoint": "run_job", "attempts": 0}
QUEUE = {
    "pgqueuer": ENTRY,
    "pgqueuer_log": {**ENTRY, "job_id": 1},
    "pgqueuer_schedules": {**ENTRY, "expression": "* * * * *"},
    "pgqueuer_statistics": {**ENTRY, "count": 1},
}
TABLES = [*OWN, *QUEUE, "schema_migrations"]
NONCE = "INSERT INTO signature_nonces (public_key, nonce) VALUES (gen_random_uuid()::text, 'n')"


def run(connection: Connection, statement: LiteralString, table: str, *values: object) -> list[Row]:
    query = sql.SQL(statement).format(table=sql.Identifier(table))
    cursor = connection.execute(query, values or None)
    return cursor.fetchall() if cursor.description else []


def insert(connection: Connection, table: str, row: Row) -> None:
    run(connection, "INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)", table, Jsonb(row))


def update(connection: Connection, table: str) -> None:
    """Writes a row anew, with what it had."""
    column = sql.Identifier(next(iter(run(connection, "SELECT * FROM {table} LIMIT 1", table)[0])))
    query = sql.SQL("UPDATE {table} SET {column} = {column} WHERE ctid = (SELECT max(ctid) FROM {table})")
    connection.execute(query.format(table=sql.Identifier(table), column=column))


def delete(connection: Connection, table: str) -> Row:
    """Deletes a row and returns it."""
    returned = "DELETE FROM {table} WHERE ctid = (SELECT max(ctid) FROM {table}) RETURNING to_jsonb({table}) AS row"
    row: Row = run(connection, returned, table)[0]["row"]
    return row


@pytest.fixture(scope="session")
def filled_url(target: Target, shared: dict[str, str]) -> str:
    return target.database(shared)


@pytest.fixture(scope="session")
def database(filled_url: str) -> Iterator[Database]:
    """The gate's own connection to a database with rows in every table."""
    with ended_jobs(filled_url) as connection:
        for table, row in QUEUE.items():
            insert(connection, table, row)
    opened = Database(filled_url)
    yield opened
    opened.close()


@pytest.fixture
def other(database: Database) -> Iterator[Connection]:
    """A second connection, on which no trigger or foreign key touches a further table."""
    options = "-c session_replication_role=replica"
    with psycopg.connect(database.url, autocommit=True, row_factory=psycopg.rows.dict_row, options=options) as opened:
        yield opened


def tables_of(database: Database) -> Tables:
    return Tables(database.connection, database.tables(), DATABASE)


def state(database: Database, *, idle: bool = True) -> State:
    """The state as if nobody, or somebody, was at work."""
    return dataclasses.replace(tables_of(database).state(), idle=idle)


def changes(database: Database, change: Callable[[], object], *, idle: bool = True) -> list[str]:
    """Places of the findings after ``change``."""
    before = state(database, idle=idle)
    change()
    difference = tables_of(database).change(before, state(database), "GET")
    return [finding.where for finding in findings(GET, [difference] if difference else [])]


def test_every_table_is_watched(database: Database) -> None:
    """The tables of this test are those of the database, and each has rows."""
    assert sorted(database.tables()) == sorted(TABLES)
    assert all(rows for rows, _ in state(database).tables.values())


@pytest.mark.parametrize("table", TABLES)
def test_each_change_of_a_table_is_found_there(database: Database, other: Connection, table: str) -> None:
    """A row less, a row more, a row written anew, and a row in place of another."""
    taken: list[Row] = []

    def replace() -> None:
        with other.transaction():
            insert(other, table, delete(other, table))

    assert changes(database, lambda: taken.append(delete(other, table))) == [f"GET -> {table}"]
    assert changes(database, lambda: insert(other, table, taken[0])) == [f"GET -> {table}"]
    assert changes(database, lambda: update(other, table)) == [f"GET -> {table}"]
    assert changes(database, replace) == [f"GET -> {table}"]


@pytest.mark.parametrize("table", TABLES)
def test_while_jobs_are_under_way_submitted_rows_are_counted(database: Database, other: Connection, table: str) -> None:
    """The runner changes rows then, and the queue's; but only a submission makes more of them."""
    taken: list[Row] = []
    expected = [f"GET -> {table}"] if table in DATABASE.submitted else []
    assert changes(database, lambda: taken.append(delete(other, table)), idle=False) == expected
    assert changes(database, lambda: insert(other, table, taken[0]), idle=False) == expected
    assert changes(database, lambda: update(other, table), idle=False) == []


@pytest.mark.parametrize("table", TABLES)
def test_statement_without_a_changed_row_is_no_finding(database: Database, other: Connection, table: str) -> None:
    """Reading, locking, rolling back, and the housekeeping of the server."""

    def taken_back() -> None:
        with other.transaction(force_rollback=True):
            update(other, table)
            delete(other, table)

    assert changes(database, lambda: None) == []
    assert changes(database, lambda: run(other, "SELECT * FROM {table} FOR UPDATE", table)) == []
    assert changes(database, taken_back) == []
    assert changes(database, lambda: run(other, "VACUUM (FREEZE, ANALYZE) {table}", table)) == []


def test_changes_of_several_tables_are_all_found(database: Database, other: Connection) -> None:
    def change() -> None:
        for table in TABLES:
            update(other, table)

    assert sorted(changes(database, change)) == sorted(f"GET -> {table}" for table in TABLES)


@pytest.fixture(scope="session")
def ended(target: Target, shared: dict[str, str]) -> Iterator[Connection]:
    """A database in which every job has ended."""
    with ended_jobs(target.database(shared)) as opened:
        yield opened


@pytest.fixture
def connection(ended: Connection) -> Iterator[Connection]:
    """The same, for a runner to spoil; no job is left unfinished in it."""
    yield ended
    ended.execute("UPDATE jobs SET status = 'completed' WHERE status IN ('queued', 'running')")
    for table in QUEUE:
        run(ended, "DELETE FROM {table}", table)


@pytest.fixture(scope="session")
def watched(ended: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, FakeRunner]]:
    """The gate with a runner on that database."""
    with watching(ended, tmp_path_factory.mktemp("journal")) as watched:
        yield watched


@pytest.fixture
def replies() -> list[Callable[[], Reply]]:
    """Replies of the runner to the next requests, in order; afterwards it refuses."""
    return []


@pytest.fixture
def scenario(
    connection: Connection,  # noqa: ARG001 (is tidied up afterwards)
    watched: tuple[Session, FakeRunner],
    replies: list[Callable[[], Reply]],
) -> Scenario:
    """A scenario on a runner that gives ``replies``; the database is not known yet."""
    session, runner = watched
    runner.answer = lambda *_: replies.pop(0)() if replies else refuse()
    replies.append(partial(refuse, status=202))
    session.client.post(JOBS, {})
    return Scenario(session, "test")


def refuse(write: Callable[[], object] = lambda: None, status: int = 400, body: bytes = b"{}") -> Reply:
    """Write, and answer with a refusal."""
    write()
    return status, body


def causes(scenario: Scenario) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings(REFUSED, scenario.record.changes)]


def trace(table: str = "signature_nonces", status: int = 400) -> list[tuple[str, str]]:
    return [("BG-REFUSED-001", f"POST {JOBS} {status} -> {table}")]


def test_idle_means_every_job_ended_and_an_empty_queue(connection: Connection, scenario: Scenario) -> None:
    watch = scenario.session.watch
    assert watch
    assert watch.state_before_reading() is not None
    for status in ("queued", "running"):
        connection.execute("UPDATE jobs SET status = %s WHERE jobspec_id = 'b-done'", (status,))
        assert watch.state_before_reading() is None
    connection.execute("UPDATE jobs SET status = 'completed' WHERE jobspec_id = 'b-done'")
    assert watch.state_before_reading() is not None
    insert(connection, "pgqueuer", ENTRY)
    assert watch.state_before_reading() is None


@pytest.mark.parametrize("table", TABLES)
def test_a_refused_request_that_wrote_is_found(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]], table: str
) -> None:
    """In every table, the queue's included; refusals before and after that wrote nothing are not to blame."""
    write = partial(insert, connection, table, QUEUE[table]) if table in QUEUE else partial(update, connection, table)
    replies += [refuse, refuse, partial(refuse, write), refuse]
    for _ in range(4):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == trace(table)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 422, 429, 500, 503])
def test_every_status_of_a_refusal_is_watched(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]], status: int
) -> None:
    replies += [partial(refuse, lambda: connection.execute(NONCE), status)] * 2
    for _ in range(2):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == trace(status=status) * 2


@pytest.mark.parametrize("status", [200, 202])
def test_rows_of_an_accepted_request_are_no_finding(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]], status: int
) -> None:
    """And it is not blamed on the refusal that follows."""
    replies += [refuse, partial(refuse, lambda: connection.execute(NONCE), status), refuse]
    for _ in range(3):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == []


@pytest.mark.parametrize("unfinished", ["queued", "running", "in the queue"])
def test_writes_of_the_runner_are_no_finding_while_a_job_is_unfinished(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]], unfinished: str
) -> None:
    """Executions change then, whatever is refused meanwhile; once all is done they are watched again."""
    if unfinished == "in the queue":
        insert(connection, "pgqueuer", ENTRY)
    else:
        connection.execute("UPDATE jobs SET status = %s WHERE jobspec_id = 'b-done'", (unfinished,))
    replies += [partial(refuse, lambda: update(connection, "executions"))]
    scenario.client.post(JOBS, {})
    assert causes(scenario) == []

    connection.execute("UPDATE jobs SET status = 'completed' WHERE jobspec_id = 'b-done'")
    connection.execute("DELETE FROM pgqueuer")
    replies += [partial(refuse, status=200), partial(refuse, lambda: update(connection, "executions"))]
    for _ in range(2):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == trace("executions")


def test_write_is_not_reported_while_another_request_is_under_way(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]]
) -> None:
    """Either of the two may have written; the next request is watched again."""
    both = threading.Barrier(2, timeout=10)
    replies += [partial(refuse, write) for write in (both.wait, lambda: (both.wait(), connection.execute(NONCE)))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: scenario.client.post(JOBS, {}), range(2)))
    assert causes(scenario) == []

    replies += [refuse, partial(refuse, lambda: connection.execute(NONCE))]
    for _ in range(2):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == trace()


def test_a_reader_meanwhile_hides_nothing(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]]
) -> None:
    """A GET that comes and goes while the refused request is under way."""

    def write() -> None:
        scenario.client.get(JOBS)
        connection.execute(NONCE)

    replies += [partial(refuse, write), partial(refuse, status=200)]
    scenario.client.post(JOBS, {})
    assert causes(scenario) == trace()


def test_a_request_without_an_answer_ends_the_watch_over_it(
    connection: Connection, scenario: Scenario, replies: list[Callable[[], Reply]]
) -> None:
    """Its writes are no finding, and the next request is watched again."""

    def write() -> None:
        connection.execute(NONCE)

    replies += [refuse, write, partial(refuse, write)]
    scenario.client.post(JOBS, {})
    with pytest.raises(Unreachable):
        scenario.client.post(JOBS, {})
    assert causes(scenario) == []
    scenario.client.post(JOBS, {})
    assert causes(scenario) == trace()


def test_write_between_two_looks_is_laid_to_the_reading_request(connection: Connection, scenario: Scenario) -> None:
    """Between two looks at the database, with nothing but GET in between."""
    watch = scenario.session.watch
    assert watch
    before = watch.state_before_reading()
    read = [scenario.client.get(JOBS)]
    assert watch.changes_by_reading(before, read) == []
    connection.execute(NONCE)
    (change,) = watch.changes_by_reading(before, read)
    assert (change.where, list(change.tables)) == ("GET", ["signature_nonces"])
    assert watch.changes_by_reading(None, read) == []
