"""The filters of the list of jobs, as the published contract defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Any

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def excludes(entry: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Return whether the search or the period of a query excludes a listed job."""
    parts = [str(entry.get(member)) for member in ("id", "benchmark_name")]
    if "q" in query and not contains(parts, query["q"]):
        return True
    day = str(entry.get("created_at"))[: len("2025-10-08")]  # of UTC, as everywhere in the contract
    return not query.get("from", day) <= day <= query.get("to", day)


def contains(texts: Iterable[str], part: str) -> bool:
    """Return whether one of the texts has a part, letters A to Z in either case."""
    return any(part.translate(_LOWER) in text.translate(_LOWER) for text in texts)
