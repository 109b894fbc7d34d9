"""Nothing secret passes the redactor."""

from __future__ import annotations

import pytest

from gate.core.redaction import Redactor
from gate.core.settings import Settings
from gate.targets.remote_run.access import redactor

TEXTS = {
    "URL": "postgresql://reader:s3cret@db.example/x",
    "header": "authorization: Bearer s3cret",
    "curl": "curl -H 'Authorization: Basic s3cret' http://h",
    "cookie": '{"cookie": "session=s3cret"}',
    "wallet": '{"wallet_address": "s3cret"}',
    "quoted wallet": '{\\"wallet_address\\": \\"s3cret\\"}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_secrets_are_known_by_their_place(text: str) -> None:
    """Passwords in URLs, credentials in headers and wallet data are masked wherever they stand."""
    assert "s3cret" not in Redactor()(text)


def test_given_secrets_are_masked_anywhere() -> None:
    """A password that was given is masked as it was written and decoded."""
    redact = Redactor.for_urls("postgresql://u:p%40ss-word@h/x")
    assert redact("failed with p%40ss-word or p@ss-word") == "failed with *** or ***"


def test_text_without_a_secret_is_unchanged() -> None:
    text = '{"error": "no such job", "url": "http://127.0.0.1:8090/api"}'
    assert Redactor.for_urls("http://127.0.0.1:8090")(text) == text


def test_secrets_of_the_runners_environment_are_masked() -> None:
    """A value is a secret where its variable says so; other values, and those that any text could hold, are not."""
    given = {"ROUTER_TOKEN": "hush-hush", "RUNNER_LOG_LEVEL": "critical", "API_KEY_TTL": "3600"}
    redact = redactor(Settings(runner_env=given))
    assert redact("hush-hush critical 3600") == "*** critical 3600"
