"""A verdict on a pull request: annotations, the summary of the job, and its outputs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gate.core.errors import Exit
from gate.verdict.verdict import FindingResult, Verdict, read

LEVELS = {"critical": "error", "major": "error", "minor": "warning"}
"""Level of an annotation, by severity."""

MOST = 10
"""Annotations of a level that the code host shows; the last one counts those that are left out."""


def workflow_commands(verdict: Verdict) -> Iterator[str]:
    """Yields commands for the worst findings, and for the reason where there is no finding that gives it."""
    if verdict.verdict not in {"pass", "broken"} or (verdict.verdict == "broken" and not verdict.findings):
        yield _command("error", f"Beacon Gate: {verdict.verdict}", verdict.reason)
    for finding in verdict.findings[: MOST - 1]:
        yield _finding(finding)
    rest = len(verdict.findings) - (MOST - 1)
    if rest > 0:
        yield _command("error", "Beacon Gate", f"{rest} more findings are in the job's summary and in its reports.")


def _finding(finding: FindingResult) -> str:
    text = (
        f"{finding.where}\nexpected {finding.expected}\ngot {finding.got}\n"
        f"{finding.explanation}\nSeen {finding.times} times, first in {', '.join(finding.tests[:1]) or 'the run'}."
    )
    return _command(LEVELS[finding.severity], f"{finding.code} {finding.title}", text)


def _command(level: str, title: str, text: str) -> str:
    return f"::{level} title={_escaped(title, ':,')}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":  # the percent sign first
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def annotate(words: Sequence[str]) -> int:
    """Runs the command: prints workflow commands for a verdict, and fills the files of the summary and outputs."""
    parser = argparse.ArgumentParser(
        prog="gate annotate",
        description="Prints the findings as annotations, and adds the verdict to the files that GITHUB_STEP_SUMMARY "
        "and GITHUB_OUTPUT name.",
    )
    parser.add_argument("reports", type=Path, help="the report directory of a run")
    reports: Path = parser.parse_args(words).reports
    verdict = read(reports)
    summary = (reports / "verdict.md").read_text(encoding="utf-8")
    for line in workflow_commands(verdict):
        print(line)
    _append("GITHUB_STEP_SUMMARY", summary)
    _append("GITHUB_OUTPUT", f"verdict={verdict.verdict}\n")
    return Exit.PASS


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
