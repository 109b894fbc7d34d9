"""The processes of the demo on this machine."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from beacon.checkout import ROOT
from beacon.demo import answers, jobs
from beacon.router import Router
from beacon.service import ROUTER, SERVICE
from gate.core.errors import GateError, UsageError
from gate.core.surroundings import environment
from gate.targets.embedded import EmbeddedTarget
from gate.targets.postgres.supervision import free_port
from gate.targets.process import ServiceProcess, search_path

PORT = 8090
SETTINGS = {
    "RUNNER_PORTAL": str(ROOT / "portal"),
    "RUNNER_ROUTER_TIMEOUT_SECONDS": "86400",  # the pending job stays pending
    "RUNNER_EXECUTIONS_PARALLEL": "64",
}


@dataclass(frozen=True)
class Stack:
    """A runner that answers at ``url``, and what it uses."""

    url: str
    process: ServiceProcess
    router: Router

    def fill(self) -> None:
        """Submits the jobs of the demo; they end soon afterwards."""
        jobs.submit(self.url)

    def settle(self) -> int:
        """Waits until the jobs are in their states, and counts them; later jobs get answers at the pace of a model."""
        try:
            jobs.wait_for(self.url)
        except GateError:
            self._check(1.0)
            raise
        answers.program(self.router, answers.LATENCIES)
        return len(jobs.DEMO)

    def watch(self) -> NoReturn:
        """Blocks while the runner runs; GateError when it ends."""
        while True:
            self._check(0.5)

    def _check(self, seconds: float) -> None:
        if ended := self.process.ended(seconds):
            raise GateError(
                f"The runner ended with exit code {ended.code}.", "Start the demo again.", tuple(ended.lines)
            )


def port_of(wanted: int | None) -> int:
    """A port for the portal: the wanted one, else PORT or, where that is in use, any free one.

    UsageError where the wanted port is in use.
    """
    if wanted == 0 or (wanted is None and not _free(PORT)):
        return free_port()
    if wanted is not None and not _free(wanted):
        raise UsageError(f"Port {wanted} is in use.", "Give --port another one, or leave it out.")
    return wanted or PORT


def _free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise UsageError(f"Port {port} needs privileges.", "Give --port a number from 1024 on.") from error
        except OSError:
            return False
    return True


@contextlib.contextmanager
def running(port: int) -> Iterator[Stack]:
    """Runs Postgres, the router stand-in and a runner on ``port``; all of it is gone afterwards."""
    with contextlib.ExitStack() as stack:
        service = replace(SERVICE, env={**SETTINGS, "RUNNER_RATE_LIMIT": ""})
        target = EmbeddedTarget(service, warm=True, say=lambda _: None)
        stack.callback(target.stop)
        shared = target.start()
        router = stack.enter_context(Router())
        answers.program(router)
        own = {"PATH": search_path(), "PYTHONUNBUFFERED": "1", ROUTER: router.url}
        env = {**own, **service.env, service.database_env: target.database(shared)}
        process = ServiceProcess(service, env=environment(env, drop=service.own_env), choose_port=lambda: port)
        stack.callback(process.kill)  # its database goes too, so a graceful end would save nothing
        process.start()
        yield Stack(f"http://127.0.0.1:{port}", process, router)
