"""Errors that end a run, each with the exit code that it ends with."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit codes of the gate."""

    PASS = 0
    BROKEN = 1  # the contract is broken
    USAGE = 2  # the call makes no sense
    UNJUDGED = 3  # the gate could not judge; also when nothing ran


class GateError(Exception):
    """The gate cannot go on.

    ``message`` is one sentence that says what happened, ``hint`` one that says what to do, and ``log`` the last lines
    of the process that failed, where there is one.
    """

    exit_code = Exit.UNJUDGED

    def __init__(self, message: str, hint: str = "", log: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        lines = [self.message if not self.hint else f"{self.message} {self.hint}"]
        lines.extend(f"  | {line}" for line in self.log)
        return "\n".join(lines)


class UsageError(GateError):
    """An option makes no sense; nothing was started."""

    exit_code = Exit.USAGE


class DocumentError(GateError):
    """A file that cannot be used; the message names it, the line if it is known, and what was expected."""

    def __init__(self, path: Path, line: int | None, expected: str, hint: str = "Correct the file.") -> None:
        where = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{where}: expected {expected}.", hint)
        self.path = path
        self.line = line
        self.expected = expected


class NotAvailable(Exception):  # noqa: N818 (a state of affairs, not a fault)
    """The target lacks something that a check needs; the check is reported as unavailable, with this reason."""


class NotSafe(NotAvailable):
    """The target must not be sent one request, although others may follow."""


class MachineLacks(NotAvailable):
    """The machine lacks a program that tests need and a judgement of the service does not."""
