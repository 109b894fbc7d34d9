"""A service that runs at an address is asked by GET alone unless more is allowed, and accused of nothing by others."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from gate.cli.main import main
from gate.core.client import Client
from gate.core.declaration import load, parse
from gate.core.errors import DocumentError, Exit, GateError, UsageError
from gate.core.exchange import Exchange
from gate.core.ids import Ids
from gate.core.redaction import Redactor
from gate.core.rerun import RunOptions
from gate.core.settings import Settings
from gate.fuzz.service.elsewhere import must_answer, must_be_of_the_service
from gate.fuzz.service.judging import Judgement, Judging
from gate.fuzz.service.pack import DeclaredPack, pack_in
from gate.fuzz.service.settings import settings_of
from gate.fuzz.survey.look import Look
from gate.oracles import unchanged
from gate.session.session import Session
from gate.targets import System
from gate.targets.choose import choose
from gate.targets.declared import DeclaredTarget
from gate.targets.declared_service import service_of
from gate.targets.remote_run import access, ledger
from gate.targets.remote_run.access import remote_access
from gate.targets.remote_run.address import AddressedTransport
from gate.targets.remote_run.limits import UsedUp
from gate.verdict.journal import Journal
from tests.harness.support.declared_service import DOCUMENT

SERVICE = Path(__file__).parents[1] / "support" / "declared_service.py"
Started = Callable[[str], System]
Judge = Callable[..., dict[str, Judgement]]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Starts the small service in a mode, with a note, as somebody else would run it."""
    closing: list[Callable[[], object]] = []

    def start(mode: str) -> System:
        text = f"""[service]
            start = "python {SERVICE} {{port}} {{database_url}}"
            env = {{ MODE = "{mode}" }}
        """
        target = DeclaredTarget(service_of(parse(text, tmp_path / "gate.toml")), warm=False, say=lambda _: None)
        closing.append(target.stop)
        system = target.system(target.start())
        closing.append(system.close)
        Client(system.base_url, lambda _: None).post("/api/notes", {"text": "first"})
        return system

    yield start
    for close in reversed(closing):
        close()


def pack_of(
    directory: Path, system: System, database: str | None = "", *, writes: bool = False, **options: Any
) -> tuple[DeclaredPack, Settings]:
    """The pack of a declaration that names the address of a service, and its options."""
    url = system.database_url if database == "" else database
    (directory / "openapi.json").write_text(json.dumps(DOCUMENT))
    (directory / "gate.toml").write_text(f"""[service]
        base_url = "{system.base_url}"
        {f'database_url = "{url}"' if url else ""}
        writes = {str(writes).lower()}
        openapi = "openapi.json"
    """)
    pack = pack_in(directory)
    return pack, pack.options(report_dir=directory / "reports", **options)


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    """Judges all that may be asked of a service at its address."""
    closing: list[Callable[[], object]] = []
    monkeypatch.chdir(tmp_path)

    def judge(
        system: System, database: str | None = "", *, writes: bool = False, **options: Any
    ) -> dict[str, Judgement]:
        pack, settings = pack_of(tmp_path, system, database, writes=writes, **options)
        target = choose(settings, pack.service, lambda _: None)
        shared = {**target.start(), "run": "0a1b2c3d"}
        journal = Journal(tmp_path / "journal.ndjson", Redactor(()))
        closing.append(journal.close)

        def opened() -> Session:
            reach = remote_access(settings, shared, pack.service.remote)
            return Session(pack, target.system(shared), Ids("0a1b2c3d", "w"), journal, reach).unwatched()

        program = RunOptions(program="gate judge")
        judging = Judging(pack, opened(), opened, seed=0, directory=tmp_path / "replay", options=program)
        closing.append(lambda: list(judging.close()))
        named = [each for each in pack.contract.operations if not pack.skipped(each)]
        return {str(each): judging.judge(each, "test", 4, lambda _: None)[1] for each in named}

    yield judge
    for close in reversed(closing):
        close()


def causes(judgements: dict[str, Judgement]) -> list[tuple[str, str]]:
    return [each.finding.cause for judgement in judgements.values() for each in judgement.violations]


def test_get_that_writes_is_found_beside_nobody(started: Started, judge: Judge) -> None:
    judgements = judge(started("read"))
    assert ("BG-GET-001", "GET /notes 200 -> events") in causes(judgements)
    (violation,) = judgements["GET /notes"].violations
    assert "in each of" in violation.finding.got


@contextmanager
def others(system: System, *statements: LiteralString) -> Iterator[None]:
    """Somebody else who writes to the database all the time."""
    over = threading.Event()

    def write() -> None:
        with psycopg.connect(system.database_url or "", autocommit=True) as connection:
            while not over.wait(0.002):
                for statement in statements:
                    connection.execute(statement)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


EVENT: LiteralString = "INSERT INTO events (event) VALUES ('others')"
NOTE: LiteralString = "INSERT INTO notes (text) VALUES ('others')"


def test_rows_that_others_write_are_laid_to_no_request(started: Started, judge: Judge) -> None:
    system = started("")
    with others(system, EVENT):
        judgements = judge(system)
    assert not {unchanged.GET, unchanged.REFUSED} & {code for code, _ in causes(judgements)}
    assert not any(judgement.candidates for judgement in judgements.values())


def test_nothing_but_get_is_sent(started: Started, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    methods: set[str] = set()
    sent = Client.request

    def request(client: Client, method: str, path: str, **members: object) -> Exchange:
        methods.add(method)
        return sent(client, method, path, **members)  # type: ignore[arg-type]  # as they were given

    system = started("refused")
    monkeypatch.setattr(Client, "request", request)
    assert judge(system).keys() == {"GET /notes", "GET /notes/{id}"}
    assert methods == {"GET"}


def test_refused_request_that_is_stored_is_found_beside_others(started: Started, judge: Judge) -> None:
    system = started("kept")
    with others(system, EVENT, NOTE):
        judgements = judge(system, writes=True)
    assert {code for code, _ in causes(judgements)} == {unchanged.REFUSED}
    (violation,) = judgements["POST /notes"].violations
    assert "3 times again" in violation.evidence.message


def test_what_others_write_is_no_finding_where_writes_are_allowed(started: Started, judge: Judge) -> None:
    system = started("late")
    with others(system, EVENT, NOTE):
        judgements = judge(system, writes=True)
    assert causes(judgements) == []
    assert not any(judgement.candidates for judgement in judgements.values())


def test_request_that_may_write_is_not_repeated_without_rows(
    started: Started, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[bytes] = []
    sent = Client.request

    def request(client: Client, method: str, path: str, **members: object) -> Exchange:
        exchange = sent(client, method, path, **members)  # type: ignore[arg-type]  # as they were given
        posted.extend([exchange.request_body] * (method == "POST" and exchange.status < 300))
        return exchange

    system = started("")
    monkeypatch.setattr(Client, "request", request)
    judgements = judge(system, None, writes=True)
    assert judgements.keys() == {"GET /notes", "GET /notes/{id}", "POST /notes"}
    assert posted
    assert causes(judgements) == []


@dataclass
class Sent:
    """The requests that left for a service, each with its time, and the ledger as it was before any that writes."""

    times: list[float] = field(default_factory=list)
    changing: list[tuple[str, str, str]] = field(default_factory=list)  # method, path and ledger


@pytest.fixture
def leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Watches what passes the guard."""
    seen, send = Sent(), AddressedTransport.handle_request

    def handle(transport: AddressedTransport, request: httpx.Request) -> httpx.Response:
        seen.times.append(time.monotonic())
        if request.method != "GET":
            (path,) = (tmp_path / "reports" / "ledgers").glob("*.ndjson")
            seen.changing.append((request.method, request.url.path, path.read_text()))
        return send(transport, request)

    monkeypatch.setattr(AddressedTransport, "handle_request", handle)
    return seen


def test_what_is_created_without_a_database_is_in_the_ledger_before_it_is_sent(
    started: Started, judge: Judge, leaving: Sent, tmp_path: Path
) -> None:
    judge(started(""), None, writes=True, max_rate=10_000)
    assert {(method, path) for method, path, _ in leaving.changing} == {("POST", "/api/notes")}
    for number, (_, _, text) in enumerate(leaving.changing, 1):
        assert text.count('"kind": "trying", "path": "/api/notes"') == number
    (path,) = (tmp_path / "reports" / "ledgers").glob("*.ndjson")
    path.write_text(f'{{"kind": "run", "run": "0a1b2c3d", "base_url": "http://a"}}\n{path.read_text()}')
    left = ledger.read(path).left
    assert left
    assert all(each.startswith("/api/notes/") for each in left)


def test_rate_is_kept_without_a_database(started: Started, judge: Judge, leaving: Sent) -> None:
    judge(started(""), None, writes=True, max_rate=40)
    _, *times = leaving.times  # the first asks whether the service is there
    assert len(times) - 1 <= (times[-1] - times[0]) * 40 + 1


@pytest.mark.parametrize("database", [None, ""], ids=["without a database", "with one"])
def test_time_of_a_run_that_writes_ends(started: Started, judge: Judge, leaving: Sent, database: str | None) -> None:
    with pytest.raises(UsedUp, match=r"run's 0\.3 seconds are over"):
        judge(started(""), database, writes=True, max_seconds=0.3, max_rate=40)
    assert leaving.times[-1] - leaving.times[1] < 1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT ends what runs, as by default: to the worker of this test it would say that the whole run was stopped."""
    own = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, own)


@pytest.mark.usefixtures("interruptible")
def test_stop_file_ends_a_run_that_writes(started: Started, judge: Judge, leaving: Sent, tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    with pytest.raises(KeyboardInterrupt):
        judge(started(""), None, writes=True, max_rate=40, stop_file=tmp_path / "stop")
    _, *times = leaving.times
    assert not times or times[-1] - times[0] < 1


def test_run_creates_no_more_than_it_may_whatever_workers_it_has(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_MADE", 3)
    pack, settings = pack_of(tmp_path, started(""), None, writes=True)
    reaches = [access.remote_access(settings, {"run": "0a1b2c3d"}, pack.service.remote) for _ in range(2)]
    guards = [reach.guard for reach in reaches if reach]
    for guard in (*guards, guards[0]):
        guard.permit("POST", "/api/notes", b"", {})
        guard.answered("POST", "/api/notes", b"", 201, {"id": 7})
    with pytest.raises(UsedUp, match=r"limit of 3 resources is used up$"):
        guards[1].permit("POST", "/api/notes", b"", {})
    for reach in reaches:
        reach.close() if reach else None


def test_production_has_to_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.toml").write_text('[service]\nbase_url = "https://api.production.example.org"\nwrites = true\n')
    for words in (["judge"], ["init", "--force", "--base-url", "https://api.production.example.org"]):
        assert main(arguments=words) == Exit.USAGE


def test_answers_alone_are_judged_without_a_database(started: Started, judge: Judge) -> None:
    judged = judge(started("read"), None)
    assert judged == {"GET /notes": Judgement(), "GET /notes/{id}": Judgement()}


def test_tables_that_the_role_may_not_read_are_left_out(started: Started, judge: Judge) -> None:
    system = started("read")
    url = system.database_url or ""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON notes TO reader")
    assert causes(judge(system, url.replace("postgres@", "reader@"))) == []


def test_service_that_goes_away_ends_the_run(started: Started, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    system = started("")
    sent = Client.request

    def request(client: Client, method: str, path: str, **members: object) -> Exchange:
        if path.startswith("/api/notes/"):
            system.kill()
        return sent(client, method, path, **members)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(Client, "request", request)
    with pytest.raises(GateError, match=r"The service at http://.* no longer answers: "):
        judge(system)


def test_service_and_database_have_to_be_those_that_are_named(started: Started, tmp_path: Path) -> None:
    system = started("")
    pack, settings = pack_of(tmp_path, system)
    must_answer(pack, settings)
    must_be_of_the_service(pack, settings)
    url = (system.database_url or "").rpartition("/")[0]
    with pytest.raises(GateError, match=r"is not that of the service\. It has no table"):
        must_be_of_the_service(*pack_of(tmp_path, system, f"{url}/postgres"))
    with psycopg.connect(system.database_url or "", autocommit=True) as connection:
        connection.execute("UPDATE notes SET text = 'other'")
        connection.execute("UPDATE notes SET id = id + 1000")
    with pytest.raises(GateError, match=r"database does not answer.*service.database_url"):
        must_answer(*pack_of(tmp_path, system, f"{url}/nowhere"))
    system.stop()
    with pytest.raises(GateError, match=r"No service answers at .*service.base_url"):
        must_answer(pack, settings)


def test_file_holds_no_password(tmp_path: Path) -> None:
    text = '[service]\nbase_url = "http://a"\ndatabase_url = "postgresql://u:secret@h/d"\n'
    with pytest.raises(DocumentError, match=r"expected service.database_url: env:NAME") as caught:
        parse(text, tmp_path / "gate.toml")
    assert "secret" not in str(caught.value)


def test_options_of_a_service_at_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gate.toml").write_text('[service]\nbase_url = "env:STAGING"\ndatabase_url = "env:ROWS"\n')
    model = settings_of(load(tmp_path))
    with pytest.raises(UsageError, match="variable STAGING, which is not set"):
        model()
    monkeypatch.setenv("STAGING", "http://a:1/api")
    with pytest.raises(UsageError, match=r"service.base_url has a path"):
        model()
    monkeypatch.setenv("STAGING", "http://a:1/")
    monkeypatch.setenv("ROWS", "postgresql://u:secret@h/d")
    settings = model(max_rate="5")
    assert (settings.target, settings.read_only, settings.base_url) == ("remote", True, "http://a:1")
    (tmp_path / "gate.toml").write_text('[service]\nbase_url = "http://a:1"\nwrites = true\n')
    assert not settings_of(load(tmp_path))().read_only
    with pytest.raises(DocumentError, match="base_url with writes"):
        parse('[service]\nstart = "a"\nwrites = true\n[service.database_env]\nA = "{url}"\n', tmp_path / "gate.toml")
    assert "secret" not in repr(settings)
    (tmp_path / "gate.toml").write_text('[service]\nstart = "a"\n[service.database_env]\nA = "{url}"\n')
    with pytest.raises(UsageError, match=r"--max-rate goes with service.base_url"):
        settings_of(load(tmp_path))(max_rate="5")


def quiet(text: str, *, phase: bool = True) -> None:
    """Shows nothing."""


def test_look_sends_nothing_but_get(started: Started, tmp_path: Path) -> None:
    pack, settings = pack_of(tmp_path, started("late"))
    look = Look(pack.declaration, settings, base=None, say=quiet)
    look.run(20.0)
    outcomes = {str(attempt.operation): attempt.outcome for attempt in look.trial.attempts.values()}
    assert outcomes == {
        "GET /notes": "accepted",
        "GET /notes/{id}": "accepted",
        "POST /notes": "not tried",
        "POST /admin/shutdown": "left out",
    }
    assert (look.guessed.base, look.guessed.late) == ("/api", [])
