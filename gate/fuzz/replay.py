"""Replay files: the request or sequence behind a finding, and whether it still shows the finding."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gate.core.client import Unreachable
from gate.core.documents import load_text, shaped
from gate.core.errors import DocumentError, Exit, GateError, NotAvailable, UsageError
from gate.core.evidence import Evidence
from gate.core.findings import BrokenPromise, Finding
from gate.core.redaction import Redactor
from gate.fuzz.probe import Probe, SentRequest
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import FuzzRules, Step
from gate.session.codes import SILENT
from gate.session.session import Session

VERSION = 1


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding with its evidence, both of the minimised replay."""

    finding: Finding
    evidence: Evidence
    replay: Path


def must_hold(violations: Sequence[Violation]) -> None:
    """Raise BrokenPromise, with the evidence of each, if there is any violation."""
    if violations:
        raise BrokenPromise([each.finding for each in violations], [each.evidence for each in violations])


@dataclass(frozen=True, slots=True)
class Replay:
    """One request, or the steps of a sequence, and the finding that it shows."""

    code: str
    where: str
    seed: int
    request: GeneratedRequest | None = None
    steps: Sequence[Step] = ()

    @property
    def name(self) -> str:
        """Name of its file; the same for the same cause."""
        return f"{self.code}-{hashlib.sha256(f'{self.code} {self.where}'.encode()).hexdigest()[:8]}.json"

    def reproduced(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings that have the cause of this replay."""
        return [finding for finding in findings if finding.cause == (self.code, self.where)]

    def write(self, directory: Path, redact: Redactor) -> Path:
        """Write the file, without the secrets that ``redact`` knows, into ``directory`` and return its path."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.name
        request = self.request.as_dict() if self.request else None
        content = redact.within({"version": VERSION, **asdict(self), "request": request})
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path

    def run(self, probe: Probe) -> tuple[list[Finding], SentRequest | None]:
        """Send the request, or perform the steps, with fresh ids; all findings, and the request that was sent."""
        if self.request is None:
            return probe.perform(self.steps), None
        sent = probe.send(self.request)
        return sent.findings + probe.settle(), sent

    def reproduce(self, probe: Probe, finding: Finding, directory: Path) -> Violation:
        """Write the file, and run the minimised replay once more, so that the evidence belongs to it."""
        path = self.write(directory, probe.session.journal.redact)
        record = probe.record
        try:
            findings, sent = self.run(probe)
        except NotAvailable as reason:
            return Violation(finding, Evidence(probe.test, f"{finding}\n    not sent again: {reason}"), path)
        reproduced = next(iter(self.reproduced(findings)), finding)
        lines = [f"    {name:8} {text}" for name, text in self._summary()]
        message = "\n".join([str(reproduced), *lines, f"    replay   {command(path)}"])
        # Every step may lead to the finding, so the evidence of a sequence is not that of the finding's request alone.
        named = [replace(reproduced, request="")]
        if sent is not None:
            request = sent.exchange.request_id if sent.exchange else ""
            named = [replace(reproduced, request=request, resource=sent.resource), reproduced]
        return Violation(finding, probe.session.evidence(record, message, named), path)

    def _summary(self) -> Iterator[tuple[str, str]]:
        if self.request is not None:
            yield "case", f"{self.request.mode}: {self.request.description or self.request.method}"
        yield from (("step", json.dumps(step)) for step in self.steps)
        yield "seed", str(self.seed)


def command(path: Path) -> str:
    """The command that runs a replay file; its path is relative to the checkout where possible, as reports travel."""
    here = Path.cwd()
    relative = path.relative_to(here) if path.is_relative_to(here) else path
    return f"./scripts/gate --replay {shlex.quote(str(relative))}"


def load(path: Path) -> Replay:
    """The replay in a file; UsageError where it holds none."""

    def parse() -> Replay:
        content = json.loads(load_text(path))  # as written: its body may be a text that no other file may hold
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']} instead of {VERSION}")
        request = GeneratedRequest.from_dict(content["request"]) if content["request"] else None
        return Replay(content["code"], content["where"], content["seed"], request, content["steps"])

    try:
        return shaped(path, parse, "a replay file")
    except DocumentError as error:
        raise UsageError(error.message, "Name a file of reports/replay/.") from error


def outcome(session: Session, rules: FuzzRules, replay: Replay) -> tuple[Exit, str]:
    """Run a replay; exit code, and a line that begins with FIXED, FAILED or ERROR."""
    try:
        probe = Probe(session, rules, f"replay of {replay.name}")
        if replay.request and "{" in probe.operations[replay.request.operation].path:
            probe.prepare()
        findings, sent = replay.run(probe)
        if sent is not None and sent.exchange is None and replay.code != SILENT:
            raise Unreachable(sent.findings[0].got)  # noqa: TRY301 (one message for all)
    except (GateError, Unreachable, AssertionError) as error:
        return Exit.UNJUDGED, f"ERROR {replay.code} {replay.where}: {str(error).splitlines()[0]}"
    reproduced = replay.reproduced(findings)
    return (
        (Exit.BROKEN, f"FAILED {reproduced[0]}") if reproduced else (Exit.PASS, f"FIXED {replay.code} {replay.where}")
    )
