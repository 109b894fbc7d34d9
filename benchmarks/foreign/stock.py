"""Stock schemathesis (``st run``) on a declared service, with the same exclusions and as much time."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import httpx

from benchmarks.foreign.reading import Reading, Seen
from benchmarks.running import run_command
from gate.core.declaration import Declaration, load
from gate.core.errors import GateError
from gate.targets.declared import DeclaredTarget
from gate.targets.declared_service import service_of

TOOL = "st run"
MORE_SECONDS = 120.0
"""Time beyond its budget in which it has to end."""
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
SEQUENCES = "Stateful tests"


@contextmanager
def served(declaration: Declaration) -> Iterator[str]:
    """Yield the address of a declared service on a fresh database."""
    target = DeclaredTarget(service_of(declaration), warm=True, say=lambda _: None)
    try:
        system = target.system(target.start())
        try:
            yield system.base_url
        finally:
            system.close()
    finally:
        target.stop()


def run(directory: Path, seconds: float, seed: int) -> Reading:
    """Run every phase and every check for so many seconds; the reading says why where it came to nothing."""
    declaration = load(directory)
    try:
        with served(declaration) as url, TemporaryDirectory(prefix="gate-foreign-") as reports:
            document = httpx.get(url + declaration.service.openapi, timeout=60).json()
            operations = list(_operations(document))
            command = _command(declaration, url, operations, seconds, seed)
            started = time.monotonic()
            _, output = run_command(command, Path(reports), seconds + MORE_SECONDS, Event())
            return _read(Path(reports), output, operations, time.monotonic() - started)
    except TimeoutError:
        return Reading(TOOL, error=f"It was not done {MORE_SECONDS:g} s after its time.")
    except (GateError, OSError, httpx.HTTPError) as error:
        return Reading(TOOL, error=str(error).splitlines()[0])


def _operations(document: Any) -> Iterator[str]:
    for path, item in document["paths"].items():
        yield from (f"{method.upper()} {path}" for method in METHODS if method in item)


def _command(declaration: Declaration, url: str, operations: Iterable[str], seconds: float, seed: int) -> list[str]:
    base = url if declaration.service.base is None else url + declaration.service.base
    words = [str(Path(sys.executable).with_name("st")), "run", url + declaration.service.openapi, f"--seed={seed}"]
    words += [f"--max-time={seconds:g}", "--phases=examples,coverage,fuzzing,stateful", "--mode=all", "--checks=all"]
    words += ["--continue-on-failure", "--no-color", "--suppress-health-check=all", "--warnings=off"]
    words += ["--report=json,ndjson", "--report-json-path=report.json", "--report-ndjson-path=events.ndjson"]
    words += [] if declaration.service.base is None else [f"--url={base}"]
    words += [word for name, value in declaration.fuzz.headers.items() for word in ("-H", f"{name}: {value}")]
    return words + [f"--exclude-name={each}" for each in operations if declaration.fuzz.reason_to_skip(each)]


def _read(directory: Path, output: str, operations: list[str], seconds: float) -> Reading:
    try:
        report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GateError(f"It left no report: {(output.strip().splitlines() or ['it printed nothing'])[-1]}") from error
    accepted = [
        name for name, phases in report["valid_rates"].items() if any(each["accepted"] for each in phases.values())
    ]
    places = {Seen(failure["code"], place) for failure in report["failures"] for place in failure["operations"]} | set(
        _of_sequences(output, operations)
    )
    return Reading(
        TOOL,
        seconds,
        _first(directory / "events.ndjson"),
        len(accepted),
        len(operations),
        tuple(sorted(each for each in places if each.operation != SEQUENCES)),
    )


def _of_sequences(output: str, operations: list[str]) -> Iterator[Seen]:
    """Failures of sequences, whose last request is the one that they are about."""
    section = re.split(rf"_+ {SEQUENCES} _+", output.partition("= SUMMARY =")[0])
    for case in re.split(r"^\d+\. Test Case ID: ", "".join(section[1:]), flags=re.MULTILINE)[1:]:
        codes = re.findall(r"^- (ST\d+) ", case, re.MULTILINE)
        requests = re.findall(r"curl -X (\w+) .*?(http://\S+?)'?(?:\?\S*)?\s*$", case, re.MULTILINE)
        for method, url in requests[-1:]:
            yield from (Seen(code, _requested(method, url, operations)) for code in codes)


def _requested(method: str, url: str, operations: list[str]) -> str:
    """The operation of a request: the one whose path, with anything in its places, is the end of the URL's."""
    path = httpx.URL(url).path

    def fits(operation: str) -> bool:
        verb, _, template = operation.partition(" ")
        pattern = "[^/]+".join(map(re.escape, re.split(r"\{[^}]*\}", template)))
        return verb == method and bool(re.search(rf"{pattern}$", path))

    return max(filter(fits, operations), key=lambda each: (each.count("/"), -each.count("{")), default="")


def _first(events: Path) -> float | None:
    """Seconds from the start of the engine to the end of the first scenario that failed."""
    started = 0.0
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            kind, event = next(iter(json.loads(line).items()))
            if kind == "EngineStarted":
                started = event["timestamp"]
            if kind == "ScenarioFinished" and event["status"] == "failure":
                return float(event["timestamp"] - started)
    return None
