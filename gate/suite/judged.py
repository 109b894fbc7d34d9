"""Facts about the build under judgement, and about the machine that judges it."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from gate import __version__
from gate.core.settings import Settings
from gate.core.surroundings import environment
from gate.targets.service import Service
from gate.verdict.judged import Judged

SECONDS = 5
"""The longest time that a single fact may take."""
_VALUE = re.compile(r"((?:--runner-env=)?\w+=).*", re.DOTALL)


def judged(settings: Settings, service: Service, words: Sequence[str]) -> Judged:
    """Return what is known before the target is up; ``words`` are those of the command line."""
    command = "" if settings.target == "remote" else service.commands["serve"]
    image = service.image if settings.target == "containers" else ""
    return Judged(
        commit=commit_of(command, service.root) if command and not image else "",
        command=(settings.runner_command or "") if image else command,
        image=image or "",
        address=settings.base_url or "",
        gate=__version__,
        python=platform.python_version(),
        host=f"{platform.node()}, {platform.platform(terse=True)}, {os.cpu_count()} processors",
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        command_line=shlex.join(["gate", *_without_values(words)]),
    )


def _without_values(words: Sequence[str]) -> list[str]:
    """Return the words of a command line without the values of the service's variables."""
    before = ["", *words]
    return [
        _VALUE.sub(r"\1***", word) if word.startswith("--runner-env=") or last == "--runner-env" else word
        for last, word in zip(before, words, strict=False)
    ]


def completed(known: Judged, settings: Settings, shared: Mapping[str, str]) -> Judged:
    """Add what the started target shows: the version of its Postgres, and the image's digest."""
    facts = {
        "postgres": postgres_version(shared.get("admin_url") or settings.database_url or ""),
        "image_digest": shared.get("image_digest", ""),
    }
    return known.model_copy(update=facts)


def commit_of(command: str, root: Path) -> str:
    """The commit of the checkout that holds a file of ``command``, else of ``root``; empty without any."""
    paths = [root / word for word in shlex.split(command)]
    folders = [path.parent for path in paths if _is_file(path)]
    return next(filter(None, map(_commit, (*folders, root))), "")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a word may be too long for a path
        return False


def _commit(folder: Path) -> str:
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    changed = commit and _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+" if changed else commit


def _git(folder: Path, *words: str) -> str:
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *words],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""


def postgres_version(url: str) -> str:
    """The version of the server at ``url``; empty where none answers."""
    try:
        with psycopg.connect(url, connect_timeout=SECONDS) as connection:
            return connection.info.parameter_status("server_version") or ""
    except psycopg.Error:
        return ""
