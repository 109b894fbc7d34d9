"""Settings of a role or a server neither hide rows from the gate nor lead it to other ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gate.core.database import Database


@pytest.fixture
def reader(fresh_database: Callable[[], Database]) -> Iterator[str]:
    """The address of a database with a row that security hides from its role, which has settings of its own."""
    url = fresh_database().url
    role = sql.Identifier(f"reader_{secrets.token_hex(4)}")  # roles are those of all databases of a server
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("""
            CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
            CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.shown (id int);
            CREATE TABLE shown (id int, at timestamptz); INSERT INTO shown VALUES (1, '2026-01-31Z');
        """)
        owner.execute(
            sql.SQL("""
                CREATE ROLE {0} LOGIN; GRANT USAGE ON SCHEMA elsewhere TO {0};
                GRANT SELECT ON ALL TABLES IN SCHEMA public, elsewhere TO {0};
                ALTER ROLE {0} SET search_path = elsewhere; ALTER ROLE {0} SET datestyle = 'SQL, DMY';
            """).format(role)
        )
        yield make_conninfo(url, user=role.as_string().strip('"'))
        owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_rows_that_security_hides_are_no_rows_that_are_not_there(reader: str) -> None:
    database = Database(reader)
    assert "shown" in database.open_tables()
    assert "hidden" not in database.open_tables()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        database.all_rows("hidden")
    database.close()


def test_settings_of_a_role_lead_to_no_other_rows(reader: str) -> None:
    database = Database(reader)
    assert [(row["id"], row["at"].isoformat()) for row in database.all_rows("shown")] == [
        (1, "2026-01-31T00:00:00+00:00")
    ]
    database.close()
