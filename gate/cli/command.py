"""A command of the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

Run = Callable[[Namespace], int]
"""Runs a command with its parsed arguments and returns the exit code."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, its line in the help, and what fills its parser, called only for a command that is given."""

    name: str
    summary: str
    prepare: Callable[[ArgumentParser], Run]
