"""Replay files: what made a finding, and whether it still does."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.core.client import Unreachable
from gate.core.errors import Exit, GateError, UsageError
from gate.core.findings import Finding
from gate.core.settings import ROOT
from gate.fuzz.probe import Probe
from gate.fuzz.request import Shot

if TYPE_CHECKING:
    from gate.session.session import Session

VERSION = 1


@dataclass(frozen=True, slots=True)
class Replay:
    """What to do again and which finding to look for: one request, or the steps of a sequence."""

    code: str
    where: str
    seed: int
    shot: Shot | None = None
    steps: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of its file; the same for the same cause."""
        return f"{self.code}-{hashlib.sha256(f'{self.code} {self.where}'.encode()).hexdigest()[:8]}.json"

    def is_it(self, finding: Finding) -> bool:
        """Whether a finding is the one that this file is about."""
        return (finding.code, finding.where) == (self.code, self.where)

    def write(self, directory: Path) -> Path:
        """Writes the file into ``directory`` and returns its path."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.name
        content = {
            "version": VERSION,
            "code": self.code,
            "where": self.where,
            "seed": self.seed,
            "request": self.shot.as_dict() if self.shot else None,
            "steps": list(self.steps),
        }
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path


def command(path: Path) -> str:
    """What does again what a replay file says. The path is short, and good on another machine too, where it can be."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"./scripts/gate --replay {shlex.quote(str(shown))}"


def load(path: Path) -> Replay:
    """The replay in ``path``; UsageError where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']} instead of {VERSION}")  # noqa: TRY301 (one message for all)
        shot = Shot.from_dict(content["request"]) if content["request"] else None
        return Replay(content["code"], content["where"], content["seed"], shot, content["steps"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a replay file: {error!r}.", "Name a file of reports/replay/.") from error


def again(session: Session, replay: Replay) -> list[Finding]:
    """What is found when it is done again with fresh ids: the findings that the file is about."""
    probe = Probe(session, f"replay of {replay.name}")
    if replay.shot is not None:
        if "{" in probe.operations[replay.shot.operation].path:
            probe.prepare()
        fired = probe.fire(replay.shot)
        if fired.exchange is None and replay.code != "BG-TEST-003":
            raise Unreachable(fired.found[0].got)
        found = fired.found + probe.settle()
    else:
        from beacon.sequences import perform  # noqa: PLC0415 (it is built on this module)

        found = perform(probe, replay.steps)
    return [finding for finding in found if replay.is_it(finding)]


def outcome(session: Session, replay: Replay) -> tuple[Exit, str]:
    """Exit code and line: FIXED, FAILED or ERROR."""
    try:
        found = again(session, replay)
    except (GateError, Unreachable, AssertionError) as error:
        return Exit.UNJUDGED, f"ERROR {replay.code} {replay.where}: {str(error).splitlines()[0]}"
    if found:
        return Exit.BROKEN, f"FAILED {found[0]}"
    return Exit.PASS, f"FIXED {replay.code} {replay.where}"
