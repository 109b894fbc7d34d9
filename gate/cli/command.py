"""A command of the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, its line in the help, and what runs it and returns the exit code."""

    name: str
    summary: str
    run: Callable[[Sequence[str]], int]
