"""Helpers of the command lines of the benchmarks."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.console import Console

from gate.core.errors import Exit, GateError


def positive(text: str) -> int:
    """Parse a whole number from 1 up."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def exit_code(program: str, command: Callable[[], int], console: Console) -> int:
    """Run a command and return its exit code; an error is printed as one sentence, never as a traceback."""
    try:
        return command()
    except GateError as error:
        console.print(f"{program}: {error}", style="red", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        console.print(f"{program}: interrupted.")
        return Exit.UNJUDGED
