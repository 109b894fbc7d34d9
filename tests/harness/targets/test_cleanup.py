"""The ledger and ``gate cleanup`` remove everything that a run created, however it ended."""

from __future__ import annotations

import os
import random
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from operator import lt
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from beacon.checkout import ROOT
from beacon.pack import pack
from beacon.scenario import Scenario
from fixtures.systems import OwnRunner
from gate.cli.main import main
from gate.core import lifetime
from gate.core.guard import PREFIX
from gate.core.surroundings import FILE
from gate.core.waiting import wait
from gate.targets.remote_run.ledger import Ledger
from tests.harness.support.fake_runner import FakeRunner

RUN = "0a1b2c3d"
HISTORY = {"pgqueuer_log", "schema_migrations", "pgqueuer_migrations"}
"""Tables without a reference to a job: the queue's log has no more than numbers, and is pruned by the workers."""


def cleanup(words: list[str]) -> int:
    return main(pack(), arguments=["cleanup", *words])


def database(scenario: Scenario) -> str:
    url = scenario.session.system.database_url
    assert url
    return url


def counts(url: str) -> dict[str, int]:
    """Rows by table, of those tables that have any."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        numbers = {}
        for (name,) in tables:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            numbers[name] = row[0] if row else 0
    return {name: number for name, number in numbers.items() if number and name not in HISTORY}


def killed(scenario: Scenario, directory: Path, number: int, after: int) -> Path:
    """Submits up to ``number`` jobs in another process, which is killed once ``after`` were begun.

    The deadline is that of the next submission, not of all: how many a second there are is a matter of the machine.
    """
    directory.mkdir()
    words = [scenario.session.system.base_url, RUN, str(directory), str(number)]
    ledger = directory / "ledger.ndjson"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.harness.support.submitting", *words],
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdout
        try:
            assert client.stdout.readline() == b"ready\n"
            begun = 0
            while begun < after:
                begun = wait(
                    "another submission", lambda: ledger.read_text().count("sending"), until=partial(lt, begun)
                )
        finally:
            client.kill()
    return ledger


def test_killed_runs_leave_nothing(own_runner: OwnRunner, tmp_path: Path) -> None:
    """Killed at three random points: every row of every table is gone, the queue's and the keys' included."""
    scenario, chance = own_runner(), random.Random(0)
    for number in range(3):
        ledger = killed(scenario, tmp_path / str(number), 120, chance.randint(1, 100))
        assert cleanup([str(ledger), "--cleanup-database-url", database(scenario)]) == 0
        assert counts(database(scenario)) == {}


@pytest.mark.full
@pytest.mark.long
@pytest.mark.timeout(400)  # on a machine that may be busy
def test_thousand_requests_and_twenty_points_leave_nothing(own_runner: OwnRunner, tmp_path: Path) -> None:
    """The same with the figures that the gate promises; a point is a place within a request, whatever its number."""
    scenario, chance = own_runner(), random.Random(1)
    for point, begun in enumerate([990, *(chance.randint(1, 60) for _ in range(19))]):
        ledger = killed(scenario, tmp_path / str(point), 1000, begun)
        assert cleanup([str(ledger), "--cleanup-database-url", database(scenario)]) == 0
        assert counts(database(scenario)) == {}, begun


def test_second_cleanup_changes_nothing_and_jobs_of_others_stay(
    own_runner: OwnRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what the ledger names goes; a second time there is nothing to do."""
    scenario = own_runner()
    other = scenario.finished()
    before = wait("an empty queue", lambda: counts(database(scenario)), until=lambda rows: "pgqueuer" not in rows)
    words = [str(killed(scenario, tmp_path / "run", 40, 20)), "--cleanup-database-url", database(scenario)]
    assert [cleanup(words), cleanup(words)] == [0, 0]
    assert counts(database(scenario)) == before
    assert other.view().status == 200
    assert " 0 removed" in capsys.readouterr().out.splitlines()[-1]


def test_without_a_database_jobs_are_ended_and_the_rest_is_reported(
    own_runner: OwnRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API can only cancel; that the rows stay is said, with another exit code than 0."""
    scenario = own_runner()
    ledger = killed(scenario, tmp_path / "run", 40, 20)
    assert cleanup([str(ledger)]) == 3
    assert "jobs stay" in capsys.readouterr().out
    going = scenario.database.query("SELECT jobspec_id FROM jobs WHERE status IN ('queued', 'running')")
    assert [row for row in going if row["jobspec_id"].startswith("gate-")] == []


def test_role_without_the_right_to_delete_is_reported_table_by_table(
    own_runner: OwnRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is removed by half: where the jobs' rows have to stay, all that is left is named."""
    scenario = own_runner()
    ledger = killed(scenario, tmp_path / "run", 20, 10)
    url = database(scenario)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = re.sub("//.*@", "//reader@", url)
    assert cleanup([str(ledger), "--cleanup-database-url", reader]) == 3
    printed = capsys.readouterr().out
    assert "Rows of jobs stay: permission denied for table jobs" in printed
    assert cleanup([str(ledger), "--cleanup-database-url", url]) == 0


def test_missing_database_is_reported(own_runner: OwnRunner, tmp_path: Path) -> None:
    ledger = killed(own_runner(), tmp_path / "run", 20, 10)
    assert cleanup([str(ledger), "--cleanup-database-url", "postgresql://127.0.0.1:1/x"]) == 3


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunner]:
    """A service that deletes notes but the eighth, in the working directory's declaration."""
    runner = FakeRunner("")
    runner.answer = lambda method, path: (204 if (method, path[-1:]) == ("DELETE", "7") else 404, b"")
    (tmp_path / FILE).write_text(f'[service]\nbase_url = "{runner.base_url}"\nwrites = true\n')
    monkeypatch.chdir(tmp_path)
    yield runner
    runner.close()


@pytest.mark.parametrize("known", [None, pack()], ids=["gate", "with a pack"])
def test_what_a_declared_service_was_given_is_deleted_through_it(
    served: FakeRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str], known: Any
) -> None:
    path = tmp_path / "ledger.ndjson"
    book = Ledger(path)
    book.write("run", run=RUN, base_url=served.base_url)
    for new in ("/notes/7", "/notes/8"):
        book.write("trying", path="/notes")
        book.write("tried", path="/notes", new=new)
    book.close()
    assert main(known, arguments=["cleanup", str(path)]) == 3
    assert "2 resources may have been left, 1 removed; left: /notes/8 (404)" in capsys.readouterr().out
    assert main(known, arguments=["cleanup", str(path)]) == 3
    assert "1 resource may have been left, 0 removed" in capsys.readouterr().out


def test_directory_of_a_run_that_is_gone_is_removed_without_a_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    left = lifetime.root() / f"{PREFIX}{secrets.token_hex(4)}"
    left.mkdir()
    assert main(arguments=["cleanup"]) == 0
    assert str(left) in capsys.readouterr().out
    assert not left.exists()
