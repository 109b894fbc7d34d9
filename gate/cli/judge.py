"""The main job: runs the suite of the pack against a target, and exits with the verdict."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

from gate.cli import kept, options
from gate.cli.command import Run
from gate.cli.guarded import LIBRARIES, closed, output_fault
from gate.core.errors import Exit, GateError
from gate.core.lifetime import Lifetime
from gate.core.options import collect, declared, given
from gate.core.settings import CALL, WRAPPED, Settings, load
from gate.core.surroundings import compose
from gate.session.pack import Pack
from gate.session.start import refuse
from gate.verdict import report_directory

EXAMPLES = """\
examples:
  gate                                   judge the service of this checkout
  gate --depth smoke --fail-fast         before a commit, up to the first group of findings
  gate --last-failed --fail-fast         after a change, what failed last time first
  gate --target containers --runner-image registry.example/service:1.2
  gate --target remote --base-url https://staging.example --read-only --job ID

Every option can also stand in the environment, as GATE_DEPTH, or in the table [gate] of gate.toml.
Exit codes: 0 pass, 1 the contract is broken, 2 usage, 3 the gate could not judge.
"""


LAST_LINES = 400
_ERROR = re.compile(r"(E +|INTERNALERROR> )?([\w.]+\.)?(?P<name>\w*(Error|Exception|Exit|Warning)): (?P<text>.+)")

_PLACE = re.compile(r"""(E +|INTERNALERROR> )? *(File ")?(?P<path>[^"]+\.py)(", line |:)(?P<line>\d+)""")


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
    parser.add_argument("-x", dest="gate_fail_fast", action="store_true", default=None, help="--fail-fast")


def judge(pack: Pack, values: Namespace) -> int:
    """Runs the suite in a process of its own, prints its verdict, and returns the exit code."""
    typed = given(pack.options, values)
    if values.replay:
        from gate.cli.replay import replay

        return replay(pack, typed, Path(values.replay))
    settings = load(pack.options, typed, directory=Path.cwd())
    report_directory.claim(settings.report_dir)
    refuse(settings, pack)
    typed["report_dir"] = str(settings.report_dir)
    words, variables = _forwarded(pack, typed)
    words += ["-q", "--no-header", "--tb=short", "--no-summary", "-pno:cacheprovider"]
    asked = json.dumps({"expression": values.expression or "", "words": sys.argv[1:]})
    command = [sys.executable, "-m", "pytest", *pack.suite.words, *words]
    run = Lifetime()
    stays = False

    def show(ended: Callable[[float], bool]) -> None:
        nonlocal stays
        stays = kept.printed(settings.report_dir, ended, lambda: _concluded(pack, settings, 0, ()))

    try:
        code, lines = _supervised(command, pack.root, {**variables, **run.environment, CALL: asked}, show)
        run.end()
        return _concluded(pack, settings, code, lines, printed=stays)
    finally:
        run.close()


def _forwarded(pack: Pack, typed: dict[str, object]) -> tuple[list[str], dict[str, str]]:
    """The options of the command line and of the file, for a process that has the same environment.

    They are variables, since everybody on the machine can read a command line, but for those that must be typed.
    """
    values, places = collect(pack.options, typed, os.environ, Path.cwd())
    words: list[str] = []
    variables: dict[str, str] = {}
    for option in declared(pack.options):
        value = values.get(option.name)
        if places.get(option.name) == option.variable or value is None or value is False:
            continue
        if option.option.typed:
            words.append(option.flag if value is True else f"{option.flag}={value}")
        else:
            text = shlex.join(value) if isinstance(value, list) else str(value)
            variables[option.variable] = "1" if value is True else text
    return words, variables


def discard(pack: Pack, words: Sequence[str]) -> None:
    """Removes the verdict of an earlier run from the report directory, as far as that is known already."""
    words = [part for word in words for part in (word.split("=", 1) if word.startswith("--report-dir=") else [word])]
    named = [path for word, path in pairwise(words) if word == "--report-dir"]
    typed = {"report_dir": named[-1]} if named else {}
    with suppress(GateError, OSError):  # which the run will report
        path = Path(str(collect(pack.options, typed, os.environ, Path.cwd())[0].get("report_dir", "reports")))
        if path.is_dir() and path.resolve() not in report_directory.held():
            report_directory.claim(path)
            report_directory.release(path)


def _supervised(
    command: Sequence[str], root: Path, more: Mapping[str, str], show: Callable[[Callable[[float], bool]], None]
) -> tuple[int, Sequence[str]]:
    """Runs ``command``, forwards signals to it as interrupts; its exit code and its last lines on standard error.

    ``show`` prints what there is before its end; it is given a wait for that, which returns whether it has come.
    """
    env = {**compose(os.environ), **more, WRAPPED: str(os.getpid())}
    locks = tuple(report_directory.held().values())  # held until the suite ends, too
    lines: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command, cwd=root, env=env, pass_fds=locks, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        reader = threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True)
        reader.start()
        # Ctrl-C reaches both processes, any other signal this one alone; the suite takes two for one.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.send_signal(signal.SIGINT))
        show(partial(_ended, process))
        process.wait()
        reader.join(timeout=1)  # a process that the suite left may have the pipe too
        return process.returncode, [line.rstrip() for line in lines]


def _ended(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _concluded(pack: Pack, settings: Settings, code: int, lines: Sequence[str], *, printed: bool = False) -> int:
    """Prints the verdict of the suite, unless that was ``printed``, and returns its exit code."""
    from rich.console import Console

    from gate.verdict import reports
    from gate.verdict.verdict import NAME, read

    if not (settings.report_dir / NAME).exists():
        raise _unjudged(settings, code, lines)
    verdict = read(settings.report_dir)
    if code and verdict.exit_code(allow_partial=settings.allow_partial) == Exit.PASS:
        raise _unjudged(settings, code, lines)
    wanted = (settings.depth, settings.seed, pack.profile(settings.profile).name)
    if wanted != (verdict.depth, verdict.seed, verdict.profile):
        message = f"The suite judged at depth {verdict.depth}, with seed {verdict.seed} and profile {verdict.profile}."
        raise GateError(message, "That is not what was asked for: look for options of pytest in files.")
    if not printed:
        reports.show(verdict, settings.report_dir, Console(highlight=False, soft_wrap=True))
    return verdict.exit_code(allow_partial=settings.allow_partial)


def _unjudged(settings: Settings, code: int, lines: Sequence[str]) -> GateError:
    """The reason why a suite wrote no verdict, in its own words."""
    from gate.targets.remote_run.access import redactor

    if fault := output_fault():
        return closed(fault)
    ended = f"it was ended by a signal ({signal.strsignal(-code)})." if code < 0 else f"it ended with code {code}."
    reason = last_words(lines) or ended
    missing = "No module named" in reason or "import" in reason.lower() or "required plugins" in reason
    path = settings.report_dir / report_directory.ERRORS
    hint = LIBRARIES if missing else f"Its last words are in {path}."
    try:
        path.write_text("\n".join([*map(redactor(settings), lines), ""]), encoding="utf-8", errors="replace")
    except OSError as error:
        hint = f"{path} cannot be written either: {error.strerror}. Free space, or name another --report-dir."
    return GateError(f"The suite could not judge: {reason.rstrip('.')}.", hint)


def last_words(lines: Sequence[str]) -> str:
    """The sentence that says why, among the lines that pytest or Python wrote to standard error; empty without any."""
    for number, line in reversed([*enumerate(lines)]):
        if line.startswith("ERROR: ") or ": error: " in line:
            return line.removeprefix("ERROR: ").rpartition(": error: ")[2]
        if error := _ERROR.match(line):
            ours = error["name"] in {"DocumentError", "GateError", "UsageError", "Exit"}
            return error["text"] if ours else f"{error['name']}: {error['text']}{_place(lines[:number])}"
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _place(lines: Sequence[str]) -> str:
    """The last place that a traceback names."""
    for line in reversed(lines):
        if place := _PLACE.match(line):
            return f" ({place['path']}:{place['line']})"
    return ""
