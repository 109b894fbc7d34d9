"""A declared service is started on copies of the database that it made itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gate.cli.main import main
from gate.core.client import Client
from gate.core.declaration import parse
from gate.core.errors import Exit, GateError
from gate.core.exchange import Exchange
from gate.core.surroundings import FILE
from gate.targets.declared import DeclaredTarget
from gate.targets.declared_service import service_of
from gate.targets.postgres.binaries import find_binaries
from gate.targets.postgres.clones import database_name
from gate.targets.postgres.server import Cluster

SERVICE = Path(__file__).parents[1] / "support" / "declared_service.py"
TEXT = f"""\
[service]
start = "python {SERVICE} {{port}} {{database_url}}"
env = {{ OWN = "http://127.0.0.1:{{port}}/{{database_name}}" }}
database_env = {{ SOME_URL = "postgresql+driver://{{user}}@{{host}}:{{port}}/{{name}}" }}
[services.page]
start = "python -m http.server --bind 127.0.0.1 {{port}}"
env = {{ PAGE_URL = "http://127.0.0.1:{{port}}/" }}
[services.given]
address = "redis://10.0.0.1"
env = {{ REDIS_URL = "{{address}}/1" }}
"""
Started = Callable[..., DeclaredTarget]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    cluster = Cluster(find_binaries(), lambda _: None)
    try:
        cluster.initialise()
        cluster.start()
        yield cluster.url
    finally:
        cluster.close()


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Started]:
    targets: list[DeclaredTarget] = []

    def declared(text: str = TEXT) -> DeclaredTarget:
        service = service_of(parse(text, tmp_path / "gate.toml"))
        targets.append(DeclaredTarget(service, warm=False, say=lambda _: None))
        return targets[-1]

    yield declared
    for target in targets:
        target.stop()


def get(url: str) -> Exchange:
    return Client(url, lambda _: None).get("")


def test_system_has_its_database_its_places_and_the_servers_beside_it(declared: Started) -> None:
    target = declared()
    shared = target.start()
    system = target.system(shared)
    try:
        seen = get(f"{system.base_url}/environment").json
        _, port, name = (system.database_url or "").replace("?", ":").replace("/", ":").rsplit(":", 3)[:3]
        assert seen["SOME_URL"] == f"postgresql+driver://postgres@127.0.0.1:{port}/{name}"
        assert seen["OWN"] == f"{system.base_url}/{name}"
        assert seen["REDIS_URL"] == "redis://10.0.0.1/1"
        assert get(seen["PAGE_URL"]).status == 200
        assert Path(seen["HOME"]).is_dir()
        with psycopg.connect(system.database_url or "") as connection:
            tables = connection.execute("SELECT relname::text FROM pg_class WHERE relname IN ('notes', 'events')")
            assert len(tables.fetchall()) == 2
    finally:
        system.close()
    assert not Path(seen["HOME"]).exists()


def on(server: str, old: str = "", new: str = "") -> str:
    return TEXT.replace(old, new, 1).replace("[services.page]", f'postgres = "{server}"\n[services.page]', 1)


def test_missing_extension_is_named(declared: Started, server: str) -> None:
    with pytest.raises(GateError, match="needs the Postgres extension unheard_of") as caught:
        declared(on(server, "OWN =", 'MODE = "extension", OWN =')).start()
    assert "--postgres" in caught.value.hint


def test_server_that_is_named_holds_the_databases_of_the_run_and_none_after_it(declared: Started, server: str) -> None:
    left, query = "gate_run_0000ffff_left", "SELECT datname::text FROM pg_database WHERE datname LIKE 'gate_run_%'"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE gate_run_0000ffff_left")
        target = declared(on(server))
        url = target.database(target.start())
        names = {str(name) for (name,) in connection.execute(query)}
        assert len(names) == 2
        assert left not in names
        assert database_name(url) in names
        target.stop()
        assert not connection.execute(query).fetchall()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "start = ",
            'ready = "/nowhere"\nready_seconds = 1\nstart = ',
            r"not ready within 1 s \(GET /nowhere",  # which answers 404, or on a busy machine not yet
        ),
        ("python -m http.server", "nowhere-to-be-seen", "nowhere-to-be-seen' was not found"),
        ("OWN = ", 'OTHER = "env:NOT_SET_AT_ALL", OWN = ', "service.env.OTHER is taken from the variable NOT_SET_AT"),
    ],
)
def test_service_that_cannot_start_is_explained(
    declared: Started, server: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(GateError, match=message):
        declared(on(server, old, new)).start()


def test_databases_of_a_run_that_is_gone_are_dropped_by_a_command(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(f'[service]\nstart = "a"\npostgres = "{server}"\ndatabase_env.A = "{{url}}"\n')
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE gate_run_0a1b2c3d_left")
    assert main(arguments=["cleanup"]) == Exit.PASS
    assert "databases: gate_run_0a1b2c3d_left\n" in capsys.readouterr().out
    assert main(arguments=["cleanup"]) == Exit.PASS
    assert "databases: nothing is left" in capsys.readouterr().out
