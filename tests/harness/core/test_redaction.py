"""Nothing secret passes the redactor."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.core.errors import UsageError
from gate.core.evidence import Evidence
from gate.core.redaction import UNPARSABLE, Redactor
from gate.core.settings import Settings, redactor
from gate.core.texts import clip
from tests.harness.support.laws import LAW

TEXTS = {
    "URL": "postgresql://reader:s3cret@db.example/x",
    "header": "authorization: Bearer s3cret",
    "curl": "curl -H 'Authorization: Basic s3cret' http://h",
    "cookie": '{"cookie": "session=s3cret"}',
    "wallet": '{"wallet_address": "s3cret"}',
    "quoted wallet": '{\\"wallet_address\\": \\"s3cret\\"}',
    "connection string": "invalid dsn: host=h password='a s3cret' dbname=x",
    "query": "https://h/x?password=s3cret&a=1",
    "unencoded @": "postgresql://reader:p@s3cret@db.example/x",
    "no port": "postgresql://reader:s3cret@db.example:70000000/x",
}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": quote,
    "percent, all of it": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "JSON": json.dumps,
    "JSON of JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON with \\/": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON, all of it": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "HTML": html.escape,
    "HTML of JSON": lambda text: html.escape(json.dumps(text)),
    "HTML references": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "shell": shlex.quote,
    "repr": repr,
    "repr of ASCII": ascii,
    "repr of bytes": lambda text: repr(text.encode()),
    "connection string": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    "hexadecimal": lambda text: text.encode().hex(),
    **{
        f"base64, {len(before)} before": lambda text, before=before: base64.b64encode(  # type: ignore[misc]  # bound here
            f"{before}{text}:x".encode()
        ).decode()
        for before in ("", "u", "us")
    },
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(f"user:{text}".encode()).decode(),
}
AWKWARD = "p\u00e4/ss w'o\"r\\d&~-7f3a"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_secrets_are_known_by_their_place(text: str) -> None:
    """Passwords in URLs, credentials in headers and wallet data are masked wherever they stand."""
    assert "s3cret" not in Redactor()(text)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", [AWKWARD, "plain-canary", "a b+c=d"])
def test_secret_is_masked_in_any_encoding(secret: str, encode: Callable[[str], str]) -> None:
    written = encode(secret)
    assert len(Redactor([secret]).known(f"<{written}>")) < 20, written


@LAW
@given(
    secret=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=6),
    name=st.sampled_from(sorted(ENCODINGS)),
)
def test_every_secret_is_masked_in_every_encoding(secret: str, name: str) -> None:
    written = ENCODINGS[name](secret)
    assert len(Redactor([secret]).known(f"<{written}>")) < 20, written


def test_part_of_a_secret_at_the_end_of_a_clipped_text_is_masked() -> None:
    assert "canary" not in Redactor(["canary-of-somebody"])(clip("x" * 290 + "canary-of-somebody"))


def test_parts_of_a_secret_that_a_wrong_parser_sees_are_masked() -> None:
    """A connection takes the first @ for the end of the password, and shows the rest as a host."""
    redact = Redactor.of({"GATE_DATABASE_URL": "postgresql://u:canary@remains@h/x"})
    assert redact('could not translate host name "remains@h"') == 'could not translate host name "***@h"'


def test_url_whose_credentials_cannot_be_separated_is_not_printed() -> None:
    assert Redactor()("at http://u:p/w@[h is") == f"at {UNPARSABLE} is"


@pytest.mark.parametrize("password", ["p@ss", "12/ss", "12#ss"])
def test_option_with_a_password_that_is_not_encoded_is_refused(password: str) -> None:
    with pytest.raises(UsageError) as raised:
        Settings(target="remote", base_url="http://h", database_url=f"postgresql://u:{password}@h/x")
    assert password not in str(raised.value)
    assert "%40" in str(raised.value)


def test_given_secrets_are_masked_anywhere() -> None:
    """A password that was given is masked as it was written and decoded."""
    redact = Redactor.of({"GATE_DATABASE_URL": "postgresql://u:p%40ss-word@h/x"})
    assert redact("failed with p%40ss-word or p@ss-word") == "failed with *** or ***"


def test_text_without_a_secret_is_unchanged() -> None:
    text = '{"error": "no such job", "url": "http://127.0.0.1:8090/api/a@b?x=c@d"}'
    assert Redactor.of({"GATE_BASE_URL": "http://127.0.0.1:8090"})(text) == text


def test_secrets_of_the_runners_environment_are_masked() -> None:
    """A value is a secret where its variable says so; other values, and those that any text could hold, are not."""
    given = {"ROUTER_TOKEN": "hush-hush", "RUNNER_LOG_LEVEL": "critical", "API_KEY_TTL": "3600"}
    redact = redactor(Settings(runner_env=given))
    assert redact("hush-hush critical 3600") == "*** critical 3600"


def test_secrets_of_commands_and_of_the_shell_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_JOB_TOKEN", "canary-of-ci")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary-of-proxy@proxy.example:8080")
    redact = redactor(
        Settings(runner_command="serve --api-key canary-of-command", runner_env={"URL": "http://u:canary-u@h"})
    )
    assert "canary" not in redact("canary-of-ci canary-of-proxy canary-of-command canary-u")


def test_evidence_is_redacted_in_each_of_its_parts() -> None:
    body = '{"c4nary-1": "\\u0063\\u0034\\u006eary-1"}'
    exchange = {"curl": "curl http://h?k=c4nary-1", "status": "200", "body": body}
    evidence = Evidence("test", "c4nary-1", [exchange], {"jobs": ["{'a': 'c4nary-1'}"]}, ["log c4nary-1"])
    assert "nary-1" not in str(Redactor(["c4nary-1"]).within(evidence.as_dict()))
