"""The house stays as it is drawn: rooms, words, and sizes."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from beacon.checkout import ROOT

ROOMS = {"core", "contract", "oracles", "targets", "verdict", "session", "fuzz", "suite", "cli"}
BEACON = re.compile(
    r"bias|cross[_ -]?region|job_?spec|backfill|question_?id|model_?id|region_?results|diff_?analysis|router|portal"
    r"|min_?regions|\bregions?\b|\bnonces?\b|analys[ei]s\b|inference|pgqueuer|(?-i:RUNNER_)|runner/",
    re.IGNORECASE,
)
"""Words of Project Beacon, which the engine must not name."""
OF_SARIF = '"region": {"startLine"'
"""Members of a location in SARIF, whose name for lines of a file is one of these words."""
PRIVATE_NAMES = {
    *(
        "blind",
        "desk",
        "everything",
        "fired",
        "found",
        "made",
        "nothing",
        "one",
        "rest",
        "said",
        "shot",
        "shown",
        "tell",
    ),
    *("these", "thing", "things", "those", "told", "what", "which", "who", "whose"),
}
"""Names that say nothing in any module; there is always a noun of the field."""
NO_SUBJECT = re.compile(r"(What|Whatever|Whether|Who|Whose|Where|Which|It is|There is|There are)\b")
"""Beginnings of a docstring that does not name its subject."""
LONGEST_FUNCTION, LONGEST_TEST = 50, 15
"""Lines, with the signature; lines of a body."""


def files(*patterns: str) -> list[Path]:
    listed = subprocess.check_output(["git", "ls-files", "-z", "-co", "--exclude-standard", *patterns], cwd=ROOT)
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(*patterns: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in files(*patterns):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def body_lines(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a body without its docstring and blank ones."""
    first = node.body[1 if ast.get_docstring(node) else 0].lineno
    lines = path.read_text(encoding="utf-8").splitlines()[first - 1 : node.end_lineno]
    return sum(bool(line.strip()) for line in lines)


def test_engine_has_its_rooms_and_nothing_else() -> None:
    entries = {path.relative_to(ROOT / "gate").parts[0] for path in files("gate")}
    assert entries == ROOMS | {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_engine_names_no_word_of_beacon(room: str) -> None:
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files(f"gate/{room}")
        if path.name != "openapi-3.1.json"
        for number, line in enumerate((path.name, *path.read_text(encoding="utf-8").splitlines()))
        if BEACON.search(line.replace(OF_SARIF, ""))
    ]
    assert not named


def names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module gives, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.arg():
                yield node.arg, node.lineno


def test_names_are_nouns_of_the_field() -> None:
    private = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files("*.py")
        for name, line in names(parsed(path))
        if name.strip("_").lower() in PRIVATE_NAMES
    ]
    assert not private


def test_docstring_begins_with_its_subject() -> None:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nameless = [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in files("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, documented) and (text := ast.get_docstring(node)) and NO_SUBJECT.match(text)
    ]
    assert not nameless


def test_no_function_is_long() -> None:
    sources = ("gate/**/*.py", "beacon/**/*.py", "fixtures/**/*.py", "benchmarks/**/*.py")
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path, node in functions(*sources)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long


def test_body_of_an_end_to_end_test_is_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path, node in functions("tests/*/test_*.py")
        if "harness" not in path.parts
        and node.name.startswith("test_")
        and (length := body_lines(path, node)) > LONGEST_TEST
    }
    assert not long


def test_way_of_a_job_leads_through_functions_that_exist() -> None:
    steps = re.findall(r"`([\w/]+\.py):(?:\w+\.)?(\w+)`", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert 8 <= len(steps) <= 12
    gone = [step for step in steps if step[1] not in {node.name for _, node in functions(step[0])}]
    assert not gone
