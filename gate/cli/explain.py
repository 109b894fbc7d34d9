"""``gate explain CODE``: prints what a finding's code means, what makes such findings, and where to look."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gate.cli.command import Run
from gate.contract.diff.rules import Kind, rules
from gate.contract.document import Contract
from gate.core.errors import Exit, UsageError
from gate.core.findings import LOOK, Code, Finding
from gate.core.record import Rows
from gate.core.texts import clip, like
from gate.fuzz.codes import whole
from gate.oracles.general import ROW_ORACLES
from gate.oracles.registry import Oracle
from gate.session.pack import Pack

MOST_RELATED = 8
"""Codes of one oracle that have something to do with each other; where there are more, they are independent rules."""
MOST_CAUSES = 6
MOST_PROMISES = 4
WIDTH = 300
"""Characters of a value in an example."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of a service that is known to make a finding, or a promise that such a fault breaks."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Cases:
    """Facts about a code: faults that make it, promises that it judges, and a finding of a run with its fault."""

    causes: Sequence[Case] = ()
    promises: Sequence[Case] = ()
    example: Finding | None = None
    by: Case | None = None


def _no_cases(code: str) -> Cases:
    del code
    return Cases()


def prepare(parser: ArgumentParser, pack: Pack | None, cases: Callable[[str], Cases] = _no_cases) -> Run:
    """Fills the parser of the command; ``cases`` tells what is known of a code from runs."""
    parser.description = "Prints what the code of a finding means, what makes such findings, and where to look."
    parser.add_argument("code", metavar="CODE", nargs="?", help="for example BG-HTTP-001 (default: all of them)")

    def run(values: Namespace) -> int:
        return explain(values, {**whole(pack), **rules()}, pack, cases)

    return run


def explain(values: Namespace, known: Mapping[str, Code], pack: Pack | None, cases: Callable[[str], Cases]) -> int:
    """Prints what a finding's code means, with an example; all codes without one."""
    code = (values.code or "").upper()
    if code and code not in known:
        raise UsageError(
            f"{values.code} is no code of a finding.", f"{like(code, known)} `gate explain` lists all of them.".strip()
        )
    for kind in [known[code]] if code else known.values():
        print(f"{kind.id} ({kind.severity}): {kind.title}.\n  {kind.explanation}")
        if code and isinstance(kind, Kind):
            print(f"\nExample:\n  before {kind.before}\n  after  {kind.after}")
    if code and not isinstance(known[code], Kind):
        for line in _details(known[code], known, pack, cases(code)):
            print(line)
    return Exit.PASS


def _details(code: Code, known: Mapping[str, Code], pack: Pack | None, cases: Cases) -> Iterator[str]:
    """The oracle behind a code, an example, likely causes, where to look, and related codes."""
    oracles = (*(pack.oracles if pack else ()), *ROW_ORACLES)
    oracle = next((oracle for oracle in oracles if code in oracle.codes), None)
    if oracle:
        yield f"\nChecked by the oracle {oracle.name}: {oracle.promise}"
    yield from _example(code, oracle, pack, cases)
    if code.category:
        yield f"\nCategory of the Web Fuzzing Commons: {code.category}"
    if cases.causes:
        yield "\nLikely causes, as runs have shown:"
        yield from _listed(cases.causes, MOST_CAUSES)
    yield f"\nWhere to look: {LOOK[code.layer]}"
    if cases.promises:
        yield "\nPromises that it judges:"
        yield from _listed(cases.promises, MOST_PROMISES)
    if related := _related(code, oracle, known):
        yield "\nRelated:"
        yield from (f"  {each.id}  {each.title}" for each in related)


def _example(code: Code, oracle: Oracle | None, pack: Pack | None, cases: Cases) -> Iterator[str]:
    """A finding of a run; else the rows that break the invariant, the oracle's minimal violation, or a written one."""
    finding, by = cases.example, cases.by
    rows = _offending(code, pack) if pack and finding is None else {}
    if rows:
        yield "\nExample, the fewest rows that break it, with the columns that show it:"
        for table, lines in rows.items():
            yield from (f"  {table}: {clip(json.dumps(row, default=str), WIDTH)}" for row in lines)
        return
    if finding is None and oracle:
        contract = pack.contract if pack else Contract({})
        violated = oracle.check(*oracle.violation(contract), contract)
        finding = next((each for each in violated if each.code == code.id and each.got), None)
    if finding is None and code.example:
        place, expected, got = code.example.split(" | ")
        finding = Finding(code.id, place, expected, got)
    if finding:
        yield f"\nExample, of a build in which {by.title}:" if by else "\nExample:"
        yield f"  {clip(finding.where, WIDTH)}"
        yield f"    expected {clip(finding.expected, WIDTH)}"
        yield f"    got      {clip(finding.got, WIDTH) or 'nothing'}"


def _offending(code: Code, pack: Pack) -> Rows:
    """The fewest rows that break the invariant of a code; none where it is the code of something else."""
    database = pack.database
    name = next((rule.name for rule in database.invariants if rule.code == code.id), "")
    return database.offending.get(name, {})


def _listed(cases: Sequence[Case], most: int) -> Iterator[str]:
    """The first cases with their ids, and the number of the others."""
    yield from (f"  - {case.title} ({case.id})" for case in cases[:most])
    if len(cases) > most:
        yield f"  - and {len(cases) - most} more"


def _related(code: Code, oracle: Oracle | None, known: Mapping[str, Code]) -> Sequence[Code]:
    """Other codes of the oracle, or without one those that begin alike; none where there are many."""
    group = code.id.rpartition("-")[0]
    kin = oracle.codes if oracle else [each for each in known.values() if each.id.rpartition("-")[0] == group]
    related = [each for each in kin if each.id != code.id]
    if len(related) > MOST_RELATED:
        related = [each for each in related if each.id.rpartition("-")[0] == group]
    return related if len(related) <= MOST_RELATED else ()
