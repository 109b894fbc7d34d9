"""``gate init`` writes a declaration with its guesses, and refuses what makes no sense."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from gate.cli import init, init_report
from gate.cli.init_options import declaration_of
from gate.contract.document import Contract
from gate.core.declaration import Declaration
from gate.core.declaration.places import DATABASE_URL
from gate.core.errors import UsageError
from gate.fuzz.survey.trial import Attempt

ROOT = Path(__file__).parents[3]
SERVICE = ROOT / "tests" / "harness" / "support" / "declared_service.py"
START = ["--start", f"{sys.executable} {SERVICE} {{port}} {{database_url}}"]


def declared(*words: str) -> Declaration:
    parser = ArgumentParser()
    init.prepare(parser)
    return declaration_of(parser.parse_args(words), Path("gate.toml"))


def test_options_make_a_declaration() -> None:
    words = ["--start", "serve {port}", "--database-env", "A", "--database-env", "B=x://{name}", "--header", "X=env:T"]
    words += ["--query", "api_key=env:K"]
    declaration = declared(*words, "--service", "REDIS=redis --port {port}", "--service", "OTHER=http://10.0.0.1")
    assert declaration.services["redis"].start == "redis --port {port}"
    assert declaration.services["other"].address == "http://10.0.0.1"
    assert declaration.fuzz.headers == {"X": "env:T"}
    assert declaration.fuzz.query == {"api_key": "env:K"}
    assert declaration.service.database_env == {"A": DATABASE_URL, "B": "x://{name}"}
    assert declaration.outside == "the server other"
    assert declared(*words).outside == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "gate init needs a service"),
        (["--start", "serve"], "expected a variable in --database-env that leads to the database"),
        (["--start", "a", "--database-url", "postgresql://a/b"], "expected --base-url with --database-url"),
        (["--base-url", "http://a", "--database-url", "postgresql://u:p@a/b"], "--database-url: expected env:NAME"),
        (["--base-url", "a"], "--base-url: expected an address"),
        (["--start", "a {prt}", "--database-env", "A"], "--start: expected one of {port}"),
        (["--start", "a", "--database-env", "A={prt}"], "--database-env: expected one of {url}, {user}"),
        (["--start", "a", "--database-env", "A", "--env", "B"], "--env is 'B'"),
        (["--start", "a", "--database-env", "A", "--ready", "b"], "--ready: expected a path that begins with /"),
    ],
)
def test_options_that_make_none_are_named(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        declared(*words)
    assert message in caught.value.message


def test_existing_file_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.toml").write_text("", encoding="utf-8")
    parser = ArgumentParser()
    init.prepare(parser)
    with pytest.raises(UsageError, match="already") as caught:
        init.run(parser.parse_args(START))
    assert "--force" in caught.value.hint


def test_operation_that_was_not_tried_is_none_without_an_answer() -> None:
    paths: dict[str, Any] = {"/a": {"get": {}, "post": {}, "put": {}}}
    get, post, put = Contract({"openapi": "3.1.0", "paths": paths}).operations
    attempts = [
        Attempt(get, "unanswered", reason="closed"),
        Attempt(post, "not tried", reason="no time"),
        Attempt(put, "refused", 400),
    ]
    assert [line.strip() for line in init_report.unreached(attempts)] == [
        "Not reached: 3 operations.",
        "no answer: 1 operation",
        "GET /a  closed",
        "not tried: 1 operation",
        "POST /a  no time",
        "400: 1 operation",
        "PUT /a",
    ]
