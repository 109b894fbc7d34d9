"""The log of a service, read once line by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line as it was printed, and its members where it is a JSON object."""

    text: str
    members: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, text: str) -> LogLine:
        """The line with this text."""
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        return cls(text, value if isinstance(value, dict) else None)

    def get(self, name: str) -> Any:
        """A member; None where the line has no such member."""
        return (self.members or {}).get(name)


class Log:
    """Keeps the lines that ``read`` returns, each of them parsed once."""

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        self._read = read
        self._lines: list[LogLine] = []

    def lines(self) -> Sequence[LogLine]:
        """Every line so far, oldest first."""
        printed = self._read()
        self._lines += [LogLine.of(text) for text in printed[len(self._lines) :]]
        return self._lines
