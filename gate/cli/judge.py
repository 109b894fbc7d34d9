"""The main job: runs the suite of the pack against a target, and exits with the verdict."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

from gate.cli import kept, options
from gate.cli.child import last_words, started
from gate.cli.command import Run
from gate.cli.guarded import LIBRARIES, closed, output_fault
from gate.core.errors import Exit, GateError
from gate.core.findings import Finding
from gate.core.lifetime import Lifetime
from gate.core.options import collect, declared, given
from gate.core.settings import CALL, Settings, load, redactor
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
PLUGINS = ("-pallure_pytest", "-ptimeout", "-pxdist")
"""The plugins of pytest that the gate needs: others that are installed beside it could change what a test ends with."""


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
    add_options(parser, pack.options)


def add_options(parser: ArgumentParser, model: type[Settings]) -> None:
    """Adds the options of a settings model, and those of the command line alone."""
    options.add(parser, model)
    parser.add_argument(
        "--replay", metavar="FILE", help="do again what a finding's replay file says: FIXED, FAILED or ERROR"
    )
    parser.add_argument("-k", dest="expression", metavar="EXPRESSION", help="run only the tests whose names match")
    parser.add_argument("-v", "--verbose", action="store_true", help="print all that the tests print, with evidence")
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
    words += ["-q", "--no-header", "--tb=short", "--no-summary", "-pno:cacheprovider", *PLUGINS]
    asked = json.dumps({"expression": values.expression or "", "words": sys.argv[1:]})
    command = [sys.executable, "-m", "pytest", *pack.suite.words, *words]
    run = Lifetime()
    stays = False

    def show(ended: Callable[[float], bool]) -> None:
        nonlocal stays
        stays = kept.printed(settings.report_dir, ended, lambda: _concluded(pack, settings, 0, ()))

    try:
        more = {**variables, **run.environment, CALL: asked, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        code, lines = _followed(command, more, pack, settings, show, verbose=values.verbose)
        run.end()
        exit_code = _concluded(pack, settings, code, lines, printed=stays)
        sys.stdout.flush()
    except BaseException:
        _withdraw(settings)
        raise
    else:
        return exit_code
    finally:
        run.close()


def _withdraw(settings: Settings) -> None:
    """Removes a verdict that passes the build: the run ends otherwise, and whoever reads it later would not know."""
    from gate.verdict.verdict import NAME, read

    with suppress(GateError):
        if read(settings.report_dir).exit_code(allow_partial=settings.allow_partial) == Exit.PASS:
            (settings.report_dir / NAME).unlink()


def _followed(
    command: Sequence[str],
    more: Mapping[str, str],
    pack: Pack,
    settings: Settings,
    show: Callable[[Callable[[float], bool]], None],
    *,
    verbose: bool,
) -> tuple[int, Sequence[str]]:
    """Runs the suite and shows its progress; its exit code and its last lines on standard error.

    ``show`` prints what there is before its end; it is given a wait for that, which returns whether it has come.
    """
    from rich.console import Console

    from gate.cli.display import display, follow
    from gate.verdict import durations, times
    from gate.verdict.journal import Follower
    from gate.verdict.progress import KINDS, Progress

    listed = times.load(pack.root / pack.suite.times) if pack.suite.times else None
    usual = listed.of if listed else None
    progress = Progress(settings.workers, durations.read(pack.root), _cause_of(pack, settings), usual)
    follower = Follower(settings.report_dir / "journal", KINDS)
    output = settings.report_dir / report_directory.OUTPUT
    with started(command, pack.root, more, output, redactor(settings), verbose=verbose) as child:
        with display(Console(highlight=False), verbose=verbose) as screen:
            follow(child, progress, follower, screen, stays=(settings.report_dir / report_directory.KEPT).exists)
        show(child.ended)
        return child.conclude()


def _cause_of(pack: Pack, settings: Settings) -> Callable[[Sequence[Finding]], Finding | None]:
    """Chooses the finding nearest to the cause of a failure, of those that the profile does not accept."""

    def cause(findings: Sequence[Finding]) -> Finding | None:
        from gate.fuzz.codes import whole

        whole(pack)  # loaded for a failure alone
        profile = pack.profile(settings.profile)
        standing = (finding for finding in findings if not profile.deviation_of(finding))
        return min(standing, key=lambda finding: finding.nearness, default=None)

    return cause


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


def _concluded(pack: Pack, settings: Settings, code: int, lines: Sequence[str], *, printed: bool = False) -> int:
    """Prints the verdict of the suite, unless that was ``printed``, and returns its exit code."""
    from rich.console import Console

    from gate.verdict import durations, terminal
    from gate.verdict.verdict import NAME, read

    if not (settings.report_dir / NAME).exists():
        raise _unjudged(settings, code, lines)
    verdict = read(settings.report_dir)
    if code and verdict.exit_code(allow_partial=settings.allow_partial) == Exit.PASS:
        before = f"{settings.report_dir / NAME} says {verdict.verdict.upper()}, but the suite {_end(code)}"
        raise _unjudged(settings, code, lines, before)
    wanted = (settings.depth, settings.seed, pack.profile(settings.profile).name)
    if wanted != (verdict.depth, verdict.seed, verdict.profile):
        message = f"The suite judged at depth {verdict.depth}, with seed {verdict.seed} and profile {verdict.profile}."
        raise GateError(message, "That is not what was asked for: look for options of pytest in files.")
    if not printed:
        durations.write(pack.root, {test.id: test.seconds for test in verdict.tests})
        terminal.show(verdict, settings.report_dir, Console(highlight=False, soft_wrap=True))
    return verdict.exit_code(allow_partial=settings.allow_partial)


def _end(code: int) -> str:
    return f"was ended by a signal ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"


def _unjudged(settings: Settings, code: int, lines: Sequence[str], before: str = "") -> GateError:
    """The reason why a suite wrote no verdict, or contradicts it as ``before`` says, in its own words."""
    if fault := output_fault():
        return closed(fault)
    if not settings.report_dir.is_dir():
        message = f"The report directory {settings.report_dir} was removed while the run went on."
        raise GateError(message, "Name one with --report-dir that nobody else clears.")
    reason = ": ".join(filter(None, (before, last_words(lines)))) or f"it {_end(code)}"
    missing = "No module named" in reason or "import" in reason.lower() or "required plugins" in reason
    path = settings.report_dir / report_directory.ERRORS
    hint = LIBRARIES if missing else f"Its last words are in {path}."
    try:
        path.write_text("\n".join([*map(redactor(settings), lines), ""]), encoding="utf-8", errors="replace")
    except OSError as error:
        hint = f"{path} cannot be written either: {error.strerror}. Free space, or name another --report-dir."
    return GateError(f"The suite could not judge: {reason.rstrip('.')}.", hint)
