"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAPPINGS = (dict, Mapping)
"""The types of a mapping, of which the first is that of nearly all and quick to check."""


def escape(token: str | int) -> str:
    """A member name or index as it stands in a pointer."""
    return str(token).replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The member name that stands in a pointer."""
    return token.replace("~1", "/").replace("~0", "~")


def join(*tokens: str | int) -> str:
    """The pointer to the place below these members and indexes; empty for the whole document."""
    pointer = ""
    for token in map(str, tokens):
        pointer += "/" + (escape(token) if "/" in token or "~" in token else token)
    return pointer


def split(pointer: str) -> list[str]:
    """The members and indexes of a pointer."""
    return [unescape(token) for token in pointer.split("/")[1:]]


def resolve(root: Any, pointer: str) -> Any:
    """The value that a pointer addresses; raises LookupError where there is none."""
    value = root
    for token in split(pointer):
        if isinstance(value, MAPPINGS):
            value = value[token]
        elif isinstance(value, list) and token.isdecimal():
            value = value[int(token)]
        else:
            raise LookupError(pointer)
    return value
