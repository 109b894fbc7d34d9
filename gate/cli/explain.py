"""``gate explain CODE``: prints what a finding's code means."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gate.contract.diff.rules import rules
from gate.core.errors import Exit, UsageError
from gate.core.findings import catalogue


def explain(words: Sequence[str]) -> int:
    """Prints what a finding's code means; all codes without one."""
    parser = argparse.ArgumentParser(prog="gate explain", description="Says what a finding's code means.")
    parser.add_argument("code", nargs="?", help="for example BG-HTTP-001; all of them without it")
    code = parser.parse_args(words).code
    known = catalogue() | rules()
    if code and code.upper() not in known:
        raise UsageError(f"{code} is no code of a finding.", f"Expected one of {', '.join(known)}.")
    for kind in [known[code.upper()]] if code else known.values():
        print(f"{kind.code} ({kind.severity}): {kind.title}.\n  {kind.explanation}")
    return Exit.PASS
