"""Reads OpenAPI documents from YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class ContractError(ValueError):
    """A contract that cannot be read; the message names the file, the line if it is known, and what was expected."""

    def __init__(self, path: Path, line: int | None, expected: str) -> None:
        where = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{where}: expected {expected}")
        self.path = path
        self.line = line
        self.expected = expected


class _Refusal(yaml.MarkedYAMLError):
    """Well-formed YAML that is not JSON; ``problem`` says what was expected."""


_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is 8 times as fast


class _Loader(_Parser):  # type: ignore[misc]  # either base is a SafeConstructor; which one is known at run time only
    """YAML as JSON has it: keys are strings and stand once, and a date is a string."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise _Refusal(problem=f"a string as key, so {key.value!r} in quotes", problem_mark=key.start_mark)
            if key.value in seen:
                expected = f"every key once; {key.value!r} stands in line {seen[key.value]} already"
                raise _Refusal(problem=expected, problem_mark=key.start_mark)
            seen[key.value] = key.start_mark.line + 1
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping

    def construct_date_as_string(self, node: yaml.ScalarNode) -> str:
        return str(self.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_date_as_string)


def load_openapi(path: Path) -> dict[str, Any]:
    """The OpenAPI 3.1 document in a file, references not followed; raises ContractError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(path, None, f"a readable UTF-8 file ({error})") from error
    return parse(text, path)


def parse(text: str, path: Path) -> dict[str, Any]:
    """The OpenAPI 3.1 document in a text that comes from ``path``; raises ContractError."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  (its base is safe: it makes nothing but plain values)
    except yaml.MarkedYAMLError as error:
        expected = str(error.problem) if isinstance(error, _Refusal) else f"YAML ({error.problem})"
        raise ContractError(path, error.problem_mark.line + 1 if error.problem_mark else None, expected) from error
    except yaml.YAMLError as error:
        raise ContractError(path, None, f"YAML ({error})") from error
    if not isinstance(document, dict):
        raise ContractError(path, 1, "an OpenAPI document, which is a mapping")
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        raise ContractError(path, 1, f"a member openapi of 3.1.x, not {version!r}")
    for member in ("info", "paths"):
        if not isinstance(document.get(member), dict):
            raise ContractError(path, 1, f"an OpenAPI document, which has the mapping {member!r}")
    return document
