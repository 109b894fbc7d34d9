"""The assertions of a suite: a file that asserts less than it did, or catches more, may pass whatever is answered."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ASSERTING, CATCHING = frozenset({"must", "raises", "fail"}), frozenset({"suppress"})
"""Functions that assert, and that catch errors, as statements do."""


def counted(root: Path, folder: str, harness: str) -> dict[str, list[int]]:
    """The numbers of assertions and of places that catch errors, by file of the suite, below ``root``."""
    paths = {path.relative_to(root).as_posix(): path for path in sorted((root / folder).rglob("*.py"))}
    numbers = {name: _numbers(path) for name, path in paths.items() if not name.startswith(harness)}
    return {name: number for name, number in numbers.items() if any(number)}


def missing(root: Path, recorded: Mapping[str, Sequence[int]], files: Iterable[str]) -> Iterator[str]:
    """A sentence for each file, in a folder of ``files``, that asserts less or catches more than is recorded."""
    folders = {Path(file).parent for file in files}
    for name, (asserts, catches) in recorded.items():
        path = root / name
        if Path(name).parent in folders and path.is_file():
            now, caught = _numbers(path)
            if now < asserts:
                yield f"{name} asserts {now} times, not {asserts}."
            if caught > catches:
                yield f"{name} catches errors in {caught} places, not {catches}."


def _numbers(path: Path) -> list[int]:
    numbers = [0, 0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        numbers[0] += isinstance(node, ast.Assert) or called in ASSERTING
        numbers[1] += isinstance(node, ast.ExceptHandler) or called in CATCHING
    return numbers
