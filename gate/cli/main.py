"""The command line: runs a command, or the main job, and returns the exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from gate.cli.command import Command
from gate.core.errors import Exit, GateError, UsageError
from gate.session.pack import Pack


def main(pack: Pack | None = None, commands: Sequence[Command] = (), arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; every error is one sentence, never a traceback.

    Args:
        pack: the service that is judged; without it only what needs no service works.
        commands: further commands, beside the gate's own.
        arguments: the words of the command line; those of this process by default.

    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does that to what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    known = {command.name: command for command in (*_commands(pack), *commands)}
    try:
        if words and words[0] in known:
            return known[words[0]].run(words[1:])
        from gate.cli.judge import run

        return run(_needed(pack), words)
    except GateError as error:
        _say(f"gate: {error}", "red")
        return error.exit_code
    except KeyboardInterrupt:
        _say("gate: interrupted.")
        return Exit.UNJUDGED


def _say(text: str, style: str | None = None) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style=style, markup=False)


def _needed(pack: Pack | None) -> Pack:
    if pack is None:
        raise UsageError("A pack is needed to judge.", "It says what the service is and what it promises.")
    return pack


def _commands(pack: Pack | None) -> tuple[Command, ...]:
    """The gate's own commands; the module of each is loaded for it alone."""

    def explain(words: Sequence[str]) -> int:
        from gate.cli.explain import explain

        return explain(words)

    def diff(words: Sequence[str]) -> int:
        from gate.cli.diff import diff

        return diff(words, pack.openapi.relative_to(pack.root).as_posix() if pack else None)

    def drift(words: Sequence[str]) -> int:
        from gate.cli.drift import drift

        return drift(_needed(pack), words)

    def cleanup(words: Sequence[str]) -> int:
        from gate.targets.remote_run.cleanup import cleanup

        return cleanup(_needed(pack).service.remote, words)

    def stage(words: Sequence[str]) -> int:
        from gate.cli.stage import stage

        return stage(_needed(pack), words)

    def annotate(words: Sequence[str]) -> int:
        from gate.verdict.annotations import annotate

        return annotate(words)

    return (
        Command("explain", "say what the code of a finding means", explain),
        Command("diff", "say what a change of the published contract breaks", diff),
        Command("drift", "say where contract, service and suite differ", drift),
        Command("cleanup", "remove what a run that was killed left on a remote target", cleanup),
        Command("stage", "judge as a stage of a rollout asks for", stage),
        Command("annotate", "put a verdict on a pull request", annotate),
    )
