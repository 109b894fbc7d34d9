"""``gate doctor``: prints what works on this machine, and the command that brings what is missing."""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from gate.cli.command import Run
from gate.core import isolation
from gate.core.browser import command, find
from gate.core.errors import Exit, GateError
from gate.core.lifetime import MEMORY
from gate.core.resources import FILES_NEEDED, PORTS_NEEDED, WIDEN, local_ports, room
from gate.core.surroundings import environment
from gate.targets.engine import connect
from gate.targets.postgres.binaries import find_binaries, named
from gate.targets.postgres.server import MEMORY_NEEDED

GIGABYTE = 2**30
LIBRARIES = ("hypothesis", "httpx", "jsonschema_rs", "psycopg", "pydantic", "pytest", "xdist")


@dataclass(frozen=True, slots=True)
class Missing(Exception):  # noqa: N818 (a state of affairs, not a fault)
    """A means that is missing: its state, and the command that brings it."""

    state: str
    command: str


def python() -> str:
    """The interpreter and the libraries."""
    absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if absent:
        raise Missing(f"without {', '.join(absent)}", "uv sync --locked")
    return sys.version.split()[0]


def postgres() -> str:
    """The programs of the embedded Postgres, for this user."""
    try:
        binaries = find_binaries()
        named()
    except GateError as error:
        raise Missing(error.message, error.hint) from error
    return f"{binaries.version} in {binaries.directory}"


def ports() -> str:
    """The local ports."""
    number = local_ports()
    if number is not None and number < PORTS_NEEDED:
        raise Missing(f"{number}, and {PORTS_NEEDED} are needed", WIDEN)
    return f"{number or 'of unknown number'}"


def memory() -> str:
    """The memory that is free."""
    free = psutil.virtual_memory().available
    if free < GIGABYTE:
        raise Missing(f"{free >> 20} MB free, and {GIGABYTE >> 20} are needed", "./scripts/gate --workers 1")
    return f"{free >> 20} MB free"


def disk() -> str:
    """The disk for temporary files."""
    directory = Path(tempfile.gettempdir())
    if (free := room(directory)) < GIGABYTE:
        raise Missing(f"{free >> 20} MB free in {directory}", "export TMPDIR=DIRECTORY-WITH-ROOM")
    return f"{free >> 20} MB free in {directory}"


def files() -> str:
    """The files that a process may open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < FILES_NEEDED:
        raise Missing(f"{limit}, and {FILES_NEEDED} are needed", f"ulimit -n {FILES_NEEDED}")
    return str(limit) if limit != resource.RLIM_INFINITY else "unlimited"


def ram_disk() -> str:
    """The memory file system, without which the database is slower."""
    if (free := room(MEMORY)) < MEMORY_NEEDED:
        raise Missing(f"{free >> 20} MB free in {MEMORY}: slower", f"mount -o remount,size=1G {MEMORY}")
    return f"{free >> 20} MB free in {MEMORY}"


def browser() -> str:
    """The browser, without which no page is opened."""
    program = find(None)
    if program is None:
        raise Missing("none: pages are not opened", command())
    return str(program)


def engine() -> str:
    """The container engine, for the target ``containers``."""
    try:
        return str(connect().version()["Version"])
    except GateError as error:
        raise Missing(error.message, error.hint) from error


def network() -> str:
    """The network namespace, without which ``gate init`` and ``gate judge`` cannot close the way out of the machine."""
    if reason := isolation.obstacle():
        raise Missing(f"none for this user: {reason}", "sysctl -w kernel.unprivileged_userns_clone=1")
    return "a run has none but its own"


def git() -> str:
    """Git, for ``gate diff REVISION``."""
    words = ["git", "rev-parse", "--short", "HEAD"]
    try:
        ended = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=2)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"does not run: {error}", "apt-get install git") from error
    if ended.returncode:
        reason, *more = ended.stderr.strip().splitlines() or ["it gives no reason"]
        raise Missing(reason, next((line.strip() for line in more if "git config" in line), "git init"))
    return ended.stdout.strip()


NEEDED: dict[str, Callable[[], str]] = {
    "Python": python,
    "Postgres": postgres,
    "local ports": ports,
    "memory": memory,
    "disk": disk,
    "open files": files,
}
USEFUL: dict[str, Callable[[], str]] = {
    "RAM disk": ram_disk,
    "browser": browser,
    "containers": engine,
    "network": network,
    "git": git,
}


def prepare(parser: ArgumentParser) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Prints what works on this machine, and the command that brings what is missing. Exit codes: 0 the default run "
        "works, 3 it does not."
    )
    return doctor


def doctor(_: Namespace) -> int:
    """Looks at each means and prints a line for it."""
    code = Exit.PASS
    for name, check in (NEEDED | USEFUL).items():
        try:
            mark, text = "ok", check()
        except Missing as missing:
            mark, text = ("missing" if name in NEEDED else "without"), f"{missing.state}\n{'':22}{missing.command}"
            code = Exit.UNJUDGED if name in NEEDED else code
        print(f"{mark:8}{name:14}{text}")
    return code
