"""The gate's options as data: each field is one, on the command line and elsewhere."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from gate.core import isolation
from gate.core.errors import UsageError
from gate.core.guard import RUN
from gate.core.options import Option, Options, check, collect, declared, tested
from gate.core.redaction import HEADER, Redactor, unclear
from gate.core.shards import Shard
from gate.core.texts import like

TARGETS = ("embedded", "containers", "remote", "auto")
STARTED = ("embedded", "containers", "auto")
"""Targets that start the service; auto is one of the other two, as soon as it is known which."""
CONTAINERS = ("containers", "auto")
REMOTE = ("remote",)
DEPTHS = ("smoke", "ci", "full")
WRAPPED = "GATE_WRAPPED"
"""Variable by which the suite knows that the command line prints the verdict."""
NOTE = "\x1enote "
"""Beginning of a line by which the command line knows that the suite prints it for the user."""
CALL = "GATE_CALL"
"""Variable by which the command line tells the suite which tests it was asked for."""
LISTING = "GATE_LISTING"
"""Variable with the file that a list of all tests goes to."""
WITHOUT_ORACLES = "GATE_WITHOUT_ORACLES"
"""Variable with which the benchmarks measure what the oracles cost; such a run never passes."""
BEGINNING = "GATE_"
OTHERS = frozenset(
    {WRAPPED, CALL, LISTING, WITHOUT_ORACLES, RUN, isolation.VARIABLE, "GATE_DOCUMENT", "GATE_PG_BIN", "GATE_TRACEBACK"}
)
"""Variables that belong to no option."""
OF_A_CLUSTER = re.compile(r"GATE_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
"""Variables that Kubernetes sets in each container of a namespace with a service named ``gate``."""
S = TypeVar("S", bound="Settings")


def _choice(*known: str) -> Callable[[str], str]:
    def test(text: str) -> str:
        if text not in known:
            raise UsageError(f"is {text!r}.", f"Expected {', '.join(known[:-1])} or {known[-1]}.")
        return text

    return test


def _url(*schemes: str) -> Callable[[str], str | None]:
    def test(text: str) -> str | None:
        if not text:
            return None
        try:
            parts = urlsplit(text)
            valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            valid = False
        if valid and unclear(text):
            raise UsageError("holds a user or a password with a character that ends it.", "Encode it, as %40 for @.")
        if not valid:
            raise UsageError("is not a usable address.", f"Expected {schemes[-1]}://host[:port].")
        return text.rstrip("/")

    return test


def root_url(text: str) -> str | None:
    """The address of a service that a text holds, which has no path."""
    url = _url("http", "https")(text)
    if url and urlsplit(url).path.strip("/"):
        raise UsageError("has a path.", "Give scheme, host and port; the paths are those of the contract.")
    return url


def _command(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"cannot be split into words: {error}.", "Close the quotation.") from error
    if not words:
        raise UsageError("is empty.", "Give a command and its arguments.")
    return text


def _whole(least: int, most: int | None = None, why: str = "") -> Callable[[str], int]:
    def test(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise UsageError(f"is {text!r}.", f"Expected a whole number from {least} up.")
        if most is not None and int(text) > most:
            raise UsageError(f"is {int(text)}.", f"Expected at most {most}{why}.")
        return int(text)

    return test


def _above_zero(most: float, *, whole: bool = False) -> Callable[[str], float]:
    def test(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if not 0 < number <= most or (whole and not number.is_integer()):
            kind = "a whole number" if whole else "a number"
            raise UsageError(f"is {text!r}.", f"Expected {kind} above 0, at most {most:g}.")
        return number

    return test


def duration(text: str) -> float:
    """The seconds that a text means."""
    match = re.fullmatch(r"([0-9]{1,6})(s|m|h)?", text)
    if not match:
        raise UsageError(f"is {text!r}.", "Expected seconds, or a number with s, m or h, as 90s or 10m.")
    return float(match[1]) * {None: 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.1 <= factor <= 100:
        raise UsageError(f"is {text!r}.", "Expected a number from 0.1 to 100.")
    return factor


def _directory(value: str | Path) -> Path:
    path = Path.cwd() / value
    if path.exists() and not path.is_dir():
        raise UsageError(f"--report-dir names a file: {path}.", "Name a directory.")
    return path


def _new_file(text: str) -> Path:
    path = Path(text).absolute()
    if path.exists():
        raise UsageError(f"{path} exists already.", "Remove it, or the run would end before it begins.")
    return path


def _environment(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    pairs = [text.partition("=") for text in value]
    for name, separator, _ in pairs:
        if not separator or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise UsageError(f"--runner-env is {name + separator!r}.", "Expected NAME=VALUE.")
    return {name: text for name, _, text in pairs}


def _cores(values: Mapping[str, Any]) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # Workers of a remote run wait for the network most of the time, and have no service to share the cores with.
    return max(cores, 4 if values.get("target") == "remote" else 1)


def _workers(value: Any, info: ValidationInfo) -> Any:
    test = _whole(1, 64, ": each has a runner and a database of its own")
    return _cores(info.data) if value == "auto" else tested(test, value, info)


def _ids(text: str) -> tuple[str, ...]:
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}.", "Name a text file with an id on each line.") from error
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


COMMAND = check(_command)
database_url = _url("postgres", "postgresql")
"""The address of a database that a text holds."""
DATABASE = check(database_url)


class Settings(Options):
    """The options of a run, checked."""

    target: Annotated[str, check(_choice(*TARGETS)), Option("target", f"{{{','.join(TARGETS)}}}")] = "embedded"
    """where the runner runs: embedded starts it and a Postgres on this machine, containers starts both from images,
    remote judges a runner that is already up; auto is containers if a container engine answers, else embedded"""
    runner_command: Annotated[str | None, COMMAND, Option("target", "COMMAND", targets=STARTED)] = None
    """starts the runner, with DATABASE_URL, PORT and the addresses of its stand-ins set; containers: replaces the
    command of the image"""
    migrate_command: Annotated[str | None, COMMAND, Option("target", "COMMAND", targets=STARTED)] = None
    """migrates an empty database to the runner's schema; containers: replaces the image's argument migrate"""
    runner_env: Annotated[
        Mapping[str, str],
        BeforeValidator(_environment),
        Option("target", "NAME=VALUE", targets=STARTED, repeated=True),
    ] = Field(default_factory=dict)
    """a variable of the runner's environment; may be given more than once"""
    runner_image: Annotated[str | None, Option("target", "IMAGE", targets=CONTAINERS)] = None
    """containers: the image to judge"""
    postgres_image: Annotated[str | None, Option("target", "IMAGE", "the official one", CONTAINERS)] = None
    """containers: the database's image"""
    worker_containers: Annotated[int, check(_whole(0)), Option("target", "N", targets=CONTAINERS)] = 0
    """containers: how many more of them work on jobs instead of the service; with 0 the service does"""
    keep: Annotated[bool, Option("target", targets=STARTED)] = False
    """stay after the run, with the service, its database and its stand-ins up at the addresses that are printed, until
    Ctrl-C"""
    cold: Annotated[bool, Option("target")] = False
    """build the database anew instead of from the cache of an earlier run (always where the variable CI is set)"""

    depth: Annotated[str, check(_choice(*DEPTHS)), Option("depth", f"{{{','.join(DEPTHS)}}}")] = "ci"
    """how much is checked: smoke before each commit, ci for a pull request, full for a release"""
    seed: Annotated[int, check(_whole(0)), Option("depth", "N")] = 0
    """the number from which every generated case follows; the same seed generates the same cases"""
    workers: Annotated[int, BeforeValidator(_workers), Option("depth", "N", "auto")] = Field(default_factory=_cores)
    """processes that run tests; auto is one for each core, and at least four for a remote runner"""
    time_factor: Annotated[float, check(_factor), Option("depth", "X")] = 1.0
    """multiplies every deadline, for slow machines"""
    budget: Annotated[float | None, check(duration), Option("depth", "TIME", "10m at depth full, else 0")] = None
    """how long to fuzz after the cases of the depth, such as 600 (seconds), 90s or 10m"""
    repeat: Annotated[int, check(_whole(1, 100)), Option("depth", "N")] = 1
    """how often each test runs; a finding that some repetitions miss is reported as flaky"""
    shard: Annotated[Shard | None, check(Shard.of), Option("depth", "I/N")] = None
    """run the I-th of N parts of the tests, which take about the same time; `gate merge` makes one verdict of all N.
    What --budget adds is shared by all of them"""
    fail_fast: Annotated[bool, Option("depth", typed=True)] = False
    """end with the first group of findings, and say what was not tried; -x is short for it"""
    last_failed: Annotated[bool, Option("depth", typed=True)] = False
    """start with the tests that failed the last time they ran from this checkout; which they were is kept in
    beacon-gate/last-failed below the cache directory of the user"""

    profile: Annotated[str, Option("reports", "NAME")] = "published"
    """how the runner spells requests and which of its deviations are accepted: a name, or the path of a .toml file"""
    baseline: Annotated[Path | None, Option("reports", "FILE")] = None
    """verdict.json of an earlier run, to report what changed since"""
    allow_partial: Annotated[bool, Option("reports")] = False
    """exit 0 although this target does not allow some checks (the verdict lists them)"""
    report_dir: Annotated[Path, BeforeValidator(_directory), Option("reports", "DIR")] = Field(
        Path("reports"), validate_default=True
    )
    """the folder of the reports"""

    base_url: Annotated[str | None, check(root_url), Option("remote", "URL", targets=REMOTE)] = Field(None, repr=False)
    """the address of the runner, as http(s)://host[:port]; a variable such as GATE_HEADER_AUTHORIZATION adds a header
    to each request"""
    database_url: Annotated[str | None, DATABASE, Option("remote", "URL", targets=REMOTE)] = Field(None, repr=False)
    """the runner's database, as postgresql://..., for a role that can read; without it the verdict lists the checks
    that need rows as unavailable"""
    cleanup_database_url: Annotated[str | None, DATABASE, Option("remote", "URL", targets=REMOTE)] = Field(
        None, repr=False
    )
    """the same database for a role that can delete; at its end the run removes its jobs"""
    max_jobs: Annotated[int, check(_above_zero(100_000, whole=True)), Option("remote", "N", targets=REMOTE)] = 200
    """jobs that the run may create"""
    max_rate: Annotated[float, check(_above_zero(10_000)), Option("remote", "X", targets=REMOTE)] = 50.0
    """requests per second, of all workers together"""
    max_seconds: Annotated[float, check(_above_zero(86_400)), Option("remote", "X", targets=REMOTE)] = 900.0
    """seconds after which no request is sent"""
    stop_file: Annotated[Path | None, check(_new_file), Option("remote", "FILE", targets=REMOTE)] = None
    """the run ends as soon as this file exists"""
    i_know_this_is_production: Annotated[bool, Option("remote", targets=REMOTE, typed=True)] = False
    """confirms an address that looks like production"""
    read_only: Annotated[bool, Option("remote", targets=REMOTE)] = False
    """judge existing jobs, and send only GET requests"""
    job: Annotated[tuple[str, ...], Option("remote", "ID", targets=REMOTE, repeated=True)] = ()
    """a job to judge with --read-only; may be given more than once"""
    jobs_from: Annotated[tuple[str, ...], check(_ids), Option("remote", "FILE", targets=REMOTE)] = ()
    """a file with a job id on each line, to judge with --read-only"""

    @property
    def commands(self) -> dict[str, str]:
        """The commands that were given, by what they do; each replaces the service's own."""
        named = {"serve": self.runner_command, "migrate": self.migrate_command}
        return {name: command for name, command in named.items() if command}

    @property
    def existing(self) -> tuple[str, ...]:
        """Ids of the resources to judge with ``read_only``."""
        return tuple(dict.fromkeys((*self.job, *self.jobs_from)))

    @model_validator(mode="after")
    def _fits_its_target(self) -> Self:
        if self.target == "remote" and not self.base_url:
            raise UsageError("--target remote needs --base-url.", "Give the runner's address, as http://host:port.")
        for option in declared(type(self)):
            targets, field = option.option.targets, type(self).model_fields[option.name]
            value = getattr(self, option.name)
            if targets and self.target not in targets and value and value != field.default:
                message = f"{option.flag} goes with --target {' or '.join(targets)}, not with {self.target}."
                raise UsageError(message, f"Add --target {targets[0]}, or leave {option.flag} out.")
        if self.existing and not self.read_only:
            raise UsageError("--job and --jobs-from go with --read-only.", "Add --read-only, or leave them out.")
        if self.read_only and not self.existing:
            raise UsageError(
                "--read-only judges jobs that are there, and none was named.", "Add --job ID or --jobs-from FILE."
            )
        return self


def load(
    model: type[S],
    typed: Mapping[str, Any],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> S:
    """Settings from the options of a command line, variables of the environment, and the file in ``directory``.

    ``environment`` is that of this process, unless it is given.

    Raises:
        UsageError: an option makes no sense, or a variable belongs to none; it names it and what was expected.

    """
    shell = os.environ if environment is None else environment
    _all_known(shell)
    values, places = collect(model, typed, shell, directory)
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        values["cold"] = True
    try:
        return model(**values)
    except UsageError as error:
        for option in declared(model):
            if option.name in places and error.message.startswith(f"{option.flag} "):
                message = places[option.name] + error.message.removeprefix(option.flag)
                raise UsageError(message, error.hint) from error
        raise


def _all_known(shell: Mapping[str, str]) -> None:
    """UsageError for a variable that nothing reads: the default would stand in the place of what somebody asked for.

    All commands share a shell, so the options of every model are known.
    """
    options = {option.variable: option for model in _models(Settings) for option in declared(model)}
    for name in sorted(shell):
        if not name.startswith(BEGINNING) or name in OTHERS or name.startswith(HEADER) or OF_A_CLUSTER.fullmatch(name):
            continue
        if name not in options:
            alike = like(name.removeprefix(BEGINNING), (known.removeprefix(BEGINNING) for known in options))
            hint = alike.replace("mean ", f"mean {BEGINNING}") or "The gate has no such variable: unset it."
            raise UsageError(f"The variable {name} is set, which belongs to no option.", hint)
        if options[name].option.typed:
            message = f"The variable {name} is set, but {options[name].flag} has none."
            raise UsageError(message, "Give the option on the command line, and unset the variable.")


def _models(model: type[Settings]) -> Iterator[type[Settings]]:
    yield model
    for each in model.__subclasses__():
        yield from _models(each)


def redactor(settings: Settings) -> Redactor:
    """A redactor of every secret that the options and the environment hold."""
    options = {f"GATE_{name.upper()}": value for name, value in settings if isinstance(value, str)}
    service = {f"GATE_{name}": value for name, value in settings.runner_env.items()}
    return Redactor.of({**os.environ, **service, **options})
