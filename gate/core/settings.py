"""The gate's options: one table, from which the command line, pytest and the documentation take them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gate.core.errors import UsageError
from gate.core.remote_flags import FLAGS, Remote
from gate.core.remote_flags import check as check_remote

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this gate runs from."""

TARGETS = ("embedded", "containers", "remote", "auto")
STARTED = ("embedded", "containers", "auto")
"""Targets that start a runner; auto is one of the other two, as soon as it is known which."""
CONTAINERS = ("containers", "auto")
DATABASE = ("postgres", "postgresql")
SECRET = ("--base-url", "--database-url", "--cleanup-database-url")
"""Options that may hold a secret, so that they are taken from the environment too: GATE_BASE_URL and so on."""
DEPTHS = ("smoke", "ci", "full")
WRAPPED = "GATE_WRAPPED"
"""Environment variable by which the command line tells the suite that it prints the verdict itself."""
WITHOUT_ORACLES = "GATE_WITHOUT_ORACLES"
"""Environment variable with which the benchmarks measure what the oracles cost; such a run never passes."""
RUNNER_COMMAND = "python -m runner serve"
MIGRATE_COMMAND = "python -m runner migrate"
BACKFILL_COMMAND = "python -m runner backfill"
RUNNER_IMAGE = "beacon-gate/runner"
POSTGRES_IMAGE = "postgres:18.1"
OFFLINE_BASE, OFFLINE_POSTGRES = "beacon-gate/debian", "beacon-gate/postgres"
"""Images that ``scripts/images --offline`` builds where there is no registry."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its flag and what argparse and pytest both need to know of it."""

    flag: str
    help: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dest(self) -> str:
        """The attribute under which the value is found; prefixed so that no pytest plugin can own it too."""
        return "gate_" + self.flag.removeprefix("--").replace("-", "_")

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``add_argument`` and ``addoption`` alike."""
        return {"dest": self.dest, "help": self.help, **self.extra}


OPTIONS = (
    Option(
        "--target",
        "where the runner comes from: embedded starts it and a Postgres here, containers starts both from images, "
        "auto is containers where an engine answers and else embedded, remote takes one that runs (default: embedded)",
        {"choices": TARGETS, "default": "embedded"},
    ),
    Option(
        "--base-url",
        "remote: where the runner listens, as http(s)://host[:port]; or in GATE_BASE_URL. Headers that it needs go "
        "into the environment, as GATE_HEADER_AUTHORIZATION",
        {"metavar": "URL"},
    ),
    Option(
        "--database-url",
        "remote: the runner's database, as postgresql://..., for a role that need only read; or in GATE_DATABASE_URL. "
        "Without it whatever needs rows is reported as not checked",
        {"metavar": "URL"},
    ),
    Option(
        "--runner-command",
        f"embedded: starts the runner, with DATABASE_URL, ROUTER_URL and PORT set (default: {RUNNER_COMMAND}); "
        "containers: what its image is given to run (default: the image's own)",
        {"metavar": "COMMAND", "default": RUNNER_COMMAND},
    ),
    Option(
        "--migrate-command",
        f"embedded: brings an empty database to the runner's schema (default: {MIGRATE_COMMAND}); "
        "containers: what the runner's image is given to do so (default: migrate)",
        {"metavar": "COMMAND", "default": MIGRATE_COMMAND},
    ),
    Option(
        "--backfill-command",
        "embedded: gives the historical jobs of the database DATABASE_URL their analysis "
        f"(default: {BACKFILL_COMMAND}); containers: what the runner's image is given to do so (default: backfill)",
        {"metavar": "COMMAND", "default": BACKFILL_COMMAND},
    ),
    Option(
        "--runner-image",
        f"containers: the image to judge (default: {RUNNER_IMAGE}, which ./scripts/images builds)",
        {"metavar": "IMAGE"},
    ),
    Option(
        "--postgres-image",
        f"containers: the database's image (default: {OFFLINE_POSTGRES} where it was built, else {POSTGRES_IMAGE})",
        {"metavar": "IMAGE"},
    ),
    Option(
        "--runner-env",
        "a variable of the runner's environment; may be given more than once",
        {"metavar": "NAME=VALUE", "action": "append"},
    ),
    Option(
        "--worker-containers",
        "containers: how many containers work on jobs in the service's place (default: 0, the service works itself)",
        {"metavar": "N", "default": "0"},
    ),
    Option(
        "--depth",
        "how much is checked: smoke, what a developer runs before each commit; ci, a pull request; full, everything",
        {"choices": DEPTHS, "default": "ci"},
    ),
    Option("--seed", "integer from which every generated case follows (default: 0)", {"metavar": "N", "default": "0"}),
    Option(
        "--workers",
        "processes that run tests, or auto for one a core, and at least four for a remote runner (default: auto)",
        {"metavar": "N", "default": "auto"},
    ),
    Option(
        "--time-factor",
        "multiplies every deadline, for slow machines (default: 1)",
        {"metavar": "X", "default": "1"},
    ),
    Option(
        "--budget",
        "how long to fuzz beyond the cases of the depth, as 600 (seconds), 90s or 10m "
        "(default: 10m at depth full, else 0)",
        {"metavar": "TIME"},
    ),
    Option(
        "--browser-path",
        "the Chromium or Chrome that the portal's tests use (default: the one on the usual paths; without one they "
        "are skipped)",
        {"metavar": "PROGRAM"},
    ),
    Option(
        "--record-portal",
        "write contracts/portal/ anew from what the portal's tests see, instead of comparing",
        {"action": "store_true"},
    ),
    Option(
        "--keep",
        "leave the databases up afterwards and say how to reach them; containers: the next run with --keep takes the "
        "same Postgres",
        {"action": "store_true"},
    ),
    Option(
        "--cold",
        "build the database afresh rather than from the cache of an earlier run (always so where CI is set)",
        {"action": "store_true"},
    ),
    Option(
        "--allow-partial",
        "exit 0 although some checks could not be made on this target (the verdict lists them)",
        {"action": "store_true"},
    ),
    Option(
        "--profile",
        "how the runner is spelled on the wire and which deviations are accepted of it: a name in contracts/profiles, "
        "or a .toml file (default: published)",
        {"metavar": "NAME", "default": "published"},
    ),
    Option("--baseline", "verdict.json of an earlier run, to tell what changed since", {"metavar": "FILE"}),
    Option(
        "--repeat",
        "how often each test is passed; a finding that not every repetition sees is told to be flaky (default: 1)",
        {"metavar": "N", "default": "1"},
    ),
    Option("--report-dir", "where the reports go (default: reports)", {"metavar": "DIR", "default": "reports"}),
    *(Option(flag, text, extra) for flag, text, extra in FLAGS),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the gate was asked to do, checked."""

    target: str = "embedded"
    base_url: str | None = None
    database_url: str | None = None
    runner_command: str = RUNNER_COMMAND
    migrate_command: str = MIGRATE_COMMAND
    backfill_command: str = BACKFILL_COMMAND
    runner_image: str = RUNNER_IMAGE
    postgres_image: str | None = None
    runner_env: Mapping[str, str] = field(default_factory=dict)
    worker_containers: int = 0
    depth: str = "ci"
    seed: int = 0
    workers: int = 1
    time_factor: float = 1.0
    budget: float | None = None  # seconds; None for what the depth says
    browser_path: str | None = None
    record_portal: bool = False
    keep: bool = False
    cold: bool = False
    allow_partial: bool = False
    report_dir: Path = Path("reports")
    remote: Remote = field(default_factory=Remote)
    baseline: Path | None = None
    repeat: int = 1
    profile: str = "published"


def add_to(parser: ArgumentParser) -> None:
    """Adds every option to an argparse parser."""
    for option in OPTIONS:
        parser.add_argument(option.flag, **option.arguments())


def settings(values: Namespace) -> Settings:
    """Settings from parsed options; UsageError names the option and what was expected of it."""
    given = {option.flag: getattr(values, option.dest) for option in OPTIONS}
    for flag in SECRET if given["--target"] == "remote" else ():
        given[flag] = given[flag] or os.environ.get("GATE_" + flag.removeprefix("--").replace("-", "_").upper())
    _check_target(given)
    given["--cleanup-database-url"] = _url("--cleanup-database-url", given["--cleanup-database-url"], DATABASE)
    return Settings(
        target=given["--target"],
        base_url=_root("--base-url", given["--base-url"]),
        database_url=_url("--database-url", given["--database-url"], DATABASE),
        runner_command=_command("--runner-command", given["--runner-command"]),
        migrate_command=_command("--migrate-command", given["--migrate-command"]),
        backfill_command=_command("--backfill-command", given["--backfill-command"]),
        runner_image=given["--runner-image"] or RUNNER_IMAGE,
        postgres_image=given["--postgres-image"] or None,
        runner_env=_environment("--runner-env", given["--runner-env"] or []),
        worker_containers=_integer("--worker-containers", given["--worker-containers"], least=0),
        depth=given["--depth"],
        seed=_integer("--seed", given["--seed"], least=0),
        workers=_workers(given["--workers"], given["--target"]),
        time_factor=_factor(given["--time-factor"]),
        budget=_duration("--budget", given["--budget"]),
        browser_path=_program("--browser-path", given["--browser-path"]),
        record_portal=given["--record-portal"],
        keep=given["--keep"],
        cold=given["--cold"] or os.environ.get("CI", "").lower() in {"1", "true"},
        allow_partial=given["--allow-partial"],
        report_dir=_directory("--report-dir", given["--report-dir"]),
        remote=check_remote(given),
        profile=given["--profile"],
        baseline=Path(given["--baseline"]) if given["--baseline"] else None,
        repeat=_repeat(given["--repeat"]),
    )


GOES_WITH = {
    "--base-url": ("remote",),
    "--database-url": ("remote",),
    "--runner-command": STARTED,
    "--migrate-command": STARTED,
    "--backfill-command": STARTED,
    "--runner-env": STARTED,
    "--runner-image": CONTAINERS,
    "--postgres-image": CONTAINERS,
    "--worker-containers": CONTAINERS,
}
"""Targets that an option means something to, where not all are."""


def _check_target(given: Mapping[str, Any]) -> None:
    target = given["--target"]
    if target == "remote" and not given["--base-url"]:
        raise UsageError("--target remote needs --base-url.", "Give the runner's address, as http://host:port.")
    defaults = {option.flag: option.extra.get("default") for option in OPTIONS}
    for flag, targets in GOES_WITH.items():
        if given[flag] and given[flag] != defaults[flag] and target not in targets:
            message = f"{flag} goes with --target {' or '.join(targets)}, not with {target}."
            raise UsageError(message, f"Add --target {targets[0]}, or leave {flag} out.")


def _environment(flag: str, texts: Iterable[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, separator, _ in pairs:
        if not separator or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise UsageError(f"{flag} is {name + separator!r}.", "Expected NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _url(flag: str, text: str | None, schemes: tuple[str, ...]) -> str | None:
    if not text:
        return None
    expected = f"{schemes[-1]}://host[:port]"
    try:
        parts = urlsplit(text)
        valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{flag} is not a usable address.", f"Expected {expected}.")
    return text.rstrip("/")


def _root(flag: str, text: str | None) -> str | None:
    url = _url(flag, text, ("http", "https"))
    if url and urlsplit(url).path.strip("/"):
        raise UsageError(f"{flag} has a path.", "Give scheme, host and port; the paths are those of the contract.")
    return url


def _command(flag: str, text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{flag} cannot be split into words: {error}.", "Close the quotation.") from error
    if not words:
        raise UsageError(f"{flag} is empty.", "Give a command and its arguments.")
    return text


def _program(flag: str, text: str | None) -> str | None:
    if text is None:
        return None
    found = shutil.which(text)
    if found is None:
        raise UsageError(f"{flag} is no program: {text!r}.", "Give the path of a program, or its name on PATH.")
    return found


def _integer(flag: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{flag} is {text!r}.", f"Expected a whole number from {least} up.")
    return int(text)


def _repeat(text: str) -> int:
    count = _integer("--repeat", text, least=1)
    if count > 100:
        raise UsageError(f"--repeat is {count}.", "Expected at most 100.")
    return count


def _duration(flag: str, text: str | None) -> float | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})(s|m|h)?", text)
    if not found:
        raise UsageError(f"{flag} is {text!r}.", "Expected seconds, or a number with s, m or h, as 90s or 10m.")
    return float(found[1]) * {None: 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def _workers(text: str, target: str) -> int:
    if text == "auto":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # Workers of a remote run wait for the network most of the time, and have no runner to share the cores with.
        return max(cores, 4 if target == "remote" else 1)
    count = _integer("--workers", text, least=1)
    if count > 64:
        raise UsageError(f"--workers is {count}.", "Expected at most 64: each has a runner and a database of its own.")
    return count


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.1 <= factor <= 100:
        raise UsageError(f"--time-factor is {text!r}.", "Expected a number from 0.1 to 100.")
    return factor


def _directory(flag: str, text: str) -> Path:
    path = Path(text)
    path = path if path.is_absolute() else Path.cwd() / path
    if path.exists() and not path.is_dir():
        raise UsageError(f"{flag} names a file: {path}.", "Name a directory.")
    return path
