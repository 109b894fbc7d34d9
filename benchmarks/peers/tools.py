"""The tools: how each is had, how it is run at its best on a contract, and what it then says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock
from platformdirs import user_cache_path

from gate.core.errors import GateError

CONFIG = Path(__file__).with_name("config")
INSTALL_SECONDS = 600.0
FAILED = re.compile(
    r"^(?:fail|error): (\w+ \(\d+\) \S+) duration: \d+ms\n(?:fail|error): ((?!\w+ \(\d+\) ).+)$", re.MULTILINE
)
"""What Dredd prints of a failure after the last of its requests: which, then what was wrong."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a tool said of a runner: its findings, the same words for the same finding, and requests that it sent."""

    findings: frozenset[str]
    requests: int


class Tool(Protocol):
    """A tool that takes a contract and the address of a runner."""

    name: str
    version: str
    given: str
    """What it is given: the contract alone, or what somebody has to write besides."""

    def install(self) -> None:
        """Brings the tool to this machine; GateError says why it cannot be had."""

    def commands(self, contract: Path, base_url: str, seed: int) -> list[list[str]]:
        """The commands of one run, one after the other, in an empty directory. Exit codes do not count."""

    def heard(self, directory: Path, output: str) -> Heard:
        """What the run in ``directory`` said; GateError where it came to nothing."""


@dataclass(frozen=True, slots=True)
class Npm:
    """Programs of npm packages, installed on demand into the user's cache, each version into a folder of its own."""

    packages: tuple[str, ...]  # name@version

    @property
    def folder(self) -> Path:
        """Where they are installed."""
        return user_cache_path("beacon-gate") / "peers" / re.sub(r"[^a-z0-9.@-]+", "-", "+".join(self.packages).lower())

    def program(self, name: str) -> str:
        """The path of an installed program."""
        return str(self.folder / "node_modules" / ".bin" / name)

    def install(self) -> None:
        """Installs what is not there yet; GateError where npm is missing or does not get it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_name(self.folder.name + ".lock")):
            if self.folder.is_dir():
                return
            npm = shutil.which("npm")
            if npm is None:
                raise GateError("npm was not found.", "Install Node.js.")
            building = self.folder.with_name(self.folder.name + ".building")
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            (building / "package.json").write_text('{"private": true}\n', encoding="utf-8")
            words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *self.packages]
            try:
                ended = subprocess.run(
                    words, cwd=building, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise GateError(f"npm did not install {self.packages[0]} in {INSTALL_SECONDS:g} s.") from error
            if ended.returncode:
                raise GateError(f"npm could not install {self.packages[0]}.", _first_line(ended.stderr))
            building.rename(self.folder)


class Schemathesis:
    """Stock schemathesis: every phase, every check, requests that are valid and such that are not."""

    name = "schemathesis"
    given = "contract"

    def __init__(self) -> None:
        self.version = metadata.version("schemathesis")

    def install(self) -> None:
        """It is in the environment of the gate, which builds on it."""

    def commands(self, contract: Path, base_url: str, seed: int) -> list[list[str]]:
        """``st run`` with everything on, going on after failures, and its account as JSON."""
        words = ["run", str(contract), f"--url={base_url}", "--phases=examples,coverage,fuzzing,stateful", "--mode=all"]
        words += ["--checks=all", f"--seed={seed}", "--continue-on-failure", "--no-color", "--report=json"]
        words += ["--report-json-path=report.json", "--suppress-health-check=all"]
        return [[str(Path(sys.executable).with_name("st")), *words]]

    def heard(self, directory: Path, output: str) -> Heard:
        """One finding for each code and operation."""
        report = _json(directory / "report.json", output)
        found = {f"{one['code']} {where}" for one in report["failures"] for where in one["operations"]}
        return Heard(frozenset(found), report["test_cases"]["generated"])


class Portman:
    """Portman makes a Postman collection with contract tests and variations, newman runs it."""

    name = "portman + newman"
    version = "1.33.0 + 6.2.2"
    given = "contract, configuration"

    def __init__(self) -> None:
        # tslib is what Portman imports and does not ask for.
        self._npm = Npm(("@apideck/portman@1.33.0", "newman@6.2.2", "tslib@2.8.1"))

    def install(self) -> None:
        """From npm."""
        self._npm.install()

    def commands(self, contract: Path, base_url: str, seed: int) -> list[list[str]]:
        """The collection is made anew each time: it follows from the contract, which may be what is faulty."""
        del seed  # it draws nothing
        make = ["--local", str(contract), "--baseUrl", base_url, "--output", "collection.json"]
        make += ["--portmanConfigFile", str(CONFIG / "portman.json")]
        send = ["run", "collection.json", "--delay-request", "300", "--reporters", "json"]
        send += ["--reporter-json-export", "report.json"]
        return [[self._npm.program("portman"), *make], [self._npm.program("newman"), *send]]

    def heard(self, directory: Path, output: str) -> Heard:
        """One finding for each test of a request that failed, and what was wrong."""
        run = _json(directory / "report.json", output)["run"]
        found = {_plain(f"{one['error'].get('test', '')}: {one['error']['message']}") for one in run["failures"]}
        return Heard(frozenset(found), run["stats"]["requests"]["total"])


class Dredd:
    """Dredd sends each request that the contract has an example of and compares the answer."""

    name = "dredd"
    version = "14.1.0"
    given = "contract, hooks"

    def __init__(self) -> None:
        self._npm = Npm((f"dredd@{self.version}",))

    def install(self) -> None:
        """From npm."""
        self._npm.install()

    def commands(self, contract: Path, base_url: str, seed: int) -> list[list[str]]:
        """All transactions of the contract, with hooks for ids."""
        del seed  # it draws nothing
        words = [str(contract), base_url, "--loglevel=error", "--no-color", f"--hookfiles={CONFIG / 'dredd.cjs'}"]
        return [[self._npm.program("dredd"), *words]]

    def heard(self, directory: Path, output: str) -> Heard:
        """One finding for each part of an answer that is not as in the example."""
        del directory  # all that it says it prints
        ended = re.search(r"complete: (\d+) passing, (\d+) failing, (\d+) errors", output)
        if not ended:
            raise GateError("dredd did not get to its end.", _first_line(output))
        details = FAILED.findall(output)
        found = {_plain(f"{where}: {what}") for where, what in details}
        return Heard(frozenset(found), sum(int(count) for count in ended.groups()))


def tools() -> list[Tool]:
    """Every tool."""
    return [Schemathesis(), Portman(), Dredd()]


def _json(path: Path, output: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GateError("It left no report.", _last_line(output)) from error


def _plain(text: str) -> str:
    """What stays the same from run to run: no ids, numbers or times, and not the values that were received."""
    one_line = " ".join(text.split())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", one_line)[:300]


def _first_line(text: str) -> str:
    return _line(text.strip().splitlines()[:1])


def _last_line(text: str) -> str:
    return _line(text.strip().splitlines()[-1:])


def _line(lines: Sequence[str]) -> str:
    return lines[0].strip() if lines else "It said nothing."
