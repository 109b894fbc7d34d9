"""Reports of the benchmarks: a JSON document and a Markdown page of the same name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path


def write(directory: Path, name: str, document: object, lines: Iterable[str]) -> None:
    """Write ``name``.json and ``name``.md."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (directory / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table; a cell is one line, in which bars are escaped."""
    return [f"| {' | '.join(map(_cell, line))} |" for line in (columns, ["---"] * len(columns), *rows)]


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
