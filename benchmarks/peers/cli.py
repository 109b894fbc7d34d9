"""``bench peers``: other tools on the same runner, the same contract and the same defects."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.defects import catalogue
from benchmarks.defects.catalogue import Defect
from benchmarks.peers.report import Row, Study, note, table, write
from benchmarks.peers.tools import Tool, tools
from benchmarks.peers.trial import OUT_OF_REACH, Trial, trials
from gate.core.errors import Exit, GateError, UsageError


def peers(words: Sequence[str], console: Console) -> int:
    """Runs the command and returns the exit code."""
    given = _parser().parse_args(words)
    chosen = _chosen(given.tools)
    known = catalogue.defects()
    defects = catalogue.chosen(known, given.only) if given.only else list(known.values())
    rows = [_row(tool, console) for tool in chosen]
    beyond = [one for one in defects if one.kind in OUT_OF_REACH]
    study = Study(rows, [one for one in defects if one not in beyond], beyond, given.seed)
    try:
        _try_all(study, given, console)
    except KeyboardInterrupt:
        console.print("bench: interrupted.")
        return Exit.UNJUDGED
    console.print(table(study))
    console.print(note(study))
    console.print(f"reports in {given.report_dir}")
    return study.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench peers",
        description="Runs other tools, each at its best, against the clean runner and against each known defect, and "
        "tells what they catch. What is not installed yet comes from npm into the user's cache.",
        epilog="Exit codes: 0 the table is whole, 2 usage, 3 a run came to nothing or no tool could be had.",
        allow_abbrev=False,
    )
    names = ", ".join(_words(tool) for tool in tools())
    parser.add_argument("--tools", metavar="NAME,...", help=f"these tools, of {names} (default: all)")
    parser.add_argument("--only", metavar="D01,...", help="these defects (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="for tools that draw cases (default: 0)")
    parser.add_argument(
        "--clean", type=_positive, default=2, metavar="N", help="runs of each tool on the clean runner (default: 2)"
    )
    parser.add_argument("--jobs", type=_positive, default=1, metavar="N", help="runners at once (default: 1)")
    help_ = "where the reports go (default: reports)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), metavar="DIR", help=help_)
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def _words(tool: Tool) -> str:
    return tool.name.partition(" ")[0]


def _chosen(names: str | None) -> list[Tool]:
    known = {_words(tool): tool for tool in tools()}
    wanted = list(known) if names is None else names.split(",")
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise UsageError(f"There is no tool {unknown[0]!r}.", f"Known are {', '.join(known)}.")
    return [known[one] for one in wanted]


def _row(tool: Tool, console: Console) -> Row:
    console.print(f"{tool.name} {tool.version} ...", style="dim")
    try:
        tool.install()
    except GateError as error:
        return Row(tool, str(error))
    return Row(tool)


def _try_all(study: Study, given: argparse.Namespace, console: Console) -> None:
    """The clean runner as often as asked for, then each defect; what is known is written down after each of them."""
    stop = threading.Event()
    rows = {row.tool.name: row for row in study.rows if not row.why}
    among = [row.tool for row in rows.values()]

    def attempt(defect: Defect | None) -> list[Trial]:
        return list(trials(defect, among, given.seed, stop))

    with ThreadPoolExecutor(given.jobs) as pool, _ended_with(stop, pool):
        clean = [pool.submit(attempt, None) for _ in range(given.clean)]
        faulty = [pool.submit(attempt, defect) for defect in study.defects]
        for batch in (clean, faulty):
            for future in as_completed(batch):
                for trial in future.result():
                    rows[trial.tool].trials.append(trial)
                    _show(rows[trial.tool], trial, console)
                write(study, given.report_dir)


@contextmanager
def _ended_with(stop: threading.Event, pool: ThreadPoolExecutor) -> Iterator[None]:
    """Takes everything down that runs, as soon as anything goes wrong: Ctrl-C, SIGTERM or an error."""
    # SIGINT as well: a shell that starts a command in the background has it ignored, by all that the command starts.
    before = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except BaseException:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(row: Row, trial: Trial, console: Console) -> None:
    """One line for each run."""
    if trial.error:
        said, style = trial.error, "bold red"
    elif not trial.defect:
        said, style = f"{len(trial.heard.findings)} false alarms", ""
    else:
        told = sorted(row.told(trial))
        said, style = (f"caught: {told[0]}", "green") if told else ("missed", "yellow")
    cost = f"{trial.seconds:6.1f} s {trial.heard.requests:>6} requests"
    console.print(f"{trial.defect or 'clean':<6} {trial.tool:<17} {cost}  {said}", style=style, markup=False)
