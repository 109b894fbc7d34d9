"""Replay files: the request or sequence behind a finding, the build that it was of, and whether it is still there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gate.core.client import Unreachable
from gate.core.documents import load_text, shaped
from gate.core.errors import DocumentError, Exit, GateError, NotAvailable, UsageError
from gate.core.evidence import Evidence
from gate.core.findings import BrokenPromise, Finding
from gate.core.redaction import Redactor
from gate.core.rerun import RunOptions, of_replay
from gate.fuzz.probe import Probe, SentRequest
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import FuzzRules, Step
from gate.oracles import published_contract
from gate.session.codes import SILENT
from gate.session.session import Session

VERSION = 2
TRIES = 3
"""Replays without the finding after which it counts as fixed."""
UNSEEN = "the gate did not see the finding again when it repeated the request"
SECRET = "it held a secret, which is not written to a file"  # noqa: S105 (a sentence)
FAILING = published_contract.CODES[0].id
"""The code of an answer behind which a finding may hide."""
_OPTIONS = TypeAdapter(RunOptions)


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
    """One request, or the steps of a sequence, and the finding that it shows.

    Args:
        code: of the finding.
        where: its place.
        seed: of the run.
        request: the minimised request.
        steps: the minimised sequence.
        options: of the run, by which it is repeated against the same build.
        doubt: the reason why it says nothing where it does not show the finding; empty without any.

    """

    code: str
    where: str
    seed: int
    request: GeneratedRequest | None = None
    steps: Sequence[Step] = ()
    options: RunOptions = field(default_factory=RunOptions)
    doubt: str = ""

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
        content = redact.within({"version": VERSION, **self._members(), "doubt": self.doubt_of(redact)}, known=True)
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path

    def doubt_of(self, redact: Redactor) -> str:
        """Its doubt; without the secrets that ``redact`` knows it may be another request."""
        members = json.loads(json.dumps(self._members()))
        return self.doubt or (SECRET if redact.within(members, known=True) != members else "")

    def _members(self) -> dict[str, Any]:
        # What was generated is nobody's secret, even where it looks like one.
        return {**asdict(self), "request": self.request.as_dict() if self.request else None}

    def run(self, probe: Probe) -> tuple[list[Finding], SentRequest | None]:
        """Send the request, or perform the steps, with fresh ids; all findings, and the request that was sent."""
        if self.request is None:
            return probe.perform(self.steps), None
        sent = probe.send(self.request)
        return sent.findings + probe.settle(), sent

    def reproduce(self, probe: Probe, finding: Finding, directory: Path) -> Violation:
        """Run the minimised replay once more, so that the evidence belongs to it, and write the file."""
        redact = probe.session.journal.redact
        record = probe.record
        try:
            findings, sent = self.run(probe)
        except NotAvailable as reason:
            path = replace(self, doubt=f"it was not sent again: {reason}").write(directory, redact)
            return Violation(finding, Evidence(probe.test, f"{finding}\n    not sent again: {reason}"), path)
        again = self.reproduced(findings)
        replay = self if again else replace(self, doubt=UNSEEN)
        path, doubt = replay.write(directory, redact), replay.doubt_of(redact)
        command = "" if doubt else of_replay(path, self.options)
        reproduced = next(iter(again), finding)
        lines = [f"    {name:8} {text}" for name, text in self._summary()]
        message = "\n".join([str(reproduced), *lines, f"    replay   {command or f'not certain: {doubt}'}"])
        # Every step may lead to the finding, so the evidence of a sequence is not that of the finding's request alone.
        named = [replace(reproduced, request="")]
        if sent is not None:
            request = sent.exchange.request_id if sent.exchange else ""
            named = [replace(reproduced, request=request, resource=sent.resource), reproduced]
        evidence = replace(probe.session.evidence(record, message, named), command=command)
        return Violation(finding, evidence, path)

    def _summary(self) -> Iterator[tuple[str, str]]:
        if self.request is not None:
            yield "case", f"{self.request.mode}: {self.request.description or self.request.method}"
        yield from (("step", json.dumps(step)) for step in self.steps)
        yield "seed", str(self.seed)


def load(path: Path) -> Replay:
    """The replay in a file; UsageError where it holds none."""

    def parse() -> Replay:
        content = json.loads(load_text(path))  # as written: its body may be a text that no other file may hold
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']} instead of {VERSION}, which names the build")
        request = GeneratedRequest.from_dict(content["request"]) if content["request"] else None
        options = _OPTIONS.validate_python(content["options"], strict=False)
        return Replay(
            content["code"], content["where"], content["seed"], request, content["steps"], options, content["doubt"]
        )

    try:
        return shaped(path, parse, "a replay file")
    except DocumentError as error:
        raise UsageError(error.message, "Name a file of reports/replay/.") from error


def outcome(session: Session, rules: FuzzRules, replay: Replay) -> tuple[Exit, str]:
    """Run a replay; exit code, and a line that begins with FIXED, FAILED or ERROR.

    Only silence that is certain is FIXED: the service works, no failure hides the finding, and several tries had none.
    """
    try:
        probe = Probe(session, rules, f"replay of {replay.name}")
        doubt = replay.doubt or _unprepared(probe)
        findings = _tried(probe, replay)
        if not replay.reproduced(findings) and (cause := session.cause()):
            raise cause
    except (GateError, NotAvailable, AssertionError) as error:
        return Exit.UNJUDGED, f"ERROR {replay.code} {replay.where}: {str(error).splitlines()[0]}"
    if reproduced := replay.reproduced(findings):
        return Exit.BROKEN, f"FAILED {reproduced[0]}"
    if hiding := next((each for each in findings if each.code in {FAILING, SILENT}), None):
        return Exit.BROKEN, f"FAILED {hiding}\n    behind which {replay.code} {replay.where} may hide"
    if doubt:
        return Exit.UNJUDGED, f"ERROR {replay.code} {replay.where} did not show, but that says nothing: {doubt}"
    return Exit.PASS, f"FIXED {replay.code} {replay.where}"


def _unprepared(probe: Probe) -> str:
    """Create the resources that requests address; the reason why the service cannot do that, empty where it can."""
    try:
        probe.prepare()
    except AssertionError as error:
        return f"the service does not do what every replay begins with: {str(error).splitlines()[0]}"
    return ""


def _tried(probe: Probe, replay: Replay) -> list[Finding]:
    """The findings of the first try that shows the replay's own, else of the last; Unreachable without an answer."""
    findings: list[Finding] = []
    for _ in range(TRIES):
        findings, sent = replay.run(probe)
        if sent is not None and sent.exchange is None and replay.code != SILENT:
            raise Unreachable(sent.findings[0].got)
        if replay.reproduced(findings):
            break
    return findings
