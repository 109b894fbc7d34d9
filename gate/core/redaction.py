"""Keeps secrets out of everything that the gate writes."""

from __future__ import annotations

import base64
import functools
import html.entities
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, unquote_plus, urlsplit

from gate.core.surroundings import FILE  # not from the options, whose library may be what is missing

MASK = "***"
UNPARSABLE = "a URL that cannot be parsed"
SHORTEST = 4
"""A secret of fewer characters cannot be distinguished from other text."""
SHORTEST_PART = 6
SHORTEST_ENCODED = 5
"""Bytes of which base64 and hexadecimal digits are characteristic."""
SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
"""Variables that are given to a service, and hold secrets."""
HEADER = "GATE_HEADER_"
"""``GATE_HEADER_X_API_KEY=value`` in the environment adds the header ``x-api-key: value`` to every request."""
OTHERS = {
    " ": (r"\+",),
    "'": ("''", r"'\"'\"'", r"'\\''"),
    "\n": (r"\\\\*n",),
    "\r": (r"\\\\*r",),
    "\t": (r"\\\\*t",),
}
"""Further ways to write a character."""
BASE64 = {"+": r"(?:\+|-|%2[bB])", "/": r"(?:/|_|\\/|%2[fF])"}
ESCAPED = re.compile(
    r"[%\\&](?:(?<=%)(?:25)*[0-9A-Fa-f]{2}(?:%(?:25)*[0-9A-Fa-f]{2}){2}"
    r"|(?<=\\)\\*[ux][0-9A-Fa-f]{2,4}(?:\\+[ux][0-9A-Fa-f]{2,4}){2}"
    r"|(?<=&)(?:amp;)*#\w+;(?:&(?:amp;)*#\w+;){2})"
)
"""Several characters in a row that could stand as they are."""
LONGEST_ESCAPE = 12
"""Characters that one character may be written with."""
CLIPPED = re.compile(r"(?s)(.{1,200})(\.\.\. \(\d+ characters\))")
_SHELL_NAME = re.compile(r"TOKEN|SECRET|PASSWO?R?D|CREDENTIAL|(API|ACCESS|PRIVATE|SIGNING)_?KEY", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"[\w-]*(?:key|token|secret|password|credential)[\w-]*(?:=|\s+)['\"]?([^\s'\"]{8,})", re.IGNORECASE
)
"""In a command."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*:/{1,3}[^\s'\"<>]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?P<start>[a-z][a-z0-9+.-]*://[^\s/?#:@'\"]*):[^\s/?#'\"]+@", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<start>\b(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)['\"]?\s*[:=]\s*['\"]?)[^'\"\n]+",
    re.IGNORECASE,
)
_WALLET = re.compile(r"(?P<start>\\?\"(?:wallet_address|address|private_key)\\?\":\s*\\?\")[^\"\\]+")
_KEYWORD = re.compile(r"(?P<start>\b(?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s'\"&]+)", re.IGNORECASE)
PLACES = {
    _HEADER: ("authorization", "cookie", "x-api-key"),
    _WALLET: ("address", "private_key"),
    _KEYWORD: ("password",),  # of a connection string, or of the query of a URL
}
"""Places of secrets, and words without which a text has no such place."""


class Redactor:
    """Masks the secrets that it was given, in any encoding, and by their place passwords, credentials and wallets.

    A URL with credentials that nobody can tell apart from the rest of it is not shown at all.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {part for secret in secrets for part in (secret, *_parts(secret)) if len(part) >= SHORTEST}
        self._secrets = sorted(known, key=len, reverse=True)
        self._spellings = [spelling for secret in self._secrets for spelling in _spellings(secret)]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Redactor:
        """A redactor of the secrets in options and variables, by their names."""
        return cls(secret for name, text in texts.items() for secret in secrets_of(name, text))

    def known(self, text: str) -> str:
        """``text`` without the secrets that were given."""
        every = bool(self._secrets) and ESCAPED.search(text) is not None
        for spelling in self._spellings:
            text = spelling.mask(text, every=every)
        if self._secrets and "... (" in text:
            text = CLIPPED.sub(self._clipped, text)
        return text

    def __call__(self, text: str) -> str:
        """``text`` without those, and without what stands where secrets do."""
        text = self.known(text)
        if "@" in text:
            text = _URL_PASSWORD.sub(rf"\g<start>:{MASK}@", text)
            text = _URL.sub(lambda match: match[0] if _clear(match[0]) else UNPARSABLE, text)
        lower = text.lower()
        for place, words in PLACES.items():
            if any(word in lower for word in words):
                text = place.sub(rf"\g<start>{MASK}", text)
        return text

    def _clipped(self, match: re.Match[str]) -> str:
        """The end of a text that was clipped, without the beginning of a secret."""
        for secret in self._secrets:
            for length in range(len(secret) - 1, SHORTEST - 1, -1):
                if match[1].endswith(secret[:length]):
                    return match[1][:-length] + MASK + match[2]
        return match[0]

    def within(self, value: Any, *, known: bool = False) -> Any:
        """``value`` with the secrets taken out of each text in its mappings and lists, or only the ``known`` ones."""
        match value:
            case str():
                return self.known(value) if known else self(value)
            case Mapping():
                return {
                    self.within(name, known=known): self.within(member, known=known) for name, member in value.items()
                }
            case list() | tuple():
                return [self.within(entry, known=known) for entry in value]
            case _:
                return value


def of_process() -> Redactor:
    """A redactor for an error that may have come before there were settings."""
    file = Path(FILE)
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    return Redactor.of({**os.environ, "GATE_COMMAND_LINE": " ".join(sys.argv), "GATE_FILE": text})


def secrets_of(name: str, text: str) -> Iterator[str]:
    """The secrets in the value of an option or a variable: by its name, or as the credentials of a URL."""
    ours = name.startswith("GATE_")
    if name.startswith(HEADER):
        yield from (text, *(word for word in text.split() if len(word) >= 8))
    elif (SECRET_NAME if ours else _SHELL_NAME).search(name) and len(text) >= 8:
        yield text
    if ours:
        yield from _ASSIGNED.findall(text)
    for url in _URL.findall(text):
        yield from _credentials(url, whole=ours)


def _credentials(url: str, *, whole: bool) -> Iterator[str]:
    """The password of a URL as it is written and decoded; with ``whole`` whatever else could be confidential."""
    before, _, query = url.partition("://")[2].partition("?")
    userinfo, at, _ = before.rpartition("@")
    user, _, password = userinfo.partition(":")
    http = whole and url[:4].lower() == "http"
    yield from (password, unquote(password))
    if http and at:
        yield from (user, unquote(user), basic(user, password))
    if http:
        yield query
    for name, _, value in (pair.partition("=") for pair in query.split("&")):
        if http or (whole and name in {"password", "sslpassword", "options"}):
            yield from (value, unquote(value), unquote_plus(value))


def basic(user: str, password: str) -> str:
    """The credentials of the header for a URL's user and password."""
    return base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def unclear(url: str) -> bool:
    """True if a character that ends the credentials of a URL seems to be within them."""
    parts = urlsplit(url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    return "@" in userinfo or (not at and "@" in parts.path + parts.fragment)


def _clear(url: str) -> bool:
    """True if a URL shows where its credentials end."""
    try:
        parts = urlsplit(url)
        return parts.netloc.count("@") < 2 and (parts.port or 0) >= 0
    except ValueError:
        return "@" not in url


def _parts(secret: str) -> Iterator[str]:
    """The parts that a parser may take for a secret, or for a host, where one of its characters is not encoded."""
    yield from (part for part in re.split(r"[@:/?#&=%\s]+", secret) if SHORTEST_PART <= len(part) < len(secret))


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write a secret: letters and digits that stand in it as they are, and the whole around them.

    Args:
        run: the letters and digits; empty where there are too few.
        before: characters of the secret in front of them.
        pattern: matches the whole.

    """

    run: str
    before: int
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, text: str, pattern: str) -> Self:
        """The spelling that ``pattern`` matches, of a text."""
        runs = re.finditer(r"[A-Za-z0-9]{3,}", text)
        run = max(runs, key=lambda match: min(len(match[0]), 8), default=None)  # the first that is long enough
        return cls(run[0] if run else "", run.start() if run else 0, re.compile(pattern))

    def mask(self, text: str, *, every: bool) -> str:
        """``text`` without the secret; with ``every`` also where its letters are escaped."""
        if every or not self.run:
            return self.pattern.sub(MASK, text)
        at = text.find(self.run)
        while at >= 0:
            starts = range(at - self.before, max(-1, at - LONGEST_ESCAPE * self.before - 1), -1)
            match = next(filter(None, (self.pattern.match(text, start) for start in starts if start >= 0)), None)
            if match:
                text = text[: match.start()] + MASK + text[match.end() :]
            at = text.find(self.run, match.start() + len(MASK) if match else at + 1)
        return text


@functools.lru_cache(maxsize=256)
def _spellings(secret: str) -> list[Spelling]:
    """A secret however each of its characters is written, in base64, and in hexadecimal digits."""
    spellings = [Spelling.of(secret, "".join(map(_character, secret)))]
    raw = secret.encode("utf-8", "surrogatepass")
    if len(raw) >= SHORTEST_ENCODED:
        for text in (raw.hex(), raw.hex().upper(), *(_base64(raw, before) for before in range(3))):
            spellings.append(Spelling.of(text, "".join(BASE64.get(digit, digit) for digit in text)))  # noqa: PERF401
    return spellings


def _base64(raw: bytes, before: int) -> str:
    """The digits that depend on ``raw`` alone, where ``before`` other bytes stand in front of it."""
    digits = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
    return digits[-(-before * 8 // 6) : len(digits) if (before + len(raw)) % 3 == 0 else -1]


@functools.cache
def _character(character: str) -> str:
    """Matches a character as it is, or as URLs, JSON, HTML, Python, a shell or a connection string write it."""
    point, raw = ord(character), character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    name = html.entities.codepoint2name.get(point, "apos" if character == "'" else "")
    written = [
        re.escape(character),
        "".join(f"%(?:25)*{_hex(f'{byte:02x}')}" for byte in raw),
        "".join(rf"\\\\*u{_hex(units[start : start + 4])}" for start in range(0, len(units), 4)),
        "".join(rf"\\\\*x{_hex(f'{byte:02x}')}" for byte in raw),
        rf"\\\\*(?:x{_hex(f'{point:02x}')}|U{_hex(f'{point:08x}')})",
        rf"&(?:amp;)*#(?:0*{point}|[xX]0*{_hex(f'{point:x}')});",
        *([f"&(?:amp;)*{name};"] if name else []),
    ]
    if not character.isalnum():
        written.append(rf"\\\\*(?:{'|'.join(written)})")  # behind backslashes
    written += OTHERS.get(character, ())
    return f"(?:{'|'.join(reversed(written))})"  # the longest first


def _hex(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
