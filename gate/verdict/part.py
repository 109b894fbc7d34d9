"""The part of a run that a shard judged, in a file beside its journals, and the check that parts are of one run."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from gate.core.errors import GateError, UsageError
from gate.core.rerun import RunOptions
from gate.core.shards import Shard
from gate.verdict.judged import Judged

NAME = "shard.json"
CHECKSUM = "checksum"


class Part(BaseModel):
    """The facts about a shard that a merge needs beside its journals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shard: str
    conditions: dict[str, str]  # of the run, the same for each of its shards
    options: RunOptions = RunOptions()
    judged: Judged = Judged()
    existing: list[str] = []  # resources that were judged by reading
    workers: list[str] = []  # each with a journal
    tests: list[str] = []  # that had to be judged
    places: dict[str, tuple[str, int]] = {}  # file and line of each test that failed
    unavailable: dict[str, str] = {}
    narrowed: bool = False  # by more than the shard
    cut_short: bool = False  # at its first finding, as asked
    not_tried: dict[str, int] = {}
    stopped: str = ""
    left_behind: list[str] = []
    duration: float = 0.0  # seconds
    processes: int = 1
    failed_of_harness: int = 0  # tests
    report_dir: str = ""

    @property
    def place(self) -> Shard:
        """Its place among the shards of its run."""
        return Shard.of(self.shard)

    def text(self, redact: Callable[[str], str] = str) -> str:
        """The file, without secrets and with a checksum of what is left."""
        document = json.loads(redact(self.model_dump_json()))
        return json.dumps({**document, CHECKSUM: _checksum(document)}, indent=1) + "\n"


def digest(paths: Iterable[Path]) -> str:
    """A digest of files, by which shards know that they divide the same tests."""
    content = b"\0".join(path.read_bytes() for path in paths)
    return hashlib.sha256(content).hexdigest()[:16]


def _checksum(document: Mapping[str, Any]) -> str:
    """A checksum by which a file that was changed, in a cache or by hand, is not taken for what a run wrote."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def read(directory: Path) -> Part:
    """The part in a report directory; GateError where there is none, or where it was changed."""
    try:
        document = json.loads((directory / NAME).read_text(encoding="utf-8"))
        checksum = document.pop(CHECKSUM)
        part = Part.model_validate(document)
    except FileNotFoundError as error:
        message = f"{directory} has no {NAME}: its run had no --shard, or did not come to its end."
        raise GateError(message, "Run the shard again, and name its report directory.") from error
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, UsageError) as error:
        raise GateError(f"{directory / NAME} cannot be read as the part of a run.", "Run the shard again.") from error
    if checksum != _checksum(document):
        raise GateError(f"{directory / NAME} is not as its run wrote it.", "Run the shard again.")
    return part


def together(parts: Sequence[tuple[Path, Part]]) -> dict[Path, Part]:
    """The parts of one run in their order; GateError names a missing, double or foreign one."""
    (directory, first), *others = parts
    for other, part in others:
        _same(directory, first, other, part)
    number = first.place.number
    places: dict[int, list[str]] = defaultdict(list)
    for other, part in parts:
        places[part.place.index].append(str(other))
    for index, directories in sorted(places.items()):
        if len(directories) > 1:
            message = f"Shard {index}/{number} is there {len(directories)} times: {', '.join(directories)}."
            raise GateError(message, "Name the report directory of each shard once.")
    if missing := [f"{index}/{number}" for index in range(1, number + 1) if index not in places]:
        message = f"Of {number} shards {len(missing)} are missing: {', '.join(missing)}."
        raise GateError(message, "Run them, or name their report directories too: nothing is known of their tests.")
    return dict(sorted(parts, key=lambda entry: entry[1].place.index))


def _same(directory: Path, first: Part, other: Path, part: Part) -> None:
    own = {"number of shards": str(first.place.number), **first.conditions}
    its = {"number of shards": str(part.place.number), **part.conditions}
    for name in sorted(own.keys() | its.keys()):
        if own.get(name) != its.get(name):
            raise GateError(
                f"{other} is a shard of another run than {directory}: its {name} is {its.get(name) or 'empty'},"
                f" not {own.get(name) or 'empty'}.",
                "Name the shards of one run: of one build, with the same options.",
            )
