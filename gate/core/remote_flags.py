"""The options that go with ``--target remote`` alone, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.production import why_production

FLAGS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    (
        "--cleanup-database-url",
        "remote: a role of the runner's database that may delete, to remove this run's jobs at its end",
        {"metavar": "URL"},
    ),
    ("--max-jobs", "remote: jobs that the run may create (default: 200)", {"metavar": "N", "default": "200"}),
    ("--max-rate", "remote: requests a second, of all workers together (default: 50)", {"metavar": "X"}),
    ("--max-seconds", "remote: seconds after which no request is sent (default: 900)", {"metavar": "X"}),
    ("--stop-file", "remote: the run ends as soon as this file is there", {"metavar": "FILE"}),
    (
        "--i-know-this-is-production",
        "remote: needed where an address looks like production (contracts/production.toml)",
        {"action": "store_true"},
    ),
    ("--read-only", "remote: judge jobs that are there; nothing but GET is sent", {"action": "store_true"}),
    ("--job", "remote: a job to judge with --read-only; may be given again", {"metavar": "ID", "action": "append"}),
    ("--jobs-from", "remote: a file with a job id on each line, to judge with --read-only", {"metavar": "FILE"}),
)
"""Flag, help, and what argparse and pytest need besides."""


@dataclass(frozen=True, slots=True)
class Remote:
    """What a run against a remote runner may do, checked."""

    cleanup_database_url: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    stop_file: Path | None = None
    read_only: bool = False
    jobs: tuple[str, ...] = ()


def check(given: Mapping[str, Any]) -> Remote:
    """From the options as they were given; UsageError where they make no sense together or are not allowed."""
    if given["--target"] != "remote":
        for flag, _, extra in FLAGS:
            if given[flag] not in (None, False, extra.get("default")):
                raise UsageError(f"{flag} goes with --target remote.", f"Add --target remote, or leave {flag} out.")
        return Remote()
    _production(given)
    stop = Path(given["--stop-file"]).absolute() if given["--stop-file"] else None
    if stop is not None and stop.exists():
        raise UsageError(f"--stop-file {stop} is there already.", "Remove it, or the run would end before it begins.")
    return Remote(
        cleanup_database_url=given["--cleanup-database-url"],
        limits=Limits(
            jobs=int(_number("--max-jobs", given["--max-jobs"], 100_000)),
            rate=_number("--max-rate", given["--max-rate"] or "50", 10_000),
            seconds=_number("--max-seconds", given["--max-seconds"] or "900", 86_400),
        ),
        stop_file=stop,
        read_only=given["--read-only"],
        jobs=_jobs(given),
    )


def _production(given: Mapping[str, Any]) -> None:
    for flag in ("--base-url", "--database-url", "--cleanup-database-url"):
        why = why_production(given[flag] or "")
        if why and not given["--i-know-this-is-production"]:
            raise UsageError(
                f"{flag} looks like production: {why}.", "Add --i-know-this-is-production if that is what you mean."
            )


def _number(flag: str, text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    whole = flag != "--max-jobs" or number.is_integer()
    if not (0 < number <= most and whole):
        kind = "a number" if flag != "--max-jobs" else "a whole number"
        raise UsageError(f"{flag} is {text!r}.", f"Expected {kind} above 0, at most {most:g}.")
    return number


def _jobs(given: Mapping[str, Any]) -> tuple[str, ...]:
    jobs = list(given["--job"] or ())
    if given["--jobs-from"]:
        try:
            lines = Path(given["--jobs-from"]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--jobs-from cannot be read: {error}.", "Name a text file with an id on each line."
            ) from error
        jobs += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if jobs and not given["--read-only"]:
        raise UsageError("--job and --jobs-from go with --read-only.", "Add --read-only, or leave them out.")
    if given["--read-only"] and not jobs:
        raise UsageError(
            "--read-only judges jobs that are there, and none was named.", "Add --job ID or --jobs-from FILE."
        )
    return tuple(dict.fromkeys(jobs))
