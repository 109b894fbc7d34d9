"""In a database that others use, a change is laid to a request only where that is certain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from beacon.api import JOBS
from beacon.pack import pack
from beacon.scenario import Scenario
from gate.core.errors import NotAvailable
from gate.core.exchange import Exchange
from gate.core.ids import Ids
from gate.core.record import Change, Row
from gate.core.redaction import Redactor
from gate.core.waiting import NotReached
from gate.oracles.unchanged import GET, REFUSED
from gate.session.repetition import CHANCE, _chance
from gate.session.session import Session
from gate.targets import Target
from gate.verdict.events import Unattributed
from gate.verdict.journal import Journal, read
from tests.harness.support.fake_runner import FakeRunner, Reply, ended_jobs, watching

Connection = psycopg.Connection[Row]
NONCE: LiteralString = "INSERT INTO signature_nonces (public_key, nonce) VALUES (gen_random_uuid()::text, %s)"
TOUCH: LiteralString = "UPDATE jobs SET updated_at = updated_at WHERE jobspec_id = %s"
FOREIGN: dict[str, tuple[LiteralString, str]] = {
    "a row more": (NONCE, "signature_nonces"),
    "a row less": ("DELETE FROM executions WHERE id = (SELECT max(id) FROM executions) AND %s <> ''", "executions"),
    "another row": (TOUCH, "jobs"),
    "work begins": ("UPDATE jobs SET status = 'running' WHERE jobspec_id = %s", "jobs"),
}


@pytest.fixture(scope="session")
def url(target: Target, shared: dict[str, str]) -> str:
    return target.database(shared)


@pytest.fixture(scope="session")
def connection(url: str) -> Iterator[Connection]:
    """A database in which every job has ended, for the runner and for others to change."""
    with ended_jobs(url) as opened:
        yield opened


@pytest.fixture
def watched(connection: Connection, tmp_path: Path) -> Iterator[tuple[Session, FakeRunner]]:
    with watching(connection, tmp_path, exclusive=False) as watched:
        yield watched
    connection.execute("UPDATE jobs SET status = 'completed' WHERE status IN ('queued', 'running')")


def answering(write: Callable[[], object], *, times: int = 1 << 30, status: int = 400) -> Callable[[str, str], Reply]:
    """Replies of a runner in whose first answers somebody writes."""
    left = [write] * min(times, 1000)
    return lambda *_: ((left.pop() if left else lambda: None)(), (status, b"{}"))[1]


def refused(
    watched: tuple[Session, FakeRunner], write: Callable[[], object], job: str = "", **limits: int
) -> list[Change]:
    """The changes that are laid to a refused submission of a job."""
    session, runner = watched
    runner.answer = answering(write, **limits)
    record = session.begin("test")
    session.client.post(JOBS, {"id": job})
    return record.changes


def unclear(watched: tuple[Session, FakeRunner], directory: Path) -> list[str]:
    watched[0].journal.flush()
    return [event.text for event in read(directory)[0] if isinstance(event, Unattributed)]


@pytest.mark.parametrize(("statement", "table"), FOREIGN.values(), ids=FOREIGN)
def test_changes_by_others_are_noted_and_no_finding(
    connection: Connection, watched: tuple[Session, FakeRunner], tmp_path: Path, statement: LiteralString, table: str
) -> None:
    assert refused(watched, lambda: connection.execute(statement, ["b-done"]), times=1) == []
    assert unclear(watched, tmp_path) == [f"POST {JOBS} 400 -> {table}"]


def test_row_with_an_id_of_the_request_alone_is_a_finding(
    connection: Connection, watched: tuple[Session, FakeRunner], tmp_path: Path
) -> None:
    """Written once, so that no repetition shows it."""
    job = watched[0].ids()
    (change,) = refused(watched, lambda: connection.execute(NONCE, [f"key-{job}"]), job, times=1)
    assert (change.where, list(change.tables)) == (f"POST {JOBS} 400", ["signature_nonces"])
    assert job in change.reason
    assert unclear(watched, tmp_path) == []


@pytest.mark.parametrize("other", ["gate-other-gw0n7", "{}1"], ids=["of a second gate", "that begins like it"])
def test_row_with_the_id_of_another_is_none(
    connection: Connection, watched: tuple[Session, FakeRunner], other: str
) -> None:
    job = watched[0].ids()
    assert refused(watched, lambda: connection.execute(NONCE, [other.format(job)]), job, times=1) == []


def test_id_that_an_earlier_request_had_proves_nothing(
    connection: Connection, watched: tuple[Session, FakeRunner]
) -> None:
    """The service may still be at work for that one."""
    session, runner = watched
    job = session.ids()
    runner.answer = lambda *_: (202, b"{}")
    session.client.post(JOBS, {"id": job})
    assert refused(watched, lambda: connection.execute(NONCE, [job]), job, times=1) == []


def test_refused_request_that_writes_each_time_is_a_finding(
    connection: Connection, watched: tuple[Session, FakeRunner]
) -> None:
    """Without any id, and beside work for others."""
    connection.execute("UPDATE jobs SET status = 'running' WHERE jobspec_id = 'b-done'")
    (change,) = refused(watched, lambda: connection.execute(NONCE, ["n"]))
    assert list(change.tables) == ["signature_nonces"]
    assert "in 0 of" in change.reason


@pytest.mark.parametrize("answers", [(400, 429), (400, 202)])
def test_request_that_is_answered_in_another_way_later_is_not_accused(
    connection: Connection, watched: tuple[Session, FakeRunner], answers: tuple[int, int]
) -> None:
    session, runner = watched
    statuses = iter(answers)
    runner.answer = lambda *_: (connection.execute(NONCE, ["n"]), (next(statuses), b"{}"))[1]
    record = session.begin("test")
    session.client.post(JOBS, {})
    assert record.changes == []
    assert next(statuses, None) is None


@pytest.mark.parametrize(("statement", "table"), [(NONCE, "signature_nonces"), (TOUCH, "jobs")])
def test_get_that_writes_each_time_is_a_finding(
    connection: Connection, watched: tuple[Session, FakeRunner], statement: LiteralString, table: str
) -> None:
    session, runner = watched
    before = session.watch.state_before_reading() if session.watch else None
    runner.answer = answering(lambda: connection.execute(statement, ["b-done"]), status=200)
    exchanges = [session.client.get(path) for path in (JOBS, f"{JOBS}/b-done", JOBS)]
    assert session.watch
    changes = session.watch.changes_by_reading(before, exchanges)
    assert [change.where for change in changes] == [f"GET {JOBS} 200", f"GET {JOBS}/{{job_id}} 200"]
    assert {table for change in changes for table in change.tables} == {table}


@pytest.mark.parametrize(("times", "places"), [(1, []), (1 << 30, [f"GET {JOBS} 200", f"GET {JOBS}/{{job_id}} 200"])])
def test_reading_request_of_a_test_is_accused_only_where_it_writes_each_time(
    connection: Connection, watched: tuple[Session, FakeRunner], times: int, places: list[str]
) -> None:
    """As where the service still takes an ended job out of its queue."""
    session, runner = watched
    runner.answer = answering(lambda: connection.execute(TOUCH, ["b-done"]), times=times, status=200)
    asks = [partial(session.client.get, path) for path in (JOBS, f"{JOBS}/b-done")]
    assert session.watch
    assert [change.where for change in session.watch.by_reading(asks)] == places


@contextmanager
def busy(url: str, statement: LiteralString, every: float) -> Iterator[None]:
    """Somebody else, who changes rows all the time."""
    over = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(every):
                connection.execute(statement, ["a-done"])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("every", [0.001, 0.02, 0.2])
@pytest.mark.parametrize("statement", [NONCE, TOUCH])
def test_busy_neighbour_gets_no_request_accused(
    url: str, watched: tuple[Session, FakeRunner], statement: LiteralString, every: float
) -> None:
    with busy(url, statement, every):
        changes = [change for _ in range(15) for change in refused(watched, lambda: None, watched[0].ids())]
    assert changes == []


def test_row_that_is_written_each_time_is_a_finding_beside_a_busy_neighbour(
    url: str, connection: Connection, watched: tuple[Session, FakeRunner]
) -> None:
    """The neighbour changes other rows of the same table in nearly every moment."""
    with busy(url, TOUCH, 0.001):
        (change,) = refused(watched, lambda: connection.execute(TOUCH, ["b-done"]))
    assert list(change.tables) == ["jobs"]


def test_sessions_side_by_side_accuse_no_request_of_each_other(
    connection: Connection, watched: tuple[Session, FakeRunner], tmp_path: Path
) -> None:
    """One submits what is accepted and stored, the other what is refused."""
    session, runner = watched
    writes = threading.Lock()

    def answer(_: str, path: str) -> Reply:
        if path.endswith("cross-region"):
            return 400, b"{}"
        with writes:
            connection.execute(NONCE, ["n"])
        return 202, b"{}"

    runner.answer, over = answer, threading.Event()
    journal = Journal(tmp_path / "other" / "journal.ndjson", Redactor())
    with closing(journal), closing(Session(pack(), runner, Ids("run", "gw1"), journal)) as other:

        def submit() -> None:
            while not over.is_set():
                other.client.post(JOBS, {"id": other.ids()})

        thread = threading.Thread(target=submit)
        thread.start()
        record = session.begin("test")
        for _ in range(10):
            session.client.post(f"{JOBS}/cross-region", {"id": session.ids()})
        over.set()
        thread.join()
    assert record.changes == []


def test_unfinished_work_is_no_finding_while_the_service_works_for_others(
    connection: Connection, watched: tuple[Session, FakeRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = watched[0]
    monkeypatch.setattr("gate.core.waiting._factor", 0.001)
    connection.execute("UPDATE jobs SET status = 'running' WHERE jobspec_id = 'b-done'")
    session.resources["b-done"] = Exchange("POST", "http://service", 202)
    assert "BG-LIFE-003" in {finding.code for finding in session.final_findings()}
    connection.execute("UPDATE jobs SET status = 'running' WHERE jobspec_id = 'a-done'")
    assert "BG-LIFE-003" not in {finding.code for finding in session.final_findings()}


def test_job_behind_those_of_others_is_not_judged(
    connection: Connection, watched: tuple[Session, FakeRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless a later one has overtaken it, which shows that the runner forgot it."""
    session, runner = watched
    monkeypatch.setattr("gate.core.waiting._factor", 0.001)
    runner.answer = lambda *_: (200, b'{"status": "running"}')
    job = Scenario(session, "test").adopt("b-done")
    connection.execute("UPDATE jobs SET status = 'running', created_at = now() WHERE jobspec_id = 'b-done'")
    connection.execute("UPDATE jobs SET created_at = now() - interval '1 h' WHERE jobspec_id <> 'b-done'")
    with pytest.raises(NotReached):
        job.wait()
    connection.execute("UPDATE jobs SET status = 'running' WHERE jobspec_id = 'a-done'")
    with pytest.raises(NotAvailable):
        job.wait()
    connection.execute("UPDATE jobs SET created_at = now() + interval '1 h' WHERE jobspec_id = 'b-one'")
    with pytest.raises(NotReached):
        job.wait()


def test_findings_show_why_they_are_certain(connection: Connection, watched: tuple[Session, FakeRunner]) -> None:
    """Of a refused request, and of the requests with which the gate observes what a test left."""
    session, runner = watched
    record = session.begin("test")
    accepted = b'{"id": "b-done"}'
    runner.answer = lambda method, _: (
        connection.execute(NONCE, ["n"]),
        (200, b"{}") if method == "GET" else (202, accepted),
    )[1]
    session.client.post(JOBS, {})
    findings = session.conclude(record).findings
    (finding, *_) = [finding for finding in findings if finding.code == GET]
    assert "again" in finding.got
    assert REFUSED not in {finding.code for finding in findings}


def test_rows_that_others_change_while_they_are_observed_are_observed_again(
    connection: Connection, watched: tuple[Session, FakeRunner]
) -> None:
    """So that answers are compared with the rows that they show."""
    session, runner = watched
    backfill = [lambda: connection.execute("UPDATE jobs SET workflow = 'standard' WHERE jobspec_id = 'b-done'")]
    accepted = b'{"id": "b-done"}'
    runner.answer = lambda method, _: (
        (backfill.pop()() if method == "GET" and backfill else None),
        (200, b"{}") if method == "GET" else (202, accepted),
    )[1]
    record = session.begin("test")
    session.client.post(JOBS, {})
    (job,) = session.conclude(record).observations.resources["b-done"].rows["jobs"]
    assert job["workflow"] == "standard"


def test_a_coincidence_is_less_likely_than_one_in_a_billion() -> None:
    quiet, times = [frozenset[tuple[str, str]]()] * 18, 18
    assert _chance(times, 0, quiet) < CHANCE
    assert _chance(times, 1, quiet) > CHANCE
    assert _chance(2 * times, 10, quiet * 2) < CHANCE
    assert _chance(2 * times, 2 * times, quiet * 2) == 1
