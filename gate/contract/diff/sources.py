"""The documents of a comparison, from files or from the history of the repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from gate.contract.loading import ContractError, load_openapi, parse
from gate.contract.nodes import DIALECT, DanglingReferenceError, locate
from gate.core.errors import GateError
from gate.core.pointer import join
from gate.core.surroundings import environment
from gate.core.texts import clip

OPENAPI = Path(__file__).parents[1] / "openapi-3.1.json"
"""The published schema of OpenAPI 3.1; its licence stands in the file NOTICE beside it."""

DATA = frozenset({"example", "examples", "default", "const", "enum"})
"""Members whose content is not part of the document's structure."""


@dataclass(frozen=True)
class Source:
    """A document and its name."""

    name: str
    document: dict[str, Any]


def load(word: str, published: str | None = None) -> Source:
    """The document that ``word`` names: a file, ``REVISION:PATH``, or a git revision of the file ``published``.

    Raises GateError where there is none, or where it is not a whole OpenAPI 3.1 document.
    """
    try:
        path = Path(word)
        if path.exists():
            source = Source(word, load_openapi(path))
        else:
            name, text = _from_git(word, published)
            source = Source(name, parse(text, Path(name)))
        check(source.document, Path(source.name))
    except ContractError as error:
        raise GateError(f"{error}.", "Without both documents there is nothing to compare.") from error
    return source


def _from_git(word: str, published: str | None) -> tuple[str, str]:
    revision, _, path = word.partition(":")
    known = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") if revision else None
    if known is None or known.returncode != 0:
        raise GateError(f"{word} is neither a file nor a git revision.", "Expected one, as in `gate diff main NEW`.")
    path = path or published or ""
    if not path:
        raise GateError(f"{word} names no file at that revision.", "Expected REVISION:PATH.")
    read = _git("show", f"{known.stdout.decode().strip()}:{path}")
    if read.returncode != 0:
        raise GateError(f"There is no file {path} at revision {revision}.", "Paths begin at the top of the repository.")
    try:
        return f"{revision}:{path}", read.stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(Path(f"{revision}:{path}"), None, f"a readable UTF-8 file ({error})") from error


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *words], env=environment(), capture_output=True, check=False)
    except OSError as error:
        raise GateError(
            f"git does not run ({error}).", "It is needed to read a document of an older revision."
        ) from error


def check(document: Mapping[str, Any], path: Path) -> None:
    """Raises ContractError for a document that breaks the schema of OpenAPI 3.1, JSON Schema, or its own references."""
    schema = json.loads(OPENAPI.read_text(encoding="utf-8"))
    fault = next(jsonschema_rs.validator_for(schema).iter_errors(document), None)
    if fault is not None:
        raise ContractError(path, None, f"OpenAPI 3.1 at {join(*fault.instance_path) or '/'} ({clip(fault.message)})")
    for pointer, schema in _schemas(document, ()):
        try:
            jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
        except jsonschema_rs.ValidationError as error:
            where = join(*pointer, *error.instance_path)
            raise ContractError(path, None, f"JSON Schema at {where} ({clip(error.message)})") from error
    for pointer, reference in _references(document, ()):
        try:
            locate(document, reference)
        except DanglingReferenceError as error:
            expected = f"a reference within the document that leads somewhere at {join(*pointer)}, not {reference!r}"
            raise ContractError(path, None, expected) from error


def _schemas(value: Any, pointer: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for key, child in _children(value):
        here = (*pointer, key)
        if isinstance(child, dict) and (key == "schema" or pointer == ("components", "schemas")):
            yield here, child
        else:
            yield from _schemas(child, here)


def _references(value: Any, pointer: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key, child in _children(value):
        if key == "$ref" and isinstance(child, str):
            yield (*pointer, key), child
        else:
            yield from _references(child, (*pointer, key))


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """The values below, without examples and extensions."""
    if isinstance(value, Mapping):
        yield from ((key, child) for key, child in value.items() if key not in DATA and not key.startswith("x-"))
    elif isinstance(value, list):
        yield from enumerate(value)
