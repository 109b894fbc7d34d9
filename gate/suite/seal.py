"""The seal: what judges a test is what its canaries were shown to.

Canaries are shown before the first test and after the last. Whatever replaces code of the gate, or a test, for the time
of that test alone is gone again by then, so it is looked for while the test is judged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import pytest

from gate.core.errors import GateError
from gate.session.session import Session

_DESCRIPTORS = (property, classmethod, staticmethod)

Part = tuple[Mapping[str, object], str, object, str]
"""The names of a module or class, one of them, what it stands for, and where that is."""


class Seal:
    """The functions of some packages as they were, and the first of them that was seen to be another."""

    def __init__(self, packages: Iterable[str], judging: Session) -> None:
        self._packages = tuple(packages)
        self._judging = judging
        self._modules: set[str] = set()
        self._parts: list[Part] = []
        self.broken = ""
        self.extend()

    def extend(self) -> None:
        """Take what was loaded since."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in self._packages and name not in self._modules:
                self._modules.add(name)
                self._parts += _parts(module)

    def look(self, item: pytest.Item, sessions: Iterable[Session]) -> None:
        """Look for what is another while a test is judged."""
        if not self.broken and (broken := next(self._broken(item, sessions), "")):
            self.broken = f"While {item.nodeid} was judged, {broken}, so its findings may have been lost."

    def check(self) -> None:
        """GateError where something was."""
        if self.broken:
            raise GateError(self.broken, "Undo what replaces it.")

    def _broken(self, item: pytest.Item, sessions: Iterable[Session]) -> Iterator[str]:
        for names, name, value, place in self._parts:
            if names.get(name) is not value:
                yield f"{place} was another than before"
        if isinstance(item, pytest.Function) and not _of_file(item):
            yield "its function was not the one of its file"
        for session in sessions:
            if own := vars(session).keys() & {name for kind in type(session).__mro__ for name in _functions(kind)}:
                yield f"{min(own)} of its session was another than that of all"
            if not session.judges_like(self._judging):
                yield "its session had other oracles than those that were shown to be red"


def _parts(module: ModuleType) -> Iterator[Part]:
    names = vars(module)
    for name, value in list(names.items()):
        if isinstance(value, type):
            yield names, name, value, f"{module.__name__}.{name}"
            if value.__module__ == module.__name__:
                inner: Any = vars(value)
                for each in _functions(value):
                    yield inner, each, inner[each], f"{module.__name__}.{name}.{each}"
        elif callable(value):
            yield names, name, value, f"{module.__name__}.{name}"


def _functions(kind: type) -> set[str]:
    return {name for name, value in vars(kind).items() if isinstance(value, (FunctionType, *_DESCRIPTORS))}


def _of_file(item: pytest.Function) -> bool:
    """Return whether a test calls what its file defines under its name."""
    function: Any = item.function
    code = getattr(function, "__code__", None)
    return code is not None and code.co_name == item.originalname and function.__globals__ is vars(item.module)
