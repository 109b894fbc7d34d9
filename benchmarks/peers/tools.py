"""The other tools: how each is installed, started and read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from gate.core.errors import GateError

CONFIG = Path(__file__).with_name("config")
INSTALL_SECONDS = 600.0
FAILED = re.compile(
    r"^(?:fail|error): (\w+ \(\d+\) \S+) duration: \d+ms\n(?:fail|error): ((?!\w+ \(\d+\) ).+)$", re.MULTILINE
)
"""A failure as Dredd prints it after its last request: the transaction, then the reason."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Findings of a run, in the same words for the same finding, and its number of requests."""

    findings: frozenset[str] = frozenset()
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that gets a contract and the address of a runner.

    ``given`` names what it gets: the contract alone, or also what somebody has to write. ``commands`` returns the
    commands of a run, one after the other, for a contract, an address and a seed; exit codes do not count. ``read``
    reads their directory and output; GateError if the run came to nothing.
    """

    name: str
    version: str
    given: str
    commands: Callable[[Path, str, int], list[list[str]]]
    read: Callable[[Path, str], Reading]
    programs: tuple[str, ...] = ()  # of npm
    packages: tuple[str, ...] = ()  # of npm

    def install(self) -> None:
        """Install its programs; GateError says why it cannot be had."""
        for program in self.programs:
            npm(program, self.packages)


@cache
def npm(program: str, packages: tuple[str, ...]) -> str:
    """Return the path of a program of npm packages, ``name@version``, which npm keeps in its cache."""
    if shutil.which("npm") is None:
        raise GateError("npm was not found.", "Install Node.js.")
    options = ["--yes", "--ignore-scripts", "--loglevel=error", *(f"--package={package}" for package in packages)]
    command = ["npm", "exec", *options, "--call", f"command -v {program}"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise GateError(f"npm did not install {packages[0]} in {INSTALL_SECONDS:g} s.") from error
    except subprocess.CalledProcessError as error:
        raise GateError(f"npm could not install {packages[0]}.", _line(error.stderr, 0)) from error
    return process.stdout.strip()


def _schemathesis(contract: Path, url: str, seed: int) -> list[list[str]]:
    """``st run`` with every phase, every check, and valid as well as invalid requests."""
    words = ["run", str(contract), f"--url={url}", "--phases=examples,coverage,fuzzing,stateful", "--mode=all"]
    words += ["--checks=all", f"--seed={seed}", "--continue-on-failure", "--no-color", "--report=json"]
    words += ["--report-json-path=report.json", "--suppress-health-check=all"]
    return [[str(Path(sys.executable).with_name("st")), *words]]


def _read_schemathesis(directory: Path, output: str) -> Reading:
    """One finding for each code and operation."""
    report = _report(directory, output)
    findings = {f"{failure['code']} {place}" for failure in report["failures"] for place in failure["operations"]}
    return Reading(frozenset(findings), report["test_cases"]["generated"])


PORTMAN = ("@apideck/portman@1.33.0", "newman@6.2.2", "tslib@2.8.1")  # Portman imports tslib without requiring it


def _portman(contract: Path, url: str, _seed: int) -> list[list[str]]:
    """Portman makes a Postman collection of contract tests and variations, newman runs it."""
    make = ["--local", str(contract), "--baseUrl", url, "--output", "collection.json"]
    make += ["--portmanConfigFile", str(CONFIG / "portman.json")]
    send = ["run", "collection.json", "--delay-request", "300", "--reporters", "json"]
    send += ["--reporter-json-export", "report.json"]
    return [[npm("portman", PORTMAN), *make], [npm("newman", PORTMAN), *send]]


def _read_newman(directory: Path, output: str) -> Reading:
    """One finding for each failed test of a request and its reason."""
    run = _report(directory, output)["run"]
    errors = [failure["error"] for failure in run["failures"]]
    return Reading(
        _stable(f"{error.get('test', '')}: {error['message']}" for error in errors), run["stats"]["requests"]["total"]
    )


DREDD = ("dredd@14.1.0",)


def _dredd(contract: Path, url: str, _seed: int) -> list[list[str]]:
    """Dredd sends each request that the contract has an example of and compares the response."""
    words = [str(contract), url, "--loglevel=error", "--no-color", f"--hookfiles={CONFIG / 'dredd.cjs'}"]
    return [[npm("dredd", DREDD), *words]]


def _read_dredd(_directory: Path, output: str) -> Reading:
    """One finding for each part of a response that differs from the example."""
    end = re.search(r"complete: (\d+) passing, (\d+) failing, (\d+) errors", output)
    if not end:
        raise GateError("dredd did not get to its end.", _line(output, 0))
    findings = _stable(f"{place}: {reason}" for place, reason in FAILED.findall(output))
    return Reading(findings, sum(map(int, end.groups())))


TOOLS = {
    "schemathesis": Tool(
        "schemathesis", metadata.version("schemathesis"), "contract", _schemathesis, _read_schemathesis
    ),
    "portman": Tool(
        "portman + newman",
        "1.33.0 + 6.2.2",
        "contract, configuration",
        _portman,
        _read_newman,
        ("portman", "newman"),
        PORTMAN,
    ),
    "dredd": Tool("dredd", "14.1.0", "contract, hooks", _dredd, _read_dredd, ("dredd",), DREDD),
}


def _report(directory: Path, output: str) -> Any:
    try:
        return json.loads((directory / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GateError("It left no report.", _line(output, -1)) from error


def _stable(texts: Iterable[str]) -> frozenset[str]:
    """Texts without ids, numbers and times, so that they are the same from run to run."""
    return frozenset(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", " ".join(text.split()))[:300] for text in texts)


def _line(text: str, index: int) -> str:
    return (text.strip().splitlines() or ["It printed nothing."])[index].strip()
