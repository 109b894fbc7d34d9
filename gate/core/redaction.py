"""Keeps secrets out of everything that the gate writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

MASK = "***"
SHORTEST = 4
"""A secret of fewer characters cannot be distinguished from other text."""
_URL_PASSWORD = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://[^\s/:@'\"]*):(?P<password>[^\s/@'\"]+)@", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<name>\b(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)['\"]?\s*[:=]\s*['\"]?)(?P<value>[^'\"\n]+)",
    re.IGNORECASE,
)
_WALLET = re.compile(r"(?P<name>\\?\"(?:wallet_address|address|private_key)\\?\":\s*\\?\")(?P<value>[^\"\\]+)")


class Redactor:
    """Replaces the values it was given, passwords in URLs, credentials in headers, and wallet addresses, by ``***``."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)

    @classmethod
    def for_urls(cls, *urls: str | None, more: Iterable[str] = ()) -> Redactor:
        """A redactor that knows the passwords in these URLs, as they are written and decoded, and ``more``."""
        passwords = [urlsplit(url).password or "" for url in urls if url]
        return cls([*passwords, *map(unquote, passwords), *more])

    def __call__(self, text: str) -> str:
        """``text`` without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _URL_PASSWORD.sub(rf"\g<scheme>:{MASK}@", text)
        text = _HEADER.sub(rf"\g<name>{MASK}", text)
        return _WALLET.sub(rf"\g<name>{MASK}", text)

    def within(self, value: Any) -> Any:
        """``value`` with the secrets taken out of each text in its mappings and lists."""
        match value:
            case str():
                return self(value)
            case Mapping():
                return {self.within(name): self.within(member) for name, member in value.items()}
            case list() | tuple():
                return [self.within(entry) for entry in value]
            case _:
                return value
