"""Tells an address that looks like production."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from urllib.parse import unquote, urlsplit


def why_production(url: str) -> str:
    """Why an address looks like production, in words without the address' secrets; empty where it does not."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, database = (parts.hostname or "").lower().rstrip("."), unquote(parts.path.strip("/")).lower()
    except ValueError:
        return ""  # no address; what is wrong with it is told elsewhere
    words, domains = _patterns()
    for domain in domains:
        if host == domain or host.endswith(f".{domain}"):
            return f"its host belongs to {domain}"
    for name, text in (("host", host), ("path", database)):
        found = next((word for word in re.split(r"[^a-z]+", text) if word in words), None)
        if found:
            return f"its {name} has the word {found!r}"
    return ""


@cache
def _patterns() -> tuple[frozenset[str], tuple[str, ...]]:
    text = files("contracts").joinpath("production.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return frozenset(read["words"]), tuple(read["domains"])
