"""The main job: runs the suite of the pack against a target, and exits with the verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from gate.cli import options
from gate.cli.command import Run
from gate.core.errors import GateError
from gate.core.lifetime import Lifetime
from gate.core.options import collect, declared, given
from gate.core.settings import WRAPPED, Settings, load
from gate.core.surroundings import compose
from gate.session.pack import Pack
from gate.session.start import refuse
from gate.verdict import report_directory

EXAMPLES = """\
examples:
  gate                                   judge the service of this checkout
  gate --depth smoke -x                  before a commit, up to the first finding
  gate --target containers --runner-image registry.example/service:1.2
  gate --target remote --base-url https://staging.example --read-only --job ID

Every option can also stand in the environment, as GATE_DEPTH, or in the table [gate] of gate.toml.
Exit codes: 0 pass, 1 the contract is broken, 2 usage, 3 the gate could not judge.
"""


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the main job."""
    parser.description = (
        "Judges a build of a service: starts it, sends requests, checks what it answers and what it stores, and says "
        "whether it may ship."
    )
    parser.epilog = EXAMPLES
    add(parser, pack)
    return partial(judge, pack)


def add(parser: ArgumentParser, pack: Pack) -> None:
    """Adds the options of the main job."""
    options.add(parser, pack.options)
    parser.add_argument(
        "--replay", metavar="FILE", help="do again what a finding's replay file says: FIXED, FAILED or ERROR"
    )
    parser.add_argument("-k", dest="expression", metavar="EXPRESSION", help="run only the tests whose names match")
    parser.add_argument("-x", dest="first", action="store_true", help="stop at the first finding")


def judge(pack: Pack, values: Namespace) -> int:
    """Runs the suite in a process of its own, prints its verdict, and returns the exit code."""
    typed = given(pack.options, values)
    settings = load(pack.options, typed, directory=Path.cwd())
    refuse(settings, pack)
    if values.replay:
        from gate.cli.replay import replay  # noqa: PLC0415  (its libraries would slow down every other command)

        return replay(pack, settings, Path(values.replay))
    report_directory.prepare(settings.report_dir)
    typed["report_dir"] = str(settings.report_dir)
    words = [*_forwarded(pack, typed), "-q", "--no-header", "--tb=short", "--no-summary", "-pno:cacheprovider"]
    words += ["-k", values.expression] if values.expression else []
    words += ["-x"] if values.first else []
    command = [sys.executable, "-m", "pytest", *pack.suite.words, *words]
    run = Lifetime()
    try:
        code = _supervised(command, pack.root, run.environment)
        run.end()
        return _concluded(settings, code)
    finally:
        run.close()


def _forwarded(pack: Pack, typed: dict[str, object]) -> list[str]:
    """The options of the command line and of the file, for a process that has the same environment."""
    values, places = collect(pack.options, typed, os.environ, Path.cwd())
    words: list[str] = []
    for option in declared(pack.options):
        value = values.get(option.name)
        if places.get(option.name) == option.variable or value is None or value is False:
            continue
        if value is True:
            words.append(option.flag)
        else:
            words += [f"{option.flag}={each}" for each in (value if isinstance(value, list) else [value])]
    return words


def _supervised(command: Sequence[str], root: Path, more: Mapping[str, str]) -> int:
    """Runs ``command``, forwards signals to it as interrupts, and returns its exit code."""
    env = {**compose(os.environ), **more, WRAPPED: "1"}
    with subprocess.Popen(command, cwd=root, env=env) as process:
        # Ctrl-C reaches both processes, any other signal this one alone; the suite takes two for one.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.send_signal(signal.SIGINT))
        return process.wait()


def _concluded(settings: Settings, code: int) -> int:
    """Prints the verdict of the suite and returns its exit code."""
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
