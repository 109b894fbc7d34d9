"""The main job: runs the suite of the pack against a target, and exits with the verdict."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gate.core import settings as options
from gate.core.errors import GateError
from gate.core.settings import OPTIONS, WRAPPED, Settings
from gate.session.pack import Pack
from gate.verdict import baseline, report_directory


def parser() -> argparse.ArgumentParser:
    """The parser of the main job."""
    made = argparse.ArgumentParser(
        prog="gate",
        description="Judges a build of the Project Beacon runner: starts it, sends jobs through both workflows, checks "
        "what it answers and what it stores, and says whether it may ship.",
        epilog="Other commands: gate explain CODE says what a finding means; gate diff OLD NEW says "
        "what a change of the published contract breaks; gate drift says where contract, runner, suite and portal "
        "are not of one mind; gate defects proves that the gate catches known defects; "
        "gate cleanup LEDGER removes what a killed run left; gate stage NAME verifies a stage of a rollout; "
        "gate annotate DIR tells a pull request of a verdict. "
        "Exit codes: 0 pass, 1 the contract is broken, 2 usage, 3 the gate could not judge.",
        allow_abbrev=False,
    )
    options.add_to(made)
    made.add_argument(
        "--replay", metavar="FILE", help="do again what a finding's replay file says: FIXED, FAILED or ERROR"
    )
    made.add_argument("-k", dest="expression", metavar="EXPRESSION", help="run only the tests whose names match")
    made.add_argument("-x", dest="first", action="store_true", help="stop at the first finding")
    return made


def run(pack: Pack, words: Sequence[str]) -> int:
    """Runs the suite in a process of its own and prints the verdict that it left."""
    values = parser().parse_args(words)
    settings = options.settings(values)
    if values.replay:
        from gate.cli.replay import replay  # noqa: PLC0415  (its libraries would slow down every other command)

        return replay(settings, Path(values.replay), pack.contract)
    pack.profile(settings.profile)
    if settings.baseline:
        baseline.load(settings.baseline)
    report_directory.prepare(settings.report_dir)
    values.gate_report_dir = str(settings.report_dir)
    command = [sys.executable, "-m", "pytest", *pack.suite.words, *_forwarded(values)]
    return _concluded(settings, _supervised(command, pack.root))


def _forwarded(values: argparse.Namespace) -> list[str]:
    words: list[str] = []
    for option in OPTIONS:
        value = getattr(values, option.dest)
        if value is True:
            words.append(option.flag)
        elif isinstance(value, list):
            words += [f"{option.flag}={one}" for one in value]
        elif value is not None and value is not False:
            words.append(f"{option.flag}={value}")
    if values.expression:
        words += ["-k", values.expression]
    return [*words, *(["-x"] if values.first else []), "-q", "--no-header", "--tb=short", "--no-summary"]


def _supervised(command: Sequence[str], root: Path) -> int:
    """Runs ``command``, tells it of each wish to end, and waits for it to clean up."""
    env = {**os.environ, WRAPPED: "1"}
    # Where bytecode is not kept, pytest compiles its plugins anew in every process: seconds for each worker.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(command, cwd=root, env=env) as process:
        # A terminal interrupts both of us, whoever sends a signal may mean this process alone: it takes two for one.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.send_signal(signal.SIGINT))
        return process.wait()


def _concluded(settings: Settings, code: int) -> int:
    """Prints the verdict that the suite left and returns its exit code."""
    from rich.console import Console  # noqa: PLC0415  (as below)

    from gate.verdict import reports  # noqa: PLC0415  (needed only at the end, and 15 MB while the suite runs)
    from gate.verdict.verdict import read  # noqa: PLC0415  (as above)

    try:
        verdict = read(settings.report_dir)
    except GateError as error:
        raise GateError(
            f"The suite ended with code {code} and left no verdict.", "Its output above says why."
        ) from error
    reports.show(verdict, settings.report_dir, Console(highlight=False, soft_wrap=True))
    return verdict.exit_code(allow_partial=settings.allow_partial)
