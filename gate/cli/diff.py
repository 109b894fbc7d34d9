"""``gate diff OLD NEW``: says what a change of the published contract breaks."""

from __future__ import annotations

import gc
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gate.cli import diff_report
from gate.cli.command import Run
from gate.cli.diff_report import DiffReport
from gate.contract.diff.change import Change
from gate.contract.diff.compare import compare
from gate.contract.diff.consumer import Consumer
from gate.contract.diff.examples import exemplified
from gate.contract.diff.rules import SEVERITIES
from gate.contract.diff.sources import Source, load
from gate.contract.nodes import DanglingReferenceError
from gate.contract.pact import load as load_pact
from gate.core.errors import Exit, GateError
from gate.verdict import accepted_changes

COLOURS = {"breaking": "red", "unknown": "magenta", "risky": "yellow", "safe": "green"}
EPILOG = """\
OLD and NEW are files (from the top of the checkout with ./scripts/gate), git revisions (main, HEAD~1, v1.2), which
mean the published contract at that revision, or REVISION:PATH. A file wins over a revision of the same name.

examples:
  gate diff main new.yaml
  gate diff HEAD~1 HEAD --format markdown
  gate diff main new.yaml --accept accepted.toml --fail-on risky
  gate diff main new.yaml --consumer pacts/

breaking: a caller can fail; unknown: it could not be decided, look at it; risky: a caller may notice; safe: it cannot.
`gate explain BG-DIFF-106` says what a rule means.
Exit codes: 0 nothing fails, 1 a change of a severity of --fail-on, or an accepted change that expired or is not there,
2 usage, 3 a document could not be loaded, or a change is unknown and --strict is given.
"""


def prepare(parser: ArgumentParser, published: str | None) -> Run:
    """Fills the parser of the command; ``published`` is the document that a revision without a path means."""
    parser.description = (
        "Compares two versions of the published contract and says what the new one breaks for a caller "
        "that relies on the old one. What is sent to the service may only be accepted more widely, what it answers may "
        "only be narrower; texts and examples are not compared."
    )
    parser.epilog = EPILOG
    add = parser.add_argument
    add("old", metavar="OLD", help="the contract that callers rely on")
    add("new", metavar="NEW", help="the contract that is to replace it")
    add("--format", choices=["text", *FORMATS], default="text", help="how the changes are printed (default: text)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    levels = ["breaking", "risky", "safe", "none"]
    add(
        "--fail-on", choices=levels, default="breaking", help="the mildest change that exits with 1 (default: breaking)"
    )
    add("--strict", action="store_true", help="exit with 3 if a change could not be decided")
    add("--accept", type=Path, metavar="FILE", help="accepted changes, a TOML file with [[accepted]] tables")
    add(
        "--consumer",
        type=Path,
        metavar="PACT",
        help="mark the changes that this consumer contract feels (a file or directory)",
    )
    return partial(diff, published)


def diff(published: str | None, values: Namespace) -> int:
    """Runs the command and returns its exit code; raises GateError where a document cannot be loaded."""
    acceptances = accepted_changes.load(values.accept) if values.accept else []
    with _uncollected():
        old = load(values.old, published)
        new = load(values.new, published, like=old)
        _warn(old, new)
        consumers = _consumers(values.consumer, old) if values.consumer else []
        sorted_ = accepted_changes.sort(_compared(old, new), acceptances)
        changes = exemplified(sorted_.standing)
    felt = {consumer.name: [change for change in changes if consumer.feels(change)] for consumer in consumers}
    report = DiffReport(old, new, changes, sorted_.accepted, sorted_.faults, felt)
    if values.format == "text":
        show(report)
    else:
        print(FORMATS[values.format](report))
    return _exit_code(report, values)


FORMATS: dict[str, Callable[[DiffReport], str]] = {
    "markdown": diff_report.markdown,
    "json": diff_report.json_text,
    "sarif": diff_report.sarif,
    "annotations": lambda report: "\n".join(diff_report.workflow_commands(report)),
}
"""Printers of a report by the name of its format."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection, which would look at each value of both documents again and again, and free nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _warn(*sources: Source) -> None:
    """Prints the faults of the documents that were read as what was meant."""
    console = Console(highlight=False, soft_wrap=True, stderr=True)
    for fault in dict.fromkeys(fault for source in sources for fault in source.faults):
        console.print(Text(f"Read as meant: {fault}.", style="yellow"))


def _compared(old: Source, new: Source) -> list[Change]:
    if old.document == new.document:
        return []
    try:
        return compare(old.document, new.document)
    except DanglingReferenceError as error:
        raise GateError(f"The reference {error} leads only to itself.", "The documents cannot be compared.") from error
    except RecursionError as error:
        raise GateError("The references of a document are nested too deeply to compare it.", "Flatten them.") from error


def _consumers(path: Path, old: Source) -> list[Consumer]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise GateError(
            f"{path} holds no consumer contract.", "Expected a Pact file of version 4, or a directory of them."
        )
    return [Consumer.of(load_pact(file), old.document) for file in files]


def _exit_code(report: DiffReport, values: Namespace) -> int:
    severities = {change.severity for change in report.changes}
    failing = () if values.fail_on == "none" else SEVERITIES[: SEVERITIES.index(values.fail_on) + 1]
    if report.faults or severities & {severity for severity in failing if severity != "unknown"}:
        return Exit.BROKEN
    return Exit.UNJUDGED if values.strict and "unknown" in severities else Exit.PASS


def show(report: DiffReport) -> None:
    """Prints the changes by operation, the worst first, and one line that sums up."""
    console = Console(highlight=False, soft_wrap=True)
    for operation, changes in report.groups().items():
        console.print(Text(operation, style="bold"))
        for change in changes:
            _show_change(console, report, change)
        console.print()
    for change, entry in report.accepted:
        text = (
            f"accepted until {entry.expires} ({entry.id}, {entry.owner}): {change.rule} {change.where}: {change.text}"
        )
        console.print(Text(text, style="dim"))
    for name, felt in report.felt.items():
        broken = sum(change.severity == "breaking" for change in felt)
        console.print(
            f"{name} feels {len(felt)} of {len(report.changes)} changes, {broken} of them breaking.", markup=False
        )
    for fault in report.faults:
        console.print(Text(f"The acceptance {fault}.", style="red"))
    hint = "; gate explain RULE says what a rule means." if report.changes else ""
    console.print(f"{report.old.name} -> {report.new.name}: {report.summary}{hint}", markup=False)


def _show_change(console: Console, report: DiffReport, change: Change) -> None:
    felt = "".join(f" [{name}]" for name in report.consumers(change))
    line = Text(f"  {change.severity:<8}", style=COLOURS[change.severity])
    line.append(f"  {change.rule}  ", style="dim").append(f"{diff_report.line_of(change)}{felt}", style="default")
    line.append(f"  {' '.join(report.places(change)) or change.where.pointer}", style="dim")
    console.print(line)
    if change.example:
        console.print(Text(f"            {diff_report.example_of(change)}", style="dim"))
