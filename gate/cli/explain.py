"""``gate explain CODE``: prints what a finding's code means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from gate.cli.command import Run
from gate.contract.diff.rules import rules
from gate.core.errors import Exit, UsageError
from gate.core.findings import Code
from gate.core.texts import like
from gate.fuzz.codes import whole
from gate.session.pack import Pack


def prepare(parser: ArgumentParser, pack: Pack | None) -> Run:
    """Fills the parser of the command."""
    parser.description = "Prints what the code of a finding means."
    parser.add_argument("code", metavar="CODE", nargs="?", help="for example BG-HTTP-001 (default: all of them)")

    def run(values: Namespace) -> int:
        return explain(values, {**whole(pack), **rules()})

    return run


def explain(values: Namespace, known: Mapping[str, Code]) -> int:
    """Prints what a finding's code means; all codes without one."""
    code = (values.code or "").upper()
    if code and code not in known:
        raise UsageError(
            f"{values.code} is no code of a finding.", f"{like(code, known)} `gate explain` lists all of them.".strip()
        )
    for kind in [known[code]] if code else known.values():
        print(f"{kind.id} ({kind.severity}): {kind.title}.\n  {kind.explanation}")
    return Exit.PASS
