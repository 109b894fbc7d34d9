"""Runs of the command line of defects, and outcomes of trials that were never run."""

from __future__ import annotations

import subprocess
import sys

from beacon.checkout import ROOT
from beacon.pack import pack
from benchmarks.defects.trial import Outcome, Sighting
from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.fuzz.codes import whole
from gate.verdict.events import FindingReported

EXIT_PATCH = 70
ABOUT = Finding("BG-HTTP-004", "GET /executions", "question_id", "nothing")
ELSEWHERE = Finding("BG-HTTP-004", "GET /jobs", "model_id", "nothing")


def command(*words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, text=True, capture_output=True, timeout=timeout, check=False
    )


def is_code(place: str) -> bool:
    """Return whether a place begins with a known code, or with the group of some and has a pattern."""
    code, _, pattern = place.partition(" ")
    codes = whole(pack())
    return code in codes or (bool(pattern) and any(known.startswith(f"{code}-") for known in codes))


def outcome(*findings: Finding, error: str = "") -> Outcome:
    sightings = [Sighting(finding, 2.0 + number) for number, finding in enumerate(findings)]
    return Outcome(sightings, [FindingReported(finding, Evidence()) for finding in findings], 9.0, error)
