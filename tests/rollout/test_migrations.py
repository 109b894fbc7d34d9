"""The schema goes up from nothing and from what there was, and down again, and what was stored stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beacon.checkout import ROOT
from beacon.database import DATABASE
from beacon.history import BEFORE, KINDS
from fixtures.commands import Command, result_of
from fixtures.past import History, backfilled, source_rows, writing
from gate.core.database import Database
from gate.core.findings import must
from gate.oracles import invariants, schema

NEW = {"workflow", "cross_region_execution_id"}
"""Columns that migration 0007 adds to existing tables."""
NEXT = "0009_next"

Change = Callable[[Path], object]


def kept(database: Database) -> dict[str, list[dict[str, Any]]]:
    """The rows of the standard workflow, without the columns of migration 0007."""
    return {
        table: sorted(
            ({name: value for name, value in row.items() if name not in NEW} for row in rows), key=lambda row: row["id"]
        )
        for table, rows in source_rows(database).items()
    }


def as_published(database: Database) -> None:
    must(schema.check(database.connection, DATABASE))


@pytest.fixture
def empty(fresh_database: Callable[[], Database]) -> Database:
    """A database without anything in it."""
    database = fresh_database()
    with writing(database) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return database


def test_migrations_make_the_published_schema_and_have_nothing_to_do_again(empty: Database, migrate: Command) -> None:
    first, again = migrate(empty.url), migrate(empty.url)

    assert (first.code, again.code) == (0, 0)
    files = sorted(path.name.removesuffix(".sql") for path in (ROOT / "runner" / "migrations").glob("*.up.sql"))
    assert first.out.splitlines()[: len(files)] == files
    assert again.out == "nothing to do\n"
    as_published(empty)


def test_two_migrations_at_once_apply_each_file_once(empty: Database, migrate: Command) -> None:
    ended = [result_of(process) for process in [migrate.start(empty.url) for _ in range(2)]]

    assert [result.code for result in ended] == [0, 0]
    assert sum("nothing to do" in result.out for result in ended) == 1
    as_published(empty)


@pytest.mark.criterion("criterion.backfill", "rollout.production")
def test_migration_keeps_historical_jobs_which_can_then_be_analysed(
    historical: History, migrate: Command, backfill: Command
) -> None:
    database, past = historical(KINDS, at=(migrate, BEFORE))
    rows = kept(database)
    assert migrate(database.url).code == 0

    as_published(database)
    assert kept(database) == rows
    assert {row["workflow"] for row in database.all_rows("jobs")} == {"standard"}
    assert backfill(database.url, "--json").summary["analysed"] == sum(job.analysable for job in past)
    must(invariants.check(database.connection, DATABASE.invariants, None))


@pytest.mark.criterion("rollout.rollback")
@pytest.mark.parametrize("lowest", [BEFORE, pytest.param(BEFORE - 1, marks=pytest.mark.full)])
def test_down_and_up_again_keeps_the_jobs(
    historical: History, migrate: Command, backfill: Command, lowest: int
) -> None:
    database, _ = historical(KINDS)
    backfill(database.url)
    rows, results = kept(database), backfilled(database)
    down = migrate(database.url, "--target", str(BEFORE))
    assert (down.code, down.out.splitlines()[-1]) == (0, "0007_cross_region_executions.down")
    if lowest < BEFORE:
        migrate(database.url, "--target", str(lowest))
    up = migrate(database.url)

    assert up.code == 0
    assert kept(database) == rows
    as_published(database)
    assert backfill(database.url).code == 0
    assert backfilled(database) == results


def test_migrations_go_down_to_nothing_and_up_again(historical: History, migrate: Command) -> None:
    database, _ = historical([])
    down = migrate(database.url, "--target", "0")

    assert down.code == 0
    assert [line for line in down.out.splitlines() if not line.endswith(".down")] == []
    assert migrate(database.url).code == 0
    as_published(database)


def add(name: str, text: str = "SELECT 1;") -> Change:
    return lambda directory: (directory / name).write_text(text, encoding="utf-8")


def both(name: str) -> Change:
    return lambda directory: [add(f"{name}.{way}.sql")(directory) for way in ("up", "down")]


def edit(directory: Path) -> None:
    path = directory / "0003_idempotency_keys.up.sql"
    path.write_text(f"{path.read_text(encoding='utf-8')}-- edited\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (both("0010_after_a_gap"), "do not count up from 1 without gaps"),
        (both("0007_another"), "version 7 exists already as"),
        (both("009_short"), "a migration is named NNNN_name.up.sql or NNNN_name.down.sql"),
        (both("0009_Upper"), "a migration is named NNNN_name.up.sql or NNNN_name.down.sql"),
        (add("0009_only_up.up.sql"), "version 9 needs both an up and a down file"),
        (edit, "0003_idempotency_keys.up.sql was edited after it had been applied; add a new file instead"),
    ],
    ids=["gap", "number twice", "short number", "wrong name", "no way back", "edited"],
)
def test_files_that_are_not_in_order_are_refused(
    historical: History, tmp_path: Path, change: Change, message: str
) -> None:
    database, _ = historical([])
    build = copy_of_runner(tmp_path)
    change(tmp_path / "runner" / "migrations")
    state = {table: database.all_rows(table) for table in database.tables()}
    ended = build(database.url)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("runner: cannot migrate: ")
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert {table: database.all_rows(table) for table in database.tables()} == state


def test_older_build_refuses_a_newer_database(historical: History, tmp_path: Path, migrate: Command) -> None:
    database, _ = historical([])
    newer = copy_of_runner(tmp_path)
    both(NEXT)(tmp_path / "runner" / "migrations")
    assert newer(database.url).out == f"{NEXT}.up\n"
    ended = migrate(database.url)

    assert ended.code == 1
    assert f"the database has version 9 ({NEXT}), which this build does not know" in ended.err


def copy_of_runner(directory: Path) -> Command:
    """The migration of a copy of the reference runner, so that its files can be changed."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "runner", directory / "runner", ignore=leave_out)
    return Command("python -m runner migrate", "--migrate-command", directory)
