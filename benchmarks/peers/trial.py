"""One tool on one runner: a clean one, or one with a defect."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from beacon.checkout import MIGRATE_COMMAND, ROOT, RUNNER_COMMAND
from beacon.contract import PATH as PUBLISHED
from benchmarks.defects.catalogue import OF_FILES, Defect
from benchmarks.defects.trial import PATCHED, Stopped, checkout
from benchmarks.peers.tools import Heard, Tool
from gate.core.errors import GateError
from gate.targets import RunnerSpec
from gate.targets.embedded import EmbeddedTarget
from gate.targets.process import Watched

LONGEST_SECONDS = 900.0
"""What one command of a tool may take."""
OUT_OF_REACH = frozenset({"portal", "payload"})
"""Kinds of defects that no tool can see that is given a contract and a runner: of a client, or of what it sends."""
NOTHING = Heard(frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one tool said of one runner; ``defect`` is empty for the clean one, ``error`` says why it said nothing."""

    tool: str
    defect: str
    seconds: float = 0.0
    heard: Heard = NOTHING
    error: str = ""


def trials(defect: Defect | None, among: Sequence[Tool], seed: int, stop: threading.Event) -> Iterator[Trial]:
    """Each tool on a fresh runner with the defect, or on a clean one without; Stopped when ``stop`` is set."""
    name = defect.id if defect else ""
    try:
        with _target(defect) as (target, contract):
            shared = target.start()
            for tool in among:
                try:
                    system = target.system(shared)
                    try:
                        yield _run(tool, name, contract, system.base_url, seed, stop)
                    finally:
                        system.close()
                except GateError as error:
                    yield Trial(tool.name, name, error=str(error).splitlines()[0])
    except GateError as error:
        yield from (Trial(tool.name, name, error=str(error).splitlines()[0]) for tool in among)


def _run(tool: Tool, name: str, contract: Path, base_url: str, seed: int, stop: threading.Event) -> Trial:
    with tempfile.TemporaryDirectory(prefix="gate-peers-") as directory:
        started = time.monotonic()
        output = "\n".join(
            line
            for command in tool.commands(contract, base_url, seed)
            for line in _output(command, Path(directory), stop)
        )
        seconds = time.monotonic() - started
        return Trial(tool.name, name, seconds, tool.heard(Path(directory), output))


def _output(command: Sequence[str], directory: Path, stop: threading.Event) -> list[str]:
    """What a command prints; GateError when it takes too long, Stopped when ``stop`` is set."""
    local = "127.0.0.1,localhost"  # the runner is on this machine: no proxy stands between, whatever the shell says
    watched = Watched()
    try:
        watched.run(command, env={**os.environ, "NO_PROXY": local, "no_proxy": local}, cwd=directory)
        limit = time.monotonic() + LONGEST_SECONDS
        while watched.wait(0.1) is None:
            if stop.is_set():
                raise Stopped
            if time.monotonic() > limit:
                raise GateError(f"{Path(command[0]).name} was not done after {LONGEST_SECONDS:g} s.")
    except OSError as error:
        raise GateError(f"{command[0]} cannot be executed: {error.strerror}.") from error
    finally:
        watched.close()
    return watched.lines


@contextmanager
def _target(defect: Defect | None) -> Iterator[tuple[EmbeddedTarget, Path]]:
    """A target whose runner has the defect, and the contract as it is then published."""
    with checkout([defect] if defect else []) as root:
        serve, migrate = RUNNER_COMMAND, MIGRATE_COMMAND
        if defect and defect.kind not in OF_FILES:
            serve = f"python -m {PATCHED} {defect.id} serve"
        if defect and defect.kind == "migration":
            migrate = f"python -m {PATCHED} {defect.id} migrate"
        target = EmbeddedTarget(RunnerSpec(serve, migrate), warm=True, keep=False, root=root, say=lambda _: None)
        try:
            yield target, root / PUBLISHED.relative_to(ROOT)
        finally:
            target.stop()
