"""The command line: ``python -m gate`` runs the suite against a target and exits with the verdict."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gate.core import settings as options
from gate.core.errors import Exit, GateError, UsageError
from gate.core.settings import HARNESS, OPTIONS, ROOT, WRAPPED, Settings
from gate.verdict import report_directory

if TYPE_CHECKING:
    from rich.console import Console

    from gate.verdict.verdict import Verdict

SUITE = ("tests", f"--ignore={HARNESS}")
"""What the gate judges with: everything but the tests of the harness itself."""
COMMANDS = {
    "explain": "gate.cli.main",
    "diff": "gate.cli.diff",
    "drift": "gate.cli.drift",
    "defects": "benchmarks.defects.cli",
    "cleanup": "gate.targets.remote_run.cleanup",
    "stage": "gate.cli.stage",
    "annotate": "gate.verdict.annotations",
}
"""Other commands, each a function of its name in a module that is loaded for it alone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; every error is one sentence, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does that to what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if words and words[0] in COMMANDS:
            command: Callable[[Sequence[str]], int] = getattr(import_module(COMMANDS[words[0]]), words[0])
            return command(words[1:])
        return run(words)
    except GateError as error:
        _console(stderr=True).print(f"gate: {error}", style="red", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        _console(stderr=True).print("gate: interrupted.")
        return Exit.UNJUDGED


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console  # noqa: PLC0415  (the suite is to start before what only its end needs is loaded)

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


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


def run(words: Sequence[str]) -> int:
    """Runs the suite in a process of its own and prints the verdict that it left."""
    values = parser().parse_args(words)
    settings = options.settings(values)
    if values.replay:
        from gate.cli.replay import replay  # noqa: PLC0415  (its libraries would slow down every other command)

        return replay(settings, Path(values.replay))
    report_directory.prepare(settings.report_dir)
    values.gate_report_dir = str(settings.report_dir)
    command = [sys.executable, "-m", "pytest", *SUITE, *_forwarded(values)]
    code = _supervised(command)
    verdict = _read(settings, code)
    from gate.verdict import reports  # noqa: PLC0415  (needed only at the end, and 15 MB while the suite runs)

    reports.show(verdict, settings.report_dir, _console())
    return verdict.exit_code(allow_partial=settings.allow_partial)


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


def _supervised(command: Sequence[str]) -> int:
    """Runs ``command``, tells it of each wish to end, and waits for it to clean up."""
    env = {**os.environ, WRAPPED: "1"}
    # Where bytecode is not kept, pytest compiles its plugins anew in every process: seconds for each worker.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(command, cwd=ROOT, env=env) as process:
        # A terminal interrupts both of us, whoever sends a signal may mean this process alone: it takes two for one.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.send_signal(signal.SIGINT))
        return process.wait()


def _read(settings: Settings, code: int) -> Verdict:
    from gate.verdict.verdict import Verdict  # noqa: PLC0415  (needed only at the end)

    path = settings.report_dir / "verdict.json"
    try:
        return Verdict.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GateError(
            f"The suite ended with code {code} and left no verdict.", "Its output above says why."
        ) from error


def explain(words: Sequence[str]) -> int:
    """Prints what a finding's code means; all codes without one."""
    made = argparse.ArgumentParser(prog="gate explain", description="Says what a finding's code means.")
    made.add_argument("code", nargs="?", help="for example BG-HTTP-001; all of them without it")
    code = made.parse_args(words).code
    from gate.contract.diff.rules import rules  # noqa: PLC0415  (its libraries would slow down every other command)
    from gate.core.findings import catalogue  # noqa: PLC0415  (needed by this command alone)

    known = catalogue() | rules()
    if code and code.upper() not in known:
        raise UsageError(f"{code} is no code of a finding.", f"Expected one of {', '.join(known)}.")
    for kind in [known[code.upper()]] if code else known.values():
        print(f"{kind.code} ({kind.severity}): {kind.title}.\n  {kind.explanation}")
    return Exit.PASS
