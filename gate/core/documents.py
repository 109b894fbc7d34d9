"""Reads files that people write: whatever is wrong with one is a sentence with its place, never a traceback."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gate.core import pointer
from gate.core.errors import DocumentError
from gate.core.yaml_reader import DEEPEST, YamlReader

MOST_BYTES = 64 * 2**20
MOST_VALUES = 1_000_000
"""Values of a document, each alias counted as all that it stands for."""
T = TypeVar("T")

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def load_text(path: Path) -> str:
    """The text of a file; raises DocumentError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DocumentError(path, None, f"a file that can be read ({error.strerror})", "Restore the file.") from error
    return decoded(content, path)


def decoded(content: bytes, path: Path) -> str:
    """The text in the content of a file, without a byte order mark; raises DocumentError."""
    if len(content) > MOST_BYTES:
        raise DocumentError(path, None, f"at most {MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            path, content[: error.start].count(b"\n") + 1, f"a readable UTF-8 file ({error})"
        ) from error
    if "\0" in text:
        raise DocumentError(path, text[: text.index("\0")].count("\n") + 1, "a readable UTF-8 file, without NUL")
    return text


def parse_json(text: str, path: Path) -> Any:
    """The value of a JSON text that comes from ``path``; raises DocumentError."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise DocumentError(path, None, f"every key once, not {twice!r} twice")
        return mapping

    try:
        return _checked(json.loads(text, object_pairs_hook=members), path)
    except json.JSONDecodeError as error:
        raise DocumentError(path, error.lineno, f"JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(path, None, f"JSON that is not nested as deeply or a shorter number ({error})") from error


def parse_yaml(text: str, path: Path) -> Any:
    """The value of a YAML 1.2 text, or of a JSON text, that comes from ``path``; raises DocumentError."""
    if path.suffix == ".json":
        return parse_json(text, path)
    if text.lstrip().startswith("{"):
        with suppress(DocumentError):  # whatever is wrong has a line in YAML
            return parse_json(text, path)
    try:
        return _checked(YamlReader(path).read(text), path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise DocumentError(path, line, f"YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise DocumentError(path, None, f"YAML ({error})") from error


def load_json(path: Path) -> Any:
    """The value in a JSON file; raises DocumentError."""
    return parse_json(load_text(path), path)


def load_toml(path: Path, form: type[T], expected: str, member: str = "") -> T:
    """The content of a TOML file, or one member of it, in the form of a type; raises DocumentError."""
    try:
        value = _checked(tomllib.loads(load_text(path)), path)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line ([0-9]+)", str(error))
        raise DocumentError(path, int(line[1]) if line else None, f"TOML ({error})") from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(path, None, f"TOML that is not nested as deeply or a shorter number ({error})") from error
    # Dataclasses take the settings of what is around them.
    adapter = TypeAdapter(tuple[form], config=ConfigDict(extra="forbid"))  # type: ignore[valid-type]  # known at run time
    return shaped(path, lambda: adapter.validate_python((value[member] if member else value,))[0], expected)


def shaped(path: Path, make: Callable[[], T], expected: str) -> T:
    """The content of a file, as ``make`` reads it; DocumentError where that fails on its form."""
    try:
        return make()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentError(path, None, f"{expected} ({reason(error)})") from error


def reason(error: Exception) -> str:
    """The first fault of an error."""
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _checked(value: Any, path: Path) -> Any:
    """A value within the limits, with numbers and texts that every reader can hold; raises DocumentError."""
    number = 0

    def check(value: Any, *place: str | int) -> None:
        nonlocal number
        number += 1
        if number > MOST_VALUES:
            raise DocumentError(path, None, f"at most {MOST_VALUES} values, with all that aliases stand for")
        if isinstance(value, dict | list):
            if len(place) >= DEEPEST:
                raise DocumentError(path, None, f"at most {DEEPEST} levels of nesting")
            for key, child in value.items() if isinstance(value, dict) else enumerate(value):
                check(child, *place, key)
        elif isinstance(value, float) and not math.isfinite(value):
            raise DocumentError(path, None, f"a finite number at {pointer.join(*place)}")
        elif isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
            raise DocumentError(path, None, f"a text that UTF-8 can hold at {pointer.join(*place)}")

    check(value)
    return value
