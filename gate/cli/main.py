"""The command line: runs a command, or the main job, and returns the exit code."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from gate import __version__
from gate.cli.command import Command, Run
from gate.cli.guarded import guarded
from gate.cli.parser import Parser
from gate.core.errors import Exit, UsageError
from gate.core.texts import like

if TYPE_CHECKING:
    from gate.session.pack import Pack  # what it is made of would slow down every command


_NO_RUN = {"-h", "--help", "--version", "--replay"}


def main(pack: Pack | None = None, commands: Sequence[Command] = (), arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; every error is one sentence, never a traceback.

    Args:
        pack: the service that is judged; without it only what needs no service works.
        commands: further commands; one with a name of the gate's own stands in its place.
        arguments: the words of the command line; those of this process by default.

    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does that to what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return guarded(lambda: _run(pack, {command.name: command for command in (*_commands(pack), *commands)}, words))


def _run(pack: Pack | None, commands: Mapping[str, Command], words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if pack and (words[:1] in ([], ["stage"]) or words[0].startswith("-")) and not _NO_RUN & set(words):
        from gate.cli.judge import discard

        discard(pack, words)  # before anything can be wrong with the options
    if words and words[0] in commands:
        parser = Parser(prog=f"gate {words[0]}")
        return commands[words[0]].prepare(parser)(parser.parse_args(words[1:]))
    if words and not words[0].startswith("-"):
        raise UsageError(f"There is no command {words[0]!r}.", f"{like(words[0], commands)} See `gate --help`.".strip())
    if not {"-h", "--help", "--version"} & set(words):
        _needed(pack)
    parser = Parser(prog="gate", usage="gate [OPTION ...]\n       gate COMMAND [OPTION ...]")
    parser.add_argument("--version", action="version", version=f"gate {__version__}")
    run = _main_job(parser, pack)
    if {"-h", "--help"} & set(words):
        listed = parser.add_subparsers(title="commands", metavar="COMMAND")
        for command in commands.values():
            listed.add_parser(command.name, help=command.summary)
    return run(parser.parse_args(words))


def _main_job(parser: ArgumentParser, pack: Pack | None) -> Run:
    if pack is None:
        parser.description = "Compares contracts and explains findings. A pack is needed to judge a service."
        return lambda _: Exit.USAGE
    from gate.cli.judge import prepare

    return prepare(parser, pack)


def _needed(pack: Pack | None) -> Pack:
    if pack is None:
        raise UsageError("A pack is needed to judge.", "It says what the service is and what it promises.")
    return pack


def _doctor(parser: ArgumentParser) -> Run:
    from gate.cli.doctor import prepare

    return prepare(parser)


def _annotate(parser: ArgumentParser) -> Run:
    from gate.cli.annotate import prepare

    return prepare(parser)


def _merge(pack: Pack | None, parser: ArgumentParser) -> Run:
    from gate.cli.merge import prepare

    return prepare(parser, _needed(pack))


def _report(parser: ArgumentParser) -> Run:
    from gate.cli.report import prepare

    return prepare(parser)


def _init(parser: ArgumentParser) -> Run:
    from gate.cli.init import prepare

    return prepare(parser)


def _judge(parser: ArgumentParser) -> Run:
    from gate.cli.service import prepare

    return prepare(parser)


def _commands(pack: Pack | None) -> tuple[Command, ...]:
    """The gate's own commands; the module of each is loaded for it alone."""

    def explain(parser: ArgumentParser) -> Run:
        from gate.cli.explain import prepare

        return prepare(parser, pack)

    def diff(parser: ArgumentParser) -> Run:
        from gate.cli.diff import prepare

        return prepare(parser, pack.openapi.relative_to(pack.root).as_posix() if pack else None)

    def drift(parser: ArgumentParser) -> Run:
        from gate.cli.drift import prepare

        return prepare(parser, _needed(pack))

    def cleanup(parser: ArgumentParser) -> Run:
        from gate.cli.cleanup import prepare

        return prepare(parser, pack)

    def stage(parser: ArgumentParser) -> Run:
        from gate.cli.stage import prepare

        return prepare(parser, _needed(pack))

    def update(parser: ArgumentParser) -> Run:
        from gate.cli.update import prepare

        return prepare(parser, _needed(pack))

    return (
        Command("init", "look at a service and declare it in gate.toml", _init),
        Command("judge", "judge the service that gate.toml declares", _judge),
        Command("explain", "print what the code of a finding means", explain),
        Command("diff", "print what a change of the published contract breaks", diff),
        Command("drift", "print where contract, service and suite differ", drift),
        Command("stage", "judge as a stage of a rollout asks for", stage),
        Command("cleanup", "remove what a killed run left, here or on a service elsewhere", cleanup),
        Command("merge", "make one verdict of the shards of a run", partial(_merge, pack)),
        Command("annotate", "put a verdict on a pull request", _annotate),
        Command("report", "make the Allure report of a run", _report),
        Command("doctor", "print what works on this machine, and what brings the rest", _doctor),
        Command("update", "write the files that are generated", update),
    )
