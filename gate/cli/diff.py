"""``gate diff OLD NEW``: says what a change of the published contract breaks."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gate.cli.command import Run
from gate.contract.diff.change import Change
from gate.contract.diff.compare import compare
from gate.contract.diff.rules import SEVERITIES
from gate.contract.diff.sources import Source, load
from gate.contract.nodes import DanglingReferenceError
from gate.core.errors import Exit, GateError

COLOURS = {"breaking": "red", "unknown": "magenta", "risky": "yellow", "safe": "green"}
WIDTH = 160
"""Columns of a table that does not go to a terminal."""
EPILOG = """\
OLD and NEW are files (from the top of the checkout with ./scripts/gate), git revisions (main, HEAD~1, v1.2), which
mean the published contract at that revision, or REVISION:PATH. A file wins over a revision of the same name.

examples:
  gate diff main new.yaml
  gate diff HEAD~1 HEAD --json

breaking: a caller can fail; unknown: it could not be decided, look at it; risky: a caller may notice; safe: it cannot.
`gate explain BG-DIFF-106` says what a rule means.
Exit codes: 0 nothing is known to break, 1 something breaks, 2 usage, 3 a document could not be loaded, or a change is
unknown and --strict is given.
"""


def prepare(parser: ArgumentParser, published: str | None) -> Run:
    """Fills the parser of the command; ``published`` is the document that a revision without a path means."""
    parser.description = (
        "Compares two versions of the published contract and says what the new one breaks for a caller "
        "that relies on the old one. What is sent to the service may only be accepted more widely, what it answers may "
        "only be narrower; texts and examples are not compared."
    )
    parser.epilog = EPILOG
    parser.add_argument("old", metavar="OLD", help="the contract that callers rely on")
    parser.add_argument("new", metavar="NEW", help="the contract that is to replace it")
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")
    parser.add_argument("--strict", action="store_true", help="exit with 3 if a change could not be decided")
    return partial(diff, published)


def diff(published: str | None, values: Namespace) -> int:
    """Runs the command and returns its exit code; raises GateError where a document cannot be loaded."""
    old, new = load(values.old, published), load(values.new, published)
    try:
        changes = compare(old.document, new.document)
    except DanglingReferenceError as error:
        raise GateError(f"The reference {error} leads only to itself.", "The documents cannot be compared.") from error
    except RecursionError as error:
        raise GateError("The references of a document are nested too deeply to compare it.", "Flatten them.") from error
    show_json(old, new, changes) if values.json else show(old, new, changes)
    severities = {change.severity for change in changes}
    if "breaking" in severities:
        return Exit.BROKEN
    return Exit.UNJUDGED if values.strict and "unknown" in severities else Exit.PASS


def show_json(old: Source, new: Source, changes: Sequence[Change]) -> None:
    """Prints everything for a program."""
    counted = Counter(change.severity for change in changes)
    result = {
        "old": old.name,
        "new": new.name,
        "identical": old.document == new.document,
        "counts": {severity: counted[severity] for severity in SEVERITIES},
        "changes": [change.as_dict() for change in changes],
    }
    json.dump(result, sys.stdout, indent=2, ensure_ascii=False)
    print()


def show(old: Source, new: Source, changes: Sequence[Change]) -> None:
    """Prints a table for each severity, worst first, and one line that sums up."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    for severity in SEVERITIES:
        group = [change for change in changes if change.severity == severity]
        if group:
            console.print(_table(severity, group))
    if old.document == new.document:
        summary = "The documents are identical."
    elif not changes:
        summary = "Nothing that a caller could notice changed: only texts, examples, tags or notation differ."
    else:
        counted = Counter(change.severity for change in changes)
        summary = ", ".join(f"{counted[severity]} {severity}" for severity in SEVERITIES)
        summary = f"{summary}; gate explain RULE says what a rule means."
    console.print(f"{old.name} -> {new.name}: {summary}", markup=False, soft_wrap=True)


def _table(severity: str, changes: Sequence[Change]) -> Table:
    title = Text(f"{severity} ({len(changes)})", style=f"bold {COLOURS[severity]}")
    table = Table(title=title, title_justify="left", expand=False)
    table.add_column("rule", no_wrap=True)
    for name in ("what changed", "where"):
        table.add_column(name, overflow="fold")
    for change in changes:
        more = f"\nand {len(change.also)} more" if change.also else ""
        text = f"{change.title}\n{change.text}"
        table.add_row(change.rule, Text(text), Text(f"{change.where}{more}\n{change.where.pointer}"), end_section=True)
    return table
