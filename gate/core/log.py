"""The log of a service, read once line by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
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
        except (ValueError, RecursionError):
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


class MergedLog:
    """The lines of several processes as one log that only grows: what was returned once keeps its place.

    Each line of ``sources`` begins with its time and a blank. Lines that became known at the same reading are in the
    order of these times; one that became known later comes later, even if it was printed before.
    """

    def __init__(self, sources: Sequence[Callable[[], Sequence[str]]]) -> None:
        self._sources = sources
        self._read = [0] * len(sources)
        self._lines: list[str] = []

    def lines(self) -> list[str]:
        """Every line so far, without its time."""
        new: list[tuple[str, str]] = []
        for index, source in enumerate(self._sources):
            printed = source()
            for line in printed[self._read[index] :]:
                time, _, text = line.partition(" ")
                new.append((time.rstrip("Z"), text))  # "…1Z" would come after "…15Z"
            self._read[index] = len(printed)
        self._lines += [text for _, text in sorted(new, key=itemgetter(0))]
        return list(self._lines)
