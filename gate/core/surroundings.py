"""The environment of every process of the gate, so that no shell and no machine changes a judgement.

Variables that are known to change one are taken out; the others stay, since a service, an engine or a loader may need
them and nobody can list them all.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gate.core.guard import RUN

FILE = "gate.toml"
"""A file in the working directory, whose table ``gate`` holds options."""
FOREIGN = ("PG", "PYTHON", "PYTEST_", "LC_", "LANG", "PWDEBUG", "SSLKEYLOGFILE")
"""Beginnings of variables that libpq, Python, pytest, the locale, the browser's driver and OpenSSL read."""
KEPT = frozenset(
    {"PGPASSWORD", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PYTHONUNBUFFERED"}
    | {"PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID", "PYTEST_VERSION"}
)
"""Credentials of somebody's database, buffering, and what pytest says to its own process."""
OWN = ("GATE_", "PYTEST_", "PGPASS", "PGSSL")
"""Beginnings of variables that are for the gate's own processes; all but ``RUN``, the mark of a run's processes."""
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "ws_proxy", "wss_proxy"})
DIRECT = ("127.0.0.1", "localhost", "::1")
"""Addresses that are reached without a proxy."""
FIXED = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
CHECKOUT = Path(__file__).parents[2]


def environment(more: Mapping[str, str] | None = None, *, drop: Sequence[str] = ()) -> dict[str, str]:
    """The environment of a process that the gate starts on this machine, with ``more`` added.

    It has no proxy: all that it calls is on this machine too. ``drop`` holds beginnings of further variables to leave
    out.
    """
    foreign = (*OWN, *drop)
    kept = {
        name: value
        for name, value in compose(os.environ).items()
        if name == RUN or (not name.startswith(foreign) and name.lower() not in PROXIES)
    }
    return {**kept, **(more or {})}


def compose(shell: Mapping[str, str]) -> dict[str, str]:
    """The environment of the gate's own processes, from that of a shell; the same again from its own result."""
    kept = {name: value for name, value in shell.items() if name in KEPT or not name.startswith(FOREIGN)}
    return {**kept, **FIXED, **dict.fromkeys(("NO_PROXY", "no_proxy"), _direct(shell)), **_places(kept)}


def _direct(shell: Mapping[str, str]) -> str:
    given = [part.strip() for name in ("NO_PROXY", "no_proxy") for part in shell.get(name, "").split(",")]
    return "*" if "*" in given else ",".join(dict.fromkeys([*filter(None, given), *DIRECT]))


def _places(shell: Mapping[str, str]) -> dict[str, str]:
    """Variables that lead to a directory of our own what could not be written where it belongs."""
    places: dict[str, str] = {}
    home = Path(shell.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 (pathlib fails for an unknown user)
    if not home.is_absolute() or not home.is_dir():
        home = _private()
        places["HOME"] = str(home)
    cache = Path(shell.get("XDG_CACHE_HOME") or home / ".cache")
    if not _writable(cache):
        cache = _private()
        places["XDG_CACHE_HOME"] = str(cache)
    if not os.access(CHECKOUT / "gate", os.W_OK):
        places["PYTHONPYCACHEPREFIX"] = str(cache / "beacon-gate" / "bytecode")
        places["HYPOTHESIS_STORAGE_DIRECTORY"] = str(cache / "beacon-gate" / "hypothesis")
    return places


def _writable(directory: Path) -> bool:
    """True if the directory can be written, or made."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _private() -> Path:
    """A directory for temporary files that is this user's alone, and the same for each run."""
    path = Path(tempfile.gettempdir(), f"beacon-gate-home-{os.geteuid()}")
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        return Path(tempfile.mkdtemp(prefix="beacon-gate-home-"))  # somebody else's: nothing of ours goes there
    return path


def settle() -> bool:
    """Gives this process the composed environment; True where Python has obeyed a variable that is gone now."""
    before, after = dict(os.environ), compose(os.environ)
    for name in before.keys() - after.keys():
        del os.environ[name]
    os.environ.update(after)
    time.tzset()
    sys.pycache_prefix = after.get("PYTHONPYCACHEPREFIX")
    gone = {name for name in before.keys() - after.keys() if name.startswith("PYTHON")}
    return bool(gone) and not sys.flags.ignore_environment


def enter() -> None:
    """Settles a process that has just begun, and begins it again where its interpreter obeyed the shell."""
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if settle() and (str(CHECKOUT) not in path or Path.cwd() == CHECKOUT):  # else it would not find itself again
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ)  # noqa: S606 (the same words again)
