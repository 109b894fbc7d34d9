"""Starts by a fork: processes of a Python module that a server has loaded once for all of them.

A start that differs in a variable which a library may read while it loads, such as those of Python, is a real one.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gate.core import guard, lifetime
from gate.core.waiting import deadline
from gate.targets import Process, fork_server
from gate.targets.forked import ForkedChild, ForkedCommand
from gate.targets.postgres.supervision import Watched

ADDRESS = "fork_server"
"""Key of the server's address in what a target hands to the workers."""


def in_earnest(shared: Mapping[str, str]) -> dict[str, str]:
    """The data that a target hands to the workers, without the server: every start with it is a real one."""
    return {name: value for name, value in shared.items() if name != ADDRESS}


class ForkServer:
    """The server, which this process starts for all workers and ends."""

    def __init__(self, modules: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        directory = lifetime.root() / f"{guard.PREFIX}{secrets.token_hex(4)}"
        self._watched = Watched(directory)
        self.address = str(directory / "forks")
        command = [sys.executable, fork_server.__file__, self.address, *modules]
        self._watched.run(command, env=env, cwd=cwd)

    def listening(self) -> bool:
        """Wait until it listens, while it loads; False where it does not."""
        limit = time.monotonic() + deadline("ready")
        while not Path(self.address).exists():
            if self._watched.wait(0.005) is not None or time.monotonic() > limit:
                return False
        return True

    def close(self) -> None:
        """End it and its children."""
        self._watched.close()


class Forks:
    """The starts of one target by the fork server at an address, with ``base`` as the environment of all of them.

    Args:
        modules: by the name of a module that ``python -m`` runs, those that the server loads for it.
        own: beginnings of variables that such a module reads when it runs, and that differ from start to start.
        base: the environment of the server.
        cwd: the directory of all starts.

    """

    def __init__(
        self, modules: Mapping[str, Sequence[str]], own: Sequence[str], base: Mapping[str, str], cwd: Path
    ) -> None:
        self._modules = modules
        self._own = (*own,)
        self._base = self._foreign(base)
        self._cwd = cwd
        self._server: ForkServer | None = None

    def _foreign(self, env: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in env.items() if not name.startswith(self._own)}

    def open(self, commands: Sequence[Sequence[str]]) -> None:
        """Start the server, if any of these commands can be forked; OSError where it cannot be."""
        if loaded := sorted({name for command in commands for name in self._modules.get(self.module_of(command), ())}):
            self._server = ForkServer(loaded, self._base, self._cwd)

    def address(self) -> dict[str, str]:
        """The data that a worker needs to use the server; empty where there is none."""
        return {ADDRESS: self._server.address} if self._server and self._server.listening() else {}

    def module_of(self, command: Sequence[str]) -> str:
        """The module that a command runs, if the server loads it; else empty."""
        plain = len(command) > 2 and (command[0], command[1]) == (sys.executable, "-m")
        return command[2] if plain and command[2] in self._modules else ""

    def _fit(self, shared: Mapping[str, str], command: Sequence[str], env: Mapping[str, str]) -> bool:
        return ADDRESS in shared and bool(self.module_of(command)) and self._foreign(env) == self._base

    def service(self, shared: Mapping[str, str], command: Sequence[str], env: Mapping[str, str]) -> ForkedChild | None:
        """A service that runs from now on; None where it has to be started in earnest."""
        if not self._fit(shared, command, env):
            return None
        child = ForkedChild(shared[ADDRESS])
        try:
            child.run(command, env=env, cwd=self._cwd)
        except (OSError, ValueError):  # the module does not load, and a real start says why
            return None
        return child

    def command(self, shared: Mapping[str, str], command: Sequence[str], env: Mapping[str, str]) -> Process | None:
        """A command that runs from now on; None where it has to be started in earnest."""
        if not self._fit(shared, command, env):
            return None
        try:
            return ForkedCommand(shared[ADDRESS], command, env, self._cwd)
        except (OSError, ValueError):  # as above
            return None

    def close(self) -> None:
        """End the server and its children; safe to call twice."""
        if self._server:
            self._server.close()
            self._server = None
