"""Texts that a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Any


def clip(text: str, limit: int = 300) -> str:
    """The text itself, or its first ``limit`` characters and its length."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_json(value: Any) -> str:
    """A value as JSON, times in ISO 8601, with characters escaped that a reader could not see."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def fill(page: str, name: str, text: str) -> str:
    """A Markdown page with ``text`` between the comments that mark the generated section ``name``."""
    before, start, after = page.partition(f"<!-- generated: {name} -->\n")
    _, end, after = after.partition("<!-- end -->")
    if not end:
        raise ValueError(f"no section {name!r}")
    return f"{before}{start}{text}\n{end}{after}"


def like(word: str, known: Iterable[str]) -> str:
    """A question for the known word that begins with another or is most like it; empty without any."""
    names = list(known)
    begun = [name for name in names if len(word) > 3 and name.startswith(word)]
    return next((f"Did you mean {name}?" for name in (*begun, *get_close_matches(word, names, 1))), "")
