"""The schema oracle finds each kind of difference, and none where a database is as promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from beacon.database import DATABASE, DIRECTORY
from gate.core.errors import GateError
from gate.core.findings import catalogue
from gate.oracles import schema
from gate.oracles.schema import Part, check, parse, write
from gate.targets import Target

Connection = psycopg.Connection[tuple[object, ...]]
PUBLISHED = (DIRECTORY / "schema.txt").read_text(encoding="utf-8")

CASES: list[tuple[LiteralString, str, str]] = [
    ("DROP TABLE signature_nonces", "BG-SCHEMA-001", "table signature_nonces"),
    ("ALTER TABLE executions DROP COLUMN ipfs_cid", "BG-SCHEMA-001", "column executions.ipfs_cid"),
    (
        "ALTER TABLE executions DROP CONSTRAINT executions_triple_key",
        "BG-SCHEMA-001",
        "constraint executions.executions_triple_key",
    ),
    ("DROP INDEX jobs_status_idx", "BG-SCHEMA-001", "index jobs.jobs_status_idx"),
    ("CREATE TABLE outbox (id integer PRIMARY KEY)", "BG-SCHEMA-002", "table outbox"),
    ("ALTER TABLE jobs ADD priority integer", "BG-SCHEMA-002", "column jobs.priority"),
    ("ALTER TABLE jobs ADD CONSTRAINT odd CHECK (id > 0)", "BG-SCHEMA-002", "constraint jobs.odd"),
    ("CREATE INDEX odd ON jobs (workflow)", "BG-SCHEMA-002", "index jobs.odd"),
    ("ALTER TABLE jobs ALTER created_at TYPE timestamp", "BG-SCHEMA-003", "column jobs.created_at"),
    (
        "ALTER TABLE cross_region_executions ALTER min_success_rate TYPE numeric(3,2)",
        "BG-SCHEMA-003",
        "column cross_region_executions.min_success_rate",
    ),
    ("ALTER TABLE executions ALTER job_id DROP NOT NULL", "BG-SCHEMA-004", "column executions.job_id"),
    ("ALTER TABLE executions ALTER started_at SET NOT NULL", "BG-SCHEMA-004", "column executions.started_at"),
    (
        "ALTER TABLE cross_region_executions ALTER enable_analysis SET DEFAULT false",
        "BG-SCHEMA-005",
        "column cross_region_executions.enable_analysis",
    ),
    ("ALTER TABLE executions ALTER max_retries DROP DEFAULT", "BG-SCHEMA-005", "column executions.max_retries"),
    (
        "ALTER TABLE jobs DROP CONSTRAINT jobs_workflow_check;"
        "ALTER TABLE jobs ADD CONSTRAINT jobs_workflow_check CHECK (workflow <> '')",
        "BG-SCHEMA-006",
        "constraint jobs.jobs_workflow_check",
    ),
    (
        "ALTER TABLE executions DROP CONSTRAINT executions_job_id_fkey;"
        "ALTER TABLE executions ADD CONSTRAINT executions_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id)",
        "BG-SCHEMA-006",
        "constraint executions.executions_job_id_fkey",
    ),
    (
        "DROP INDEX jobs_status_idx; CREATE UNIQUE INDEX jobs_status_idx ON jobs (status)",
        "BG-SCHEMA-006",
        "index jobs.jobs_status_idx",
    ),
    ("ALTER TABLE idempotency_keys SET UNLOGGED", "BG-SCHEMA-006", "table idempotency_keys"),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'jobs_workflow_idx'::regclass",
        "BG-SCHEMA-006",
        "index jobs.jobs_workflow_idx",
    ),
]


@pytest.fixture(scope="session")
def migrated(target: Target, shared: dict[str, str]) -> Iterator[Connection]:
    """A database as the migrations leave it."""
    with psycopg.connect(target.database(shared), autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(migrated: Connection) -> Iterator[Connection]:
    """The same, for a test to spoil."""
    with migrated.transaction(force_rollback=True):
        yield migrated


def test_migrated_database_is_as_promised(migrated: Connection) -> None:
    """The migrations make the promised schema, tables of the queue and of the migrations aside."""
    assert check(migrated, DATABASE) == []


@pytest.mark.parametrize(("change", "code", "where"), CASES, ids=[f"{code}-{where}" for _, code, where in CASES])
def test_each_change_of_the_schema_is_one_finding_with_its_place(
    database: Connection, change: LiteralString, code: str, where: str
) -> None:
    database.execute(change)
    findings = check(database, DATABASE)
    assert [(finding.code, finding.where) for finding in findings] == [(code, where)]
    assert findings[0].expected != findings[0].got


def test_every_code_has_a_case() -> None:
    assert {code for _, code, _ in CASES} == {code for code in catalogue() if code.startswith("BG-SCHEMA-")}


def test_type_nullability_and_default_of_a_column_have_findings_of_their_own(database: Connection) -> None:
    database.execute("ALTER TABLE jobs ALTER workflow DROP DEFAULT, ALTER workflow DROP NOT NULL")
    database.execute("ALTER TABLE jobs ALTER workflow TYPE text")
    codes = [finding.code for finding in check(database, DATABASE) if finding.where == "column jobs.workflow"]
    assert codes == ["BG-SCHEMA-003", "BG-SCHEMA-004", "BG-SCHEMA-005"]


def test_search_path_of_a_session_does_not_matter(migrated: Connection) -> None:
    migrated.execute("SET search_path TO pg_catalog")
    try:
        assert check(migrated, DATABASE) == []
    finally:
        migrated.execute("RESET search_path")


def test_published_schema_has_the_written_form() -> None:
    """The output of the command can replace the file."""
    assert write(parse(PUBLISHED)) == PUBLISHED
    assert parse("table t\ncolumn t.c text null\n") == {Part("t", "table"): "", Part("t", "column", "c"): "text null"}
    assert parse("table t unlogged\n") == {Part("t", "table"): "unlogged"}


@pytest.mark.parametrize("text", ["", "table t.c text", "table t odd", "column t", "view v", "column t.c"])
def test_malformed_schema_is_an_error(text: str) -> None:
    with pytest.raises(GateError):
        parse(text)


def test_command_prints_the_schema(
    database: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m gate.oracles.schema URL` prints the file's text."""
    monkeypatch.setattr("sys.argv", ["schema", database.info.dsn, *DATABASE.foreign])
    assert schema.main() == 0
    assert capsys.readouterr().out == PUBLISHED


def test_command_without_a_url_prints_its_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["schema"])
    assert schema.main() == 2
    assert "usage" in capsys.readouterr().err
