"""``gate update``: writes the files that are generated from code and contracts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gate.cli.command import Run
from gate.cli.options import reference
from gate.contract.diff.page import page
from gate.core.errors import Exit, GateError, UsageError
from gate.core.settings import LISTING
from gate.core.surroundings import compose
from gate.session.pack import Pack


def generated(pack: Pack, reports: Sequence[str] = ()) -> Mapping[str, Callable[[], str]]:
    """The generated files of a checkout: paths below its root, and what makes their text."""
    files = {"docs/options.md": lambda: reference(pack.options), "docs/rules.md": page, **pack.generated}
    if pack.suite.inventory:
        files[pack.suite.inventory] = lambda: _inventory(pack, reports)
    if pack.suite.order:
        files[pack.suite.order] = lambda: _order(pack, reports)
    if pack.suite.times and pack.suite.inventory:
        files[pack.suite.times] = lambda: _times(pack, reports)
    return files


def _times(pack: Pack, reports: Sequence[str]) -> str:
    """The times of the tests as before, without those that are gone, or with those of these reports."""
    from gate.verdict import inventory, times

    path = pack.root / pack.suite.times
    current = times.load(path) if path.exists() else times.Times()
    for each in reports:
        current = current.renewed(times.measured(Path(each) / "junit.xml"))
    listed = inventory.load(pack.root / pack.suite.inventory)  # which is written before
    functions = {function for cases in listed.tests.values() for function in cases}
    return current.within(functions | set(map(times.function, listed.existing)), pack.suite.harness).text()


def _order(pack: Pack, reports: Sequence[str]) -> str:
    """The order of the tests as before, without those that are gone, or by these reports."""
    from gate.verdict import inventory, order
    from gate.verdict.journal import read

    path = pack.root / pack.suite.order
    current = order.load(path) if path.exists() else order.Order()
    if reports:
        events = (event for each in reports for event in read(Path(each) / "journal")[0])
        current = current.renewed(events, pack.promises.checks)
    listed = inventory.load(pack.root / pack.suite.inventory)  # which is written before
    return current.within(function for cases in listed.tests.values() for function in cases).text()


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.description = "Writes the files that are generated from code and contracts, and names those that changed."
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not current")
    parser.add_argument(
        "--from",
        dest="reports",
        metavar="DIR",
        nargs="+",
        default=[],
        help="take the order of the tests and the least numbers of the inventory from the reports of passing runs",
    )

    def update(values: Namespace) -> int:
        stale = []
        for name, make in generated(pack, values.reports).items():
            path, text = pack.root / name, make()
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
                print(f"{name} is not current." if values.check else f"wrote {name}")
                if not values.check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
        return Exit.BROKEN if values.check and stale else Exit.PASS

    return update


def _inventory(pack: Pack, reports: Sequence[str]) -> str:
    """The inventory of the tests as they are collected now, with least numbers as before or of these reports."""
    from gate.verdict import inventory
    from gate.verdict.assertions import counted
    from gate.verdict.journal import read
    from gate.verdict.tally import Tally, tally
    from gate.verdict.verdict import read as verdict_of

    path = pack.root / pack.suite.inventory
    tests = inventory.TESTS.validate_json(_collected(pack))
    current = inventory.load(path) if path.exists() else inventory.Inventory()
    runs: dict[tuple[str, str], list[Tally]] = defaultdict(list)
    for directory in map(Path, reports):
        verdict = verdict_of(directory)
        if verdict.narrowed and not verdict.findings:
            continue  # it is for the order alone
        if verdict.findings or verdict.depth not in inventory.RECORDED:
            raise UsageError(f"{directory} is of no whole run without findings, at depth smoke or ci.", "Name another.")
        runs[verdict.setting, verdict.depth].append(tally(read(directory / "journal")[0]))
    for (setting, depth), tallies in runs.items():
        current = current.recorded(setting, depth, tallies)
    names = {
        inventory.ORACLES: {oracle.name for oracle in pack.oracles},
        inventory.INVARIANTS: set(pack.promises.invariants),
        # Those that fuzz are divided among shards by their cases, and have least numbers of their own.
        inventory.REQUESTS: {test.function for test in tests if not test.id.startswith(pack.suite.fuzz)},
    }
    return current.renewed(tests, names, counted(pack.root, pack.suite.folder, pack.suite.harness)).text()


def _collected(pack: Pack) -> bytes:
    """Every test of the suite as pytest collects it, as JSON."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "tests.json"
        words = [*pack.suite.words, "--collect-only", "-q", "-n0"]
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=pack.root,
            env={**compose(os.environ), LISTING: str(file)},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode or not file.exists():
            raise GateError(
                "The tests cannot be collected.", log=tuple((ended.stdout + ended.stderr).splitlines()[-10:])
            )
        return file.read_bytes()
