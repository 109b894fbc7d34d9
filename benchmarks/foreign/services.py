"""The services and how they are installed: the small one is copied, the others come from their registries once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import playwright
from filelock import FileLock
from platformdirs import user_cache_path

from benchmarks.foreign.faults import HERE, copy, faults
from benchmarks.running import run_command
from gate.core.errors import GateError
from gate.core.surroundings import FILE

INSTALL_SECONDS = 900.0
MARK = "installed"


@dataclass(frozen=True, slots=True)
class Subject:
    """A service that is judged; ``commands`` install a version of it into a directory."""

    name: str
    version: str = ""
    commands: Callable[[Path], Sequence[Sequence[str]]] = lambda _: ()

    @property
    def pack(self) -> Path:
        """Its declaration."""
        return HERE / self.name / FILE

    @property
    def setup_lines(self) -> int:
        """Lines of its declaration without comments and blank ones."""
        lines = self.pack.read_text(encoding="utf-8").splitlines()
        return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)

    @contextmanager
    def directory(self, seeded: Sequence[str] | None = None) -> Iterator[Path]:
        """Yield a directory with the service and its declaration; the small one has the ``seeded`` faults, or all."""
        if self.version:
            yield self._installed()
            return
        with TemporaryDirectory(prefix="gate-foreign-") as directory:
            path = Path(directory, self.name)
            copy(path, faults() if seeded is None else seeded)
            yield path

    def _installed(self) -> Path:
        directory = user_cache_path("beacon-gate") / "foreign" / f"{self.name}-{self.version}"
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory.with_suffix(".lock")):
            if not (directory / MARK).exists():
                for command in self.commands(directory):
                    _install(self, command, directory)
                (directory / MARK).touch()
            shutil.copyfile(self.pack, directory / FILE)
        return directory


def _install(subject: Subject, command: Sequence[str], directory: Path) -> None:
    hint = f"It needs the registry once; remove {directory} to begin anew."
    if shutil.which(command[0]) is None:
        raise GateError(f"{command[0]} was not found, which {subject.name} is installed with.", hint)
    code, output = run_command(command, directory, INSTALL_SECONDS, Event())
    if code:
        lines = output.strip().splitlines()[-3:]
        raise GateError(f"{subject.name} {subject.version} could not be installed: {' '.join(lines)}", hint)


def _pip(directory: Path) -> Sequence[Sequence[str]]:
    pip = (str(directory / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check")
    return (sys.executable, "-m", "venv", str(directory)), (*pip, f"prefect=={PREFECT}")


def _npm(_: Path) -> Sequence[Sequence[str]]:
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    return [("npm", "install", *options, f"unleash-server@{UNLEASH}")]


PREFECT, UNLEASH = "3.9.1", "7.5.1"
SUBJECTS = {
    "small": Subject("small"),
    "prefect": Subject("prefect", PREFECT, _pip),
    "unleash": Subject("unleash", UNLEASH, _npm),
}


def bring_node() -> None:
    """Let programs find a Node.js: the one on the path, or else the one that Playwright brings."""
    if shutil.which("node") is None:
        driver = Path(playwright.__file__).with_name("driver")
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{driver}"
