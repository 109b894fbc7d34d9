"""``gate explain CODE``: prints what a finding's code means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping

from gate.cli.command import Run
from gate.contract.diff.rules import rules
from gate.core.errors import Exit, UsageError
from gate.core.findings import Code
from gate.core.texts import like
from gate.fuzz.codes import whole
from gate.session.pack import Pack

MOST_RELATED = 8
"""Codes of one oracle that have something to do with each other; where there are more, they are independent rules."""


def prepare(parser: ArgumentParser, pack: Pack | None) -> Run:
    """Fills the parser of the command."""
    parser.description = "Prints what the code of a finding means."
    parser.add_argument("code", metavar="CODE", nargs="?", help="for example BG-HTTP-001 (default: all of them)")

    def run(values: Namespace) -> int:
        return explain(values, {**whole(pack), **rules()}, pack)

    return run


def explain(values: Namespace, known: Mapping[str, Code], pack: Pack | None) -> int:
    """Prints what a finding's code means, with an example; all codes without one."""
    code = (values.code or "").upper()
    if code and code not in known:
        raise UsageError(
            f"{values.code} is no code of a finding.", f"{like(code, known)} `gate explain` lists all of them.".strip()
        )
    for kind in [known[code]] if code else known.values():
        print(f"{kind.id} ({kind.severity}): {kind.title}.\n  {kind.explanation}")
    for line in _details(code, pack) if code and pack else ():
        print(line)
    return Exit.PASS


def _details(code: str, pack: Pack) -> Iterator[str]:
    """The oracle behind a code, a finding that its minimal violation makes, and the other codes of the oracle."""
    oracle = next((oracle for oracle in pack.oracles if any(each.id == code for each in oracle.codes)), None)
    if oracle is None:
        return
    yield f"\nChecked by the oracle {oracle.name}: {oracle.promise}"
    finding = next((f for f in oracle.check(*oracle.violation(pack.contract), pack.contract) if f.code == code), None)
    if finding and finding.got:
        yield f"\nExample:\n  {finding.where}\n    expected {finding.expected}\n    got      {finding.got}"
    related = [each for each in oracle.codes if each.id != code]
    if related and len(related) <= MOST_RELATED:
        yield "\nRelated:"
        yield from (f"  {each.id}  {each.title}" for each in related)
