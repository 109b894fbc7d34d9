"""The pytest plugin: runs, collects, judges and reports, with the pack that conftest hands in."""

from __future__ import annotations

from gate.core.surroundings import settle
from gate.session.pack import Pack

_HANDED: list[Pack] = []


def use(pack: Pack) -> None:
    """Sets the pack of this process, and settles its environment before anything reads it."""
    settle()
    _HANDED[:] = [pack]


def pack() -> Pack:
    """The pack of this process."""
    return _HANDED[0]
