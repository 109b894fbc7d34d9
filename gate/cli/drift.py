"""``gate drift``: the published contract, the target's document, and the use by the suite and by consumers."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gate.cli import options
from gate.cli.command import Run
from gate.contract.consumer_use import Uses, consumer_use
from gate.contract.document import Contract
from gate.contract.drift import Reason, Row, accepted, rows, stale
from gate.contract.parts import Parts
from gate.core.client import Client
from gate.core.errors import Exit, GateError
from gate.core.options import given
from gate.core.settings import Settings, load, redactor
from gate.session.pack import Pack
from gate.session.start import refuse
from gate.targets import System
from gate.targets.choose import choose
from gate.targets.service import Service
from gate.verdict.verdict import NAME, read

PATH = "/openapi.json"
WIDTH = 200
"""Columns of a table that does not go to a terminal."""
MARKS = {True: "yes", False: "no", None: "?"}


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.usage = "gate drift [OPTION ...]"
    parser.description = (
        "Compares the published contract with the document that the target serves at /openapi.json, and "
        "with what the last run of the suite (--report-dir) and the consumer contracts use: every operation, "
        "parameter, status, media type, header, field and enumerated value. Exit codes: 0 all are one contract, but "
        "for what contracts/drift.toml gives a reason for; 1 they are not; 2 usage; 3 a document could not be read."
    )
    options.add(parser, pack.options)
    parser.add_argument("--all", action="store_true", help="show what does not drift as well")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    return partial(drift, pack)


def drift(pack: Pack, values: Namespace) -> int:
    """Runs the command and returns its exit code; raises GateError where a document cannot be read."""
    settings = load(pack.options, given(pack.options, values), directory=Path.cwd())
    refuse(settings, pack)
    contract, reasons = pack.contract, accepted(pack.accepted_drift)
    users = {"suite": suite_use(settings.report_dir)}
    users |= {name: consumer_use(directory, contract) for name, directory in pack.consumers.items()}
    table = rows(contract.parts, served(settings, pack.service, contract), users, reasons)
    old = stale(table, reasons)
    if values.json:
        json.dump([row.as_dict() for row in table], sys.stdout, indent=2)
        print()
    else:
        show(table, list(users), old, every=values.all)
        if users["suite"] is None:
            print(f"What the suite uses is not known: {settings.report_dir} has no verdict. Run ./scripts/gate first.")
        for name, directory in pack.consumers.items():
            if users[name] is None:
                where = directory.relative_to(pack.root)
                print(f"What the {name} uses is not known: {where} has no consumer contract.")
    return Exit.BROKEN if old or any(row.unexplained for row in table) else Exit.PASS


def suite_use(directory: Path) -> Uses | None:
    """The parts of the contract that the run with these reports reached; None without any."""
    return read(directory).coverage.reached if (directory / NAME).exists() else None


def served(settings: Settings, service: Service, contract: Contract) -> Parts:
    """The parts of the document that the target serves; GateError where it serves none."""
    redact = redactor(settings)
    target = choose(settings, service, lambda text: print(redact(text), file=sys.stderr))
    try:
        system = target.system(target.start())
        try:
            return offered(system, contract)
        finally:
            system.close()
    finally:
        target.stop()


def offered(system: System, contract: Contract) -> Parts:
    """The parts of the document that a system serves."""
    client = Client(system.base_url, lambda _: None)
    try:
        answer = client.get(PATH)
    finally:
        client.close()
    if answer.status != 200 or not isinstance(answer.json, dict) or not isinstance(answer.json.get("paths"), dict):
        raise GateError(f"The target serves no OpenAPI document at {PATH} ({answer.status}).", "Nothing was compared.")
    return contract.parts_of(answer.json)


def show(table: Sequence[Row], users: Sequence[str], old: Sequence[Reason], *, every: bool) -> None:
    """Prints unexplained drift first, then one line per reason and a summary."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    drifting = [row for row in table if row.side]
    unexplained = [row for row in drifting if row.unexplained]
    listing = Table("what", "name", "published", "served", *users, "reason")
    for row in table if every else unexplained:
        _add(listing, row, row.name)
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in drifting if not every else ():
        if row.reason:
            groups.setdefault((row.reason, row.side, row.kind), []).append(row)
    for group in groups.values():
        _add(listing, group[0], f"{group[0].name}\nand {len(group) - 1} more" if len(group) > 1 else group[0].name)
    console.print(listing)
    for reason in old:
        console.print(f"no longer so: only {reason.side} has {reason.names}", style="red", markup=False)
    console.print(
        f"{len(table)} things compared: {len(drifting)} drift, {len(unexplained)} of them without a reason; "
        f"{len(old)} reasons for what no longer drifts. {'' if every else '--all shows each.'}",
        markup=False,
    )


def _add(listing: Table, row: Row, name: str) -> None:
    marks = [MARKS[state] for state in (row.published, row.served, *row.uses.values())]
    reason = row.reason or ("NO REASON" if row.side else "")
    listing.add_row(row.kind, Text(name, overflow="fold"), *marks, Text(reason))
