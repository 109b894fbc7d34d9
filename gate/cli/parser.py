"""A parser of arguments with short errors."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any, NoReturn

from gate.core.errors import UsageError
from gate.core.texts import like


class Parser(ArgumentParser):
    """A parser whose errors are one sentence with one hint."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse itself hides that nothing was written

    def error(self, message: str) -> NoReturn:
        """Raises UsageError; for an unknown option, with the option that is most like it."""
        see = f"See `{self.prog} --help`."
        if unknown := re.match(r"unrecognized arguments: ([^\s=]+)", message):
            kind = "option" if unknown[1].startswith("-") else "argument"
            raise UsageError(
                f"There is no {kind} {unknown[1]}.", f"{like(unknown[1], self._option_string_actions)} {see}".strip()
            )
        raise UsageError(f"{message[0].upper()}{message[1:]}.", see)
