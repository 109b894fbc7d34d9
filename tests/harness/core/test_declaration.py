"""A declaration of a service is read whole; a fault in it is one sentence with line, member and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.core.declaration import Declaration, load, parse
from gate.core.declaration.places import database_values, filled, revealed
from gate.core.errors import DocumentError, UsageError

TEXT = """\
[service]
start = "serve --port {port}"
database_env = { DATABASE_URL = "postgresql://{user}@{host}:{port}/{name}" }
[services.cache]
start = "cache --port {port}"
env = { CACHE_URL = "redis://127.0.0.1:{port}" }
[fuzz]
headers = { Authorization = "Bearer env:TOKEN" }
drop = ["x-version"]
[fuzz.skip]
"POST /hooks/{id}$" = "Calls out."
[rows]
late = ["events", "queue.polled"]
computed = ["users.image"]
[rows.resources."/users"]
table = "users"
[[stored]]
operation = "POST /users"
except = ["expires"]
reason = "Cut to a month."
[states]
"orders.status" = { new = ["paid", "gone"], gone = [] }
[idempotency]
header = "Idempotency-Key"
[[accepted]]
code = "BG-ROW-001"
where = "POST /users"
reason = "Looked at."
[gate]
depth = "smoke"
"""
PATH = Path("folder/gate.toml")


def declaration(text: str = TEXT) -> Declaration:
    return parse(text, PATH)


def test_each_table_of_a_declaration_is_read(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(TEXT, encoding="utf-8")
    read = load(tmp_path)
    assert read.model_dump() == declaration().model_dump()
    assert read.root == tmp_path
    assert read.rows.resources["/users"].key == "id"
    assert read.stored[0].members == ("expires",)
    assert read.states["orders.status"]["new"] == ("paid", "gone")
    assert read.document is None


def test_document_is_a_file_unless_it_is_a_path_of_the_service() -> None:
    named = declaration(TEXT.replace("[services.cache]", 'openapi = "docs/api.yaml"\n[services.cache]'))
    assert named.document == Path("folder/docs/api.yaml").absolute()


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("start =", "strt =", 2, "no member 'service.strt' (did you mean start?)"),
        ("--port {port}", "--port {prt}", 2, "service.start: one of {port}, {directory}"),
        ("{name}", "{nam}", 3, "service.database_env.DATABASE_URL: one of {url}, {user}"),
        ("database_env =", "env = {} #", 1, "service: a variable in database_env that leads to the database"),
        ('start = "serve', 'base_url = "http://a"\nstart = "serve', 1, "service: one of start, image and base_url"),
        ('start = "cache', 'address = "b"\nstart = "cache', 4, "services.cache: either start or address"),
        ('"Calls out."', '" "', 11, "fuzz.skip.POST /hooks/{id}$: a reason in words"),
        ('"POST /hooks', '"(POST /hooks', 7, "fuzz: a regular expression, not '(POST /hooks"),
        ('["x-version"]', '"x-version"', 9, "fuzz.drop: a list, not 'x-version'"),
        ('"users.image"', '"users"', 14, "rows.computed.0: table.column, as in users.email, not 'users'"),
        ("orders.status", "status", 22, "states.status: table.column"),
        ("operation =", "opration =", 17, "a member 'stored.0.operation'"),
        ("reason =", "why =", 17, "a member 'stored.0.reason'"),
        ('header = "I', 'member = "a"\nheader = "I', 23, "idempotency: either header or member"),
        ("[fuzz.skip]", "[fuz.skip]", 10, "no member 'fuz' (did you mean fuzz?)"),
        ("[service]", "[[service]]", 1, "service: a table, not [{"),
    ],
)
def test_fault_names_line_member_and_expectation(old: str, new: str, line: int, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        declaration(TEXT.replace(old, new, 1))
    assert expected in caught.value.expected
    assert caught.value.line == line


def test_operation_is_left_out_for_the_reason_of_its_pattern() -> None:
    fuzz = declaration().fuzz
    assert fuzz.reason_to_skip("POST /hooks/{id}") == "Calls out."
    assert not fuzz.reason_to_skip("POST /hooks/{id}/calls")
    assert fuzz.unused_patterns(["GET /hooks"]) == ["POST /hooks/{id}$"]
    assert not fuzz.unused_patterns(["POST /hooks/{id}"])


def test_header_comes_from_the_environment() -> None:
    fuzz = declaration().fuzz
    assert fuzz.sent_headers({"TOKEN": "abc"}) == {"Authorization": "Bearer abc"}
    with pytest.raises(UsageError, match=r"fuzz.headers.Authorization is taken from the variable TOKEN"):
        fuzz.sent_headers({})


def test_places_are_filled_in() -> None:
    values = database_values("postgresql://me:pw@127.0.0.1:5433/shop?sslmode=disable")
    assert filled("{user}:{password}@{host}:{port}/{name}", values) == "me:pw@127.0.0.1:5433/shop"
    assert filled("{url}", values) == "postgresql://me:pw@127.0.0.1:5433/shop"
    assert filled('{"a": {other}}', values) == '{"a": {other}}'
    assert revealed("plain", "member", {}) == "plain"
