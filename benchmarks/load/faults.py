"""Causes of faults: each is begun, lasts for some seconds, and is ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil
import psycopg

from beacon.router import Answer, Drop, Hang, NotJson, Raw, Status
from beacon.router.behaviours import Behaviour
from benchmarks.load.stage import Stage
from gate.core.errors import GateError, MachineLacks

SECONDS = 2.0
"""The length of a fault, where its cause gives none."""
MUTE_SECONDS = 6.0
HUGE_BYTES = 8_000_000
Act = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of faults.

    ``away`` says that the runner's own process is away meanwhile, so that no answer is right; ``router`` that calls of
    the router fail, so that executions may fail; ``killed`` that calls may be repeated, as also where a process loses
    its connections and with them its jobs to the other; ``seconds`` how long it lasts.
    """

    id: str
    title: str
    begin: Act
    end: Act
    seconds: float = SECONDS
    away: bool = False
    router: bool = False
    killed: bool = False


def _ignore(_: Stage) -> None:
    return


def _kill(stage: Stage) -> None:
    stage.system.kill()


def _start(stage: Stage) -> None:
    stage.system.start()


def _kill_other(stage: Stage) -> None:
    for other in stage.others.values():
        other.kill()


def _start_other(stage: Stage) -> None:
    for other in stage.others.values():
        other.start()


def _suspend(stage: Stage) -> None:
    for process in stage.living()[:1]:
        process.suspend()


def _resume(stage: Stage) -> None:
    for process in stage.living()[:1]:
        process.resume()


def _terminate(stage: Stage) -> None:
    stage.system.stop()


def _halt(how: str) -> Act:
    return lambda stage: stage.server.halt(how)


def _start_server(stage: Stage) -> None:
    stage.server.start_again()


def _disconnect(stage: Stage) -> None:
    stage.administer(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{stage.database}'"
        " AND application_name LIKE 'beacon-runner-%'"
    )


def _writes(state: str) -> Act:
    def act(stage: Stage) -> None:
        stage.administer(f"ALTER DATABASE {stage.database} SET default_transaction_read_only = {state}")
        _disconnect(stage)

    return act


_taken: list[psycopg.Connection[tuple[object, ...]]] = []


def _use_up(stage: Stage) -> None:
    _disconnect(stage)
    limit = time.monotonic() + SECONDS
    while time.monotonic() < limit:  # the runner connects again meanwhile, and is ended again
        try:
            _taken.append(psycopg.connect(stage.database_url, connect_timeout=2))
        except psycopg.OperationalError:
            return
    raise GateError("Postgres took more connections than it was told to.")


def _give_back(_: Stage) -> None:
    while _taken:
        with contextlib.suppress(psycopg.Error):
            _taken.pop().close()


def _use_up_descriptors(stage: Stage) -> None:
    if not hasattr(psutil, "RLIMIT_NOFILE"):
        raise MachineLacks("What a running process may open can be limited on Linux alone.")
    for process in stage.living():
        _, most = process.rlimit(psutil.RLIMIT_NOFILE)
        process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), most))


def _give_descriptors(stage: Stage) -> None:
    for process in stage.living():
        _, most = process.rlimit(psutil.RLIMIT_NOFILE)
        process.rlimit(psutil.RLIMIT_NOFILE, (most, most))


def _path(verb: str, *arguments: float, new: bool = False) -> Act:
    def act(stage: Stage) -> None:
        if stage.relay is not None:
            getattr(stage.relay, verb)(*arguments, **({"new": True} if new else {}))

    return act


def _router_path(verb: str, *arguments: float) -> Act:
    def act(stage: Stage) -> None:
        if stage.router.relay is not None:
            getattr(stage.router.relay, verb)(*arguments)

    return act


def _router(behaviour: Behaviour, times: int | None = None) -> Act:
    return lambda stage: stage.router.on(behaviour, times=times)


def _behave(stage: Stage) -> None:
    stage.router.behave()


LIE = Raw((b'{"success": true, "response": "cut', b" off"), headers={"content-length": "100000"}, cut=True)
CAUSES: Mapping[str, Cause] = {
    cause.id: cause
    for cause in (
        Cause("kill", "the runner is killed and started again", _kill, _start, away=True, killed=True),
        Cause("kill-other", "another process of the runner is killed", _kill_other, _start_other, killed=True),
        Cause("suspend", "the runner gets no processor time", _suspend, _resume, seconds=5.0, away=True, killed=True),
        Cause("terminate", "the runner is asked to end", _terminate, _start, 0.2, away=True, killed=True),
        Cause(
            "no-descriptors",
            "the runner can open no more files and connections",
            _use_up_descriptors,
            _give_descriptors,
        ),
        Cause("database-fast", "Postgres is shut down and started again", _halt("INT"), _start_server, killed=True),
        Cause("database-crash", "Postgres ends without a shutdown", _halt("QUIT"), _start_server, killed=True),
        Cause("disconnect", "every connection to Postgres is ended", _disconnect, _ignore, 0.2),
        Cause("cut", "the path to Postgres is cut", _path("cut"), _path("restore"), killed=True),
        Cause(
            "mute",
            "the connections to Postgres go silent",
            _path("silence"),
            _path("restore"),
            MUTE_SECONDS,
            killed=True,
        ),
        Cause(
            "mute-all", "the path is silent", _path("silence", new=True), _path("restore"), MUTE_SECONDS, killed=True
        ),
        Cause("slow", "the path to Postgres is slow", _path("slow", 0.03), _path("restore")),
        Cause("read-only", "Postgres takes no writes", _writes("on"), _writes("off")),
        Cause("used-up", "Postgres has no connection left", _use_up, _give_back, killed=True),
        Cause(
            "router-away", "the path to the router is cut", _router_path("cut"), _router_path("restore"), router=True
        ),
        Cause("router-slow", "the router takes seconds", _router(Answer(latency=3.0)), _behave),
        Cause(
            "router-drip", "the router sends bytes one by one", _router_path("drip", 0.001, 20), _router_path("restore")
        ),
        Cause("router-hang", "the router does not answer", _router(Hang()), _behave),
        Cause("router-closing", "the router closes connections", _router(Drop()), _behave, router=True),
        Cause("router-lie", "the router sends less than it says", _router(LIE), _behave, router=True),
        Cause("router-error", "the router answers 500", _router(Status(500)), _behave, router=True),
        Cause("router-text", "the router answers no JSON", _router(NotJson()), _behave, router=True),
        Cause("router-huge", "the router sends 8 MB", _router(Answer(text="x" * HUGE_BYTES), 8), _behave),
    )
}


def begun_and_ended(cause: Cause, stage: Stage, over: Callable[[float], bool]) -> None:
    """Begin a fault, wait until its time is ``over``, and end it, whatever happened meanwhile."""
    cause.begin(stage)
    try:
        over(cause.seconds)
    finally:
        cause.end(stage)
