"""The process of the clients: Locust with its own master and workers, under a watchdog."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from beacon.checkout import ROOT
from benchmarks.load.plan import Order
from gate.core.errors import GateError
from gate.core.surroundings import environment
from gate.targets.postgres.supervision import LAST_LINES, Watched

TRAFFIC = "benchmarks/load/traffic.py"
STOP_SECONDS = 10.0
"""Time for the requests under way when the duration is over, and for the end of the process when it is interrupted."""


def require() -> None:
    """Raise GateError where Locust is not installed."""
    if find_spec("locust") is None:
        raise GateError("Locust is not installed.", "Run ./scripts/gate load, or uv sync --group load.")


class Clients:
    """Locust, from its start until ``close``.

    Args:
        order: what is sent.
        base_url: of the runner.
        directory: for the order and the answers.
        processes: how many workers Locust has, beside its master; 1 is a process for both.

    """

    def __init__(self, order: Order, base_url: str, directory: Path, processes: int) -> None:
        self.answers = directory / "answers.jsonl"
        self.answers.unlink(missing_ok=True)
        path = directory / "order.json"
        path.write_text(json.dumps(order.as_dict()), encoding="utf-8")
        words = ["--headless", "--only-summary", "--loglevel=ERROR", "--exit-code-on-error=0", f"--host={base_url}"]
        words += [f"--users={order.users}", f"--spawn-rate={order.users}", f"--run-time={order.seconds:g}s"]
        words += [f"--stop-timeout={STOP_SECONDS:g}", *([f"--processes={processes}"] if processes > 1 else [])]
        more = {"LOAD_ORDER": str(path), "LOAD_ANSWERS": str(self.answers), "PYTHONPATH": str(ROOT)}
        self._watched = Watched()
        self._watched.run(
            [sys.executable, "-m", "locust", "-f", TRAFFIC, *words],
            env=environment(more),
            cwd=ROOT,
            end=("INT", STOP_SECONDS),
        )

    @property
    def pid(self) -> int:
        """The process id of Locust."""
        return self._watched.pid

    def ended(self, seconds: float) -> bool:
        """Wait for the end; GateError where the clients failed."""
        code = self._watched.wait(seconds)
        if code:
            last = tuple(self._watched.lines[-LAST_LINES:])
            raise GateError(f"The clients ended with exit code {code}.", "Their last lines follow.", last)
        return code is not None

    def close(self) -> None:
        """End the clients; safe to call twice."""
        self._watched.close()
