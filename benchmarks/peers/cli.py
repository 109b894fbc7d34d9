"""``bench peers``: each tool on the clean runner and on each known defect, and a table of what it catches."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from beacon.checkout import ROOT
from beacon.contract import PATH as PUBLISHED
from beacon.service import service
from benchmarks import reports
from benchmarks.command_line import positive
from benchmarks.defects import catalogue
from benchmarks.defects.catalogue import Defect
from benchmarks.defects.trial import checkout, patched_commands
from benchmarks.measuring import system
from benchmarks.peers.tools import TOOLS, Reading, Tool
from benchmarks.running import run_all, run_command
from gate.core.errors import Exit, GateError, UsageError

LIMIT_SECONDS = 900.0
"""Time for one command of a tool."""
OUT_OF_REACH = frozenset({"portal", "payload"})
"""Kinds of defects that no tool can catch with a contract and a runner: they are in a client or in its requests."""
LOCAL = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")  # no proxy, whatever the shell says
COLUMNS = ("tool", "given", "caught", "which", "false alarms", "median s", "requests", "not judged")


class Trial(NamedTuple):
    """One tool on one runner; ``defect`` is empty for the clean runner, ``error`` says why there is no reading."""

    tool: str
    defect: str
    seconds: float = 0.0
    reading: Reading = Reading()
    error: str = ""


@dataclass(slots=True)
class Row:
    """The trials of one tool; ``missing`` says why it cannot be had."""

    tool: Tool
    missing: str = ""
    trials: list[Trial] = field(default_factory=list)

    @property
    def clean(self) -> list[Trial]:
        """Its runs on the clean runner."""
        return [trial for trial in self.trials if not trial.defect]

    @property
    def alarms(self) -> frozenset[str]:
        """Its findings on the clean runner, which are false."""
        return frozenset[str]().union(*(trial.reading.findings for trial in self.clean))

    @property
    def caught(self) -> dict[str, list[str]]:
        """The defects that it caught, with the findings that no clean run had; none without a clean run."""
        if all(trial.error for trial in self.clean):
            return {}
        findings = {trial.defect: sorted(trial.reading.findings - self.alarms) for trial in self.trials if trial.defect}
        return {defect: new for defect, new in sorted(findings.items()) if new}

    @property
    def errors(self) -> dict[str, str]:
        """The reasons of runs that came to nothing."""
        return {trial.defect or "clean": trial.error for trial in self.trials if trial.error}

    def document(self) -> dict[str, object]:
        """Return its part of peers.json."""
        read = [trial for trial in self.trials if not trial.error]
        return {
            "tool": f"{self.tool.name} {self.tool.version}",
            "given": self.tool.given,
            "missing": self.missing,
            "caught": self.caught,
            "false_alarms": sorted(self.alarms),
            "errors": self.errors,
            "median_seconds": round(statistics.median([trial.seconds for trial in read] or [0.0]), 1),
            "median_requests": round(statistics.median([trial.reading.requests for trial in read] or [0])),
        }


def peers(words: Sequence[str], console: Console) -> int:
    """Run the command and return the exit code."""
    values = _parser().parse_args(words)
    names = list(TOOLS) if values.tools is None else values.tools.split(",")
    if unknown := [name for name in names if name not in TOOLS]:
        raise UsageError(f"There is no tool {unknown[0]!r}.", f"Known are {', '.join(TOOLS)}.")
    known = catalogue.defects()
    defects = catalogue.chosen(known, values.only) if values.only else list(known.values())
    rows = [_row(TOOLS[name], console) for name in names]
    by_name = {row.tool.name: row for row in rows if not row.missing}
    tools = [row.tool for row in by_name.values()]
    stop = threading.Event()

    def done(trials: Sequence[Trial]) -> None:
        for trial in trials:
            by_name[trial.tool].trials.append(trial)
            _print(by_name[trial.tool], trial, console)
        document = {"seed": values.seed, "tools": [row.document() for row in rows]}
        reports.write(values.report_dir, "peers", document, markdown(rows, defects, values.seed))

    clean = {f"clean {number}": partial(_trials, None, tools, values.seed, stop) for number in range(values.clean)}
    in_reach = [defect for defect in defects if defect.kind not in OUT_OF_REACH]
    run_all(clean, values.jobs, stop, done, console)
    faulty = {defect.id: partial(_trials, defect, tools, values.seed, stop) for defect in in_reach}
    run_all(faulty, values.jobs, stop, done, console)
    console.print("\n".join(markdown(rows, defects, values.seed)), markup=False)
    console.print(f"reports in {values.report_dir}")
    return exit_code(rows)


def exit_code(rows: Sequence[Row]) -> Exit:
    """3 if a run came to nothing or no tool could be had, else 0: tools are measured, not judged."""
    tried = [row for row in rows if row.trials]
    return Exit.UNJUDGED if not tried or any(row.errors for row in tried) else Exit.PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench peers",
        description="Runs other tools, each at its best, against the clean runner and against each known defect, and "
        "reports what they catch. npm fetches those that are not installed.",
        epilog="Exit codes: 0 the table is whole, 2 usage, 3 a run came to nothing or no tool could be had.",
        allow_abbrev=False,
    )
    parser.add_argument("--tools", metavar="NAME,...", help=f"these tools, of {', '.join(TOOLS)} (default: all)")
    parser.add_argument("--only", metavar="D01,...", help="these defects (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="for tools that draw cases (default: 0)")
    help_ = "runs of each tool on the clean runner (default: 2)"
    parser.add_argument("--clean", type=positive, default=2, metavar="N", help=help_)
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="runners at once (default: 1)")
    help_ = "where the reports go (default: reports)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), metavar="DIR", help=help_)
    return parser


def _row(tool: Tool, console: Console) -> Row:
    console.print(f"{tool.name} {tool.version} ...", style="dim")
    try:
        tool.install()
    except GateError as error:
        return Row(tool, str(error))
    return Row(tool)


def _trials(defect: Defect | None, tools: Sequence[Tool], seed: int, stop: threading.Event) -> list[Trial]:
    """Run each tool on a fresh runner with the defect, or on a clean runner."""
    return [_trial([defect] if defect else [], tool, seed, stop) for tool in tools]


def _trial(defects: Sequence[Defect], tool: Tool, seed: int, stop: threading.Event) -> Trial:
    name = "".join(defect.id for defect in defects)
    try:
        with (
            checkout(defects) as root,
            system(service(root, None, **patched_commands(defects))) as running,
            tempfile.TemporaryDirectory(prefix="gate-peers-") as directory,
        ):
            commands = tool.commands(root / PUBLISHED.relative_to(ROOT), running.base_url, seed)
            started = time.monotonic()
            outputs = [run_command(command, Path(directory), LIMIT_SECONDS, stop, env=LOCAL)[1] for command in commands]
            seconds = time.monotonic() - started
            return Trial(tool.name, name, seconds, tool.read(Path(directory), "\n".join(outputs)))
    except TimeoutError:
        error = f"{tool.name} was not done after {LIMIT_SECONDS:g} s."
    except (GateError, OSError) as failure:
        error = str(failure).splitlines()[0]
    return Trial(tool.name, name, error=error)


def _print(row: Row, trial: Trial, console: Console) -> None:
    new = sorted(trial.reading.findings - row.alarms)
    if trial.error:
        text, style = trial.error, "bold red"
    elif not trial.defect:
        text, style = f"{len(trial.reading.findings)} false alarms", ""
    else:
        text, style = (f"caught: {new[0]}", "green") if new else ("missed", "yellow")
    cost = f"{trial.seconds:6.1f} s {trial.reading.requests:>6} requests"
    console.print(f"{trial.defect or 'clean':<6} {trial.tool:<17} {cost}  {text}", style=style, markup=False)


def markdown(rows: Sequence[Row], defects: Sequence[Defect], seed: int) -> Iterator[str]:
    """Yield the lines of peers.md."""
    yield f"# Other tools on the same runner, contract and {len(defects)} defects\n"
    yield from reports.table(COLUMNS, [_cells(row, len(defects)) for row in rows])
    yield f"\nCaught: a finding that the tool does not have on the clean runner. Seed {seed}."
    if beyond := ", ".join(defect.id for defect in defects if defect.kind in OUT_OF_REACH):
        yield f"Missed because a tool with a contract and a runner cannot see them: {beyond}."
    for row in rows:
        if row.alarms:
            yield f"\n## False alarms of {row.tool.name}\n"
            yield from (f"- {alarm}" for alarm in sorted(row.alarms))


def _cells(row: Row, total: int) -> list[object]:
    part = row.document()
    if row.missing:
        return [part["tool"], row.tool.given, "-", row.missing, "", "", "", ""]
    caught = f"{len(row.caught)} of {total}", " ".join(row.caught) or "none"
    cost = part["median_seconds"], part["median_requests"], " ".join(row.errors) or "none"
    return [part["tool"], row.tool.given, *caught, len(row.alarms), *cost]
