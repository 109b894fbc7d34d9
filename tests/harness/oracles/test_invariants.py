"""Every rule between rows finds the fault that it is about, and none finds anything where there is no fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from beacon.database import DATABASE
from gate.core.errors import DocumentError, GateError
from gate.core.findings import Finding, catalogue
from gate.core.record import Row
from gate.oracles import invariants, schema
from gate.oracles.invariants import Invariant, read
from gate.targets import Target
from tests.harness.support.database_faults import CASES, Case
from tests.harness.support.database_state import JOBS, sound_database

Connection = psycopg.Connection[Row]
RULES = DATABASE.invariants
HEADER = "-- rule: r\n-- source: s\n-- severity: minor\n"


def check(connection: Connection, resources: Sequence[str] | None) -> list[Finding]:
    return invariants.check(connection, RULES, resources)


@pytest.fixture(scope="session")
def filled(target: Target, shared: dict[str, str]) -> Iterator[Connection]:
    """A database in which everything is as it should be."""
    with sound_database(target.database(shared)) as connection:
        yield connection


@pytest.fixture
def database(filled: Connection) -> Iterator[Connection]:
    """The same, for a test to spoil."""
    with filled.transaction(force_rollback=True):
        yield filled


def names(connection: Connection, *scope: str) -> set[str]:
    return {finding.where for finding in check(connection, scope or None)}


def test_sound_database_has_no_findings(filled: Connection) -> None:
    """Jobs of both workflows, in every state."""
    assert check(filled, None) == []
    assert check(filled, [planned.name for planned in JOBS]) == []


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: f"{fault.rule}-{fault.job}")
def test_each_rule_finds_its_fault(database: Connection, fault: Case) -> None:
    """A fault is found by its rule and no other, in its job and in the whole database; other jobs are free of it."""
    for statement in fault.statements:
        database.execute(statement.encode(), {"job": fault.job} if "%(job)s" in statement else None)
    assert names(database) - fault.companions == {fault.rule}
    assert fault.companions <= names(database)
    if fault.scope is not None:
        assert names(database, fault.scope) == names(database)
        assert names(database, "b-partial") == set()


@pytest.mark.parametrize(
    ("members", "sound"),
    [
        ('{"models": [], "metadata": {"models": ["m1", {"name": "m2"}, "m1"], "model": "m3"}}', True),
        ('{"models": [], "metadata": {"models": [], "model": "m1"}}', False),
        ('{"models": [{"id": "m2"}, {"id": "m1"}, {"id": "m2"}], "metadata": {"models": ["m3"]}}', True),
        ('{"models": null}', False),
        ('{"questions": null}', True),
        ('{"questions": "default"}', True),
    ],
)
def test_expected_executions_follow_from_the_models_and_questions_of_a_spec(
    database: Connection, members: str, sound: bool
) -> None:
    """Models come from `models`, else from the metadata; duplicates count once; without questions there is one."""
    database.execute("UPDATE jobs SET jobspec_data = jobspec_data || %s::jsonb WHERE jobspec_id = 'a-bare'", (members,))
    assert ("execution_not_asked_for" not in names(database)) is sound


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_finds_the_rows_of_the_contract_that_break_it(filled: Connection, rule: Invariant) -> None:
    """Those alone: without them, and whatever else the database holds, it finds nothing of their resource."""
    on_rows = invariants.on(rule, DATABASE.offending[rule.name])
    assert invariants.offending(filled, [on_rows], [invariants.RESOURCE]).keys() == {rule.code}
    assert invariants.offending(filled, [invariants.on(rule, {})], None) == {}


def test_every_rule_has_a_case() -> None:
    assert {fault.rule for fault in CASES} == {rule.name for rule in RULES}


def test_finding_shows_rows(database: Connection) -> None:
    """A finding names rule and job and shows the first three of the rows."""
    database.execute("UPDATE executions SET provider_id = ''")
    findings = check(database, ["b-done"])
    assert [(finding.code, finding.resource) for finding in findings] == [("BG-INV-038", "b-done")]
    assert findings[0].got.count("execution=") == 3
    assert findings[0].got.endswith("; and 5 more")
    assert str(findings[0]).startswith("BG-INV-038 Answer without provider: answer_without_provider (b-done)")


def test_finding_of_several_jobs_names_each_of_them(database: Connection) -> None:
    database.execute("UPDATE cross_region_analyses SET recommendation = 'NONE'")
    (finding,) = check(database, None)
    assert {"resource=a-old", "resource=b-done", "resource=b-partial"} <= set(finding.got.replace(";", ",").split(", "))


@pytest.fixture(scope="session")
def types(filled: Connection) -> dict[str, dict[str, str]]:
    """Types of all columns by table, those of the queue too."""
    return schema.column_types(schema.read(filled))


def plans(connection: Connection, rule: Invariant, lacking: str = "") -> bool:
    """Return whether Postgres can plan the rule's query, without the named column if any."""
    with connection.transaction(force_rollback=True):
        if lacking:
            connection.execute("ALTER TABLE {} DROP COLUMN {}".format(*lacking.split(".")).encode())
        try:
            connection.execute(f"EXPLAIN {rule.sql}".encode(), {"resources": ["a"]})
        except psycopg.errors.UndefinedColumn:
            return False
        return True


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_reads_the_columns_that_it_declares(
    database: Connection, types: Mapping[str, Mapping[str, str]], rule: Invariant
) -> None:
    """With them alone its query can be planned, without any of them it cannot."""
    for table, known in types.items():
        declared = [f"{name} {type_}" for name, type_ in known.items() if f"{table}.{name}" in rule.reads]
        database.execute(f"CREATE TEMPORARY TABLE {table} ({', '.join(declared)})".encode())
    assert plans(database, rule)
    assert [column for column in rule.reads if plans(database, rule, column)] == []


def test_own_transaction_is_one_snapshot(filled: Connection) -> None:
    """Outside a transaction a check opens its own and leaves none behind."""
    assert check(filled, ["a-done"]) == []
    assert filled.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_rules_of_a_missing_queue_are_left_out(database: Connection) -> None:
    """A runner may use another queue."""
    database.execute("DROP TABLE pgqueuer CASCADE")
    assert check(database, None) == []


def test_rule_that_cannot_be_evaluated_stops_the_gate(filled: Connection) -> None:
    with filled.transaction(force_rollback=True):
        filled.execute("ALTER TABLE executions DROP COLUMN retry_count")
        with pytest.raises(GateError, match="retry_count"):
            check(filled, None)


def test_codes_of_the_invariants_are_in_the_catalogue() -> None:
    assert len(RULES) >= 28
    assert {rule.code: rule.meaning for rule in RULES}.items() <= catalogue().items()
    assert catalogue()["BG-INV-001"].severity == "critical"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("1_x.sql", "", "a name like"),
        ("001_x.sql", "-- rule: r\n-- source: s\n-- severity: minor\nSELECT %(resources)s", "reads"),
        ("001_x.sql", f"{HEADER}-- reads: t\nSELECT %(resources)s", "column"),
        ("001_x.sql", "-- rule: r\n-- source: s\n-- reads: t(c)\nSELECT %(resources)s", "severity"),
        (
            "001_x.sql",
            "-- rule: r\n-- source: s\n-- severity: high\n-- reads: t(c)\nSELECT %(resources)s",
            "severity of",
        ),
        ("001_x.sql", f"{HEADER}-- reads: t(c)\nSELECT 1", "restricted"),
        ("002_x.sql", f"{HEADER}-- reads: t(c, d?), u(e)\nSELECT %(resources)s", "without gaps"),
    ],
)
def test_malformed_rule_is_an_error(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DocumentError, match=expected):
        read(tmp_path)


def test_folder_without_invariants_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="numbered from 001"):
        read(tmp_path)
