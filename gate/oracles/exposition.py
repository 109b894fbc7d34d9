"""Metrics in the text format of Prometheus (version 0.0.4), read as a scraper reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)",?')
_ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
PARTS = {"histogram": ("_bucket", "_sum", "_count")}
"""Ends of the names of a family's series, by its type; those of other types have none."""
ENDS = ("", *PARTS["histogram"])
"""Ends of the names of any series."""


@dataclass(frozen=True, slots=True)
class Series:
    """A series with its labels and its value."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(slots=True)
class Family:
    """The series under one name, with type and help."""

    name: str
    kind: str = ""
    help: str = ""
    series: list[Series] = field(default_factory=list)


def read(text: str) -> dict[str, Family]:
    """The families by name; ValueError with the line that no scraper can read."""
    families: dict[str, Family] = {}
    known: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for line in filter(None, text.split("\n")):
        words = line.split(" ", 3)
        if line.startswith(("# HELP ", "# TYPE ")) and len(words) == 4:
            family = families.setdefault(words[2], Family(words[2]))
            family.help, family.kind = (words[3], family.kind) if words[1] == "HELP" else (family.help, words[3])
        elif not line.startswith("#"):
            series = _series(line)
            key = series.name, tuple(sorted(series.labels.items()))
            if key in known:
                raise ValueError(f"twice: {line}")
            known.add(key)
            _family_of(series.name, families).series.append(series)
    return families


def _series(line: str) -> Series:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    name, written, value = match.groups()
    labels = _labels(written or "")
    if labels is None:
        raise ValueError(line)
    return Series(name, labels, math.nan if value == "NaN" else float(value))


@lru_cache(maxsize=4096)  # most series have the same labels at each reading
def _labels(written: str) -> Mapping[str, str] | None:
    """The labels as they are meant; None where a scraper cannot read them."""
    if _LABEL.sub("", written):
        return None
    return {
        key: re.sub(r"\\.", lambda part: _ESCAPED.get(part[0], part[0]), text) for key, text in _LABEL.findall(written)
    }


def _family_of(name: str, families: dict[str, Family]) -> Family:
    for end in ENDS:
        family = families.get(name.removesuffix(end)) if name.endswith(end) else None
        if family is not None and end in PARTS.get(family.kind, ("",)):
            return family
    return families.setdefault(name, Family(name))
