"""Reads files that people write: whatever is wrong with one is a sentence with its place, never a traceback."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gate.core import pointer
from gate.core.errors import DocumentError
from gate.core.yaml_reader import DEEPEST, YamlReader

MOST_BYTES = 64 * 2**20
MOST_VALUES = 1_000_000
"""Values of a document, each alias counted as all that it stands for."""
T = TypeVar("T")

COLLECTIONS = (dict, list)
"""The types of what holds other values, as a tuple, for which a check of a value is quicker than for a union."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _Twice(dict[str, Any]):
    """A mapping of a JSON text that has the key ``name`` more than once."""

    def __init__(self, mapping: dict[str, Any], name: str) -> None:
        super().__init__(mapping)
        self.name = name


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
            names = Counter(name for name, _ in pairs)
            return _Twice(mapping, next(name for name in names if names[name] > 1))
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
        mark = error.problem_mark
        if mark and any("\t" in line[: mark.column + 1] for line in text.split("\n")[mark.line : mark.line + 1]):
            raise DocumentError(path, mark.line + 1, "YAML that is indented with spaces, not tabs") from error
        raise DocumentError(path, mark.line + 1 if mark else None, f"YAML ({error.problem})") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise DocumentError(path, line, f"YAML without the character {error.character:#x} ({error.reason})") from error
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
    if not _at_ease(value):
        _Check(path).measure(value)
    return value


def _at_ease(value: Any) -> bool:
    """Return whether a value is far within the limits: one pass without places, which few values need."""
    number = 0
    level: list[Any] = [[value]]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for here in level:
            number += len(here)
            if type(here) not in COLLECTIONS or number > MOST_VALUES:
                return False
            for child in here.values() if type(here) is dict else here:
                if isinstance(child, COLLECTIONS):
                    below.append(child)
                elif type(child) is float:
                    if not math.isfinite(child):
                        return False
                elif type(child) is str and not child.isascii() and _SURROGATE.search(child):
                    return False
        if not below:
            return True
        level = below
    return False


class _Check:
    """Looks once at each part of a value, however many aliases stand for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place: list[str | int] = []
        self._known: dict[int, tuple[int, int]] = {}

    def measure(self, value: Any) -> tuple[int, int]:
        """Number of values, and levels below, with all that aliases stand for; raises DocumentError."""
        if isinstance(value, dict | list):
            outcome = self._known.get(id(value)) or self._below(value)
            self._known[id(value)] = outcome
            if len(self._place) + outcome[1] > DEEPEST:
                self._refuse(f"at most {DEEPEST} levels of nesting")
            return outcome
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(f"a finite number at {pointer.join(*self._place)}")
        if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
            self._refuse(f"a text that UTF-8 can hold at {pointer.join(*self._place)}")
        return 1, 0

    def _below(self, value: dict[str, Any] | list[Any]) -> tuple[int, int]:
        number, levels = 1, 0
        if isinstance(value, _Twice):
            self._refuse(f"every key once, not {value.name!r} twice at {pointer.join(*self._place) or '/'}")
        if len(self._place) >= DEEPEST:
            self._refuse(f"at most {DEEPEST} levels of nesting")
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(child, COLLECTIONS):
                self._place.append(key)
                more, deeper = self.measure(child)
                self._place.pop()
                number, levels = number + more, max(levels, deeper + 1)
            else:
                number, levels = number + 1, levels or 1
                if type(child) is float or (type(child) is str and not child.isascii()):
                    self._place.append(key)
                    self.measure(child)
                    self._place.pop()
            if number > MOST_VALUES:
                self._refuse(f"at most {MOST_VALUES} values, with all that aliases stand for")
        return number, levels

    def _refuse(self, expected: str) -> NoReturn:
        raise DocumentError(self._path, None, expected)
