"""A verdict as annotations of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from gate.core.texts import counted
from gate.verdict.code_host import command
from gate.verdict.verdict import Group, Verdict

LEVELS = {"critical": "error", "major": "error", "minor": "warning"}
"""Level of an annotation, by severity."""

MOST = 10
"""Annotations of a level that the code host shows; the last one counts those that are left out."""


def workflow_commands(verdict: Verdict, prefix: str = "") -> Iterator[str]:
    """Yields a command for each of the first groups, and for the reason where there is no finding that gives it.

    ``prefix`` leads from the workspace of the code host to the checkout that holds the promises.
    """
    if verdict.verdict not in {"pass", "broken"} or (verdict.verdict == "broken" and not verdict.findings):
        yield command("error", f"Beacon Gate: {verdict.verdict}", verdict.reason)
    for group in verdict.groups[: MOST - 1]:
        finding = group.first
        place = {"file": prefix + finding.file, "line": str(finding.line)} if finding.file else {}
        yield command(LEVELS[finding.severity], f"{finding.code} {finding.title}", text_of(group), place)
    omitted = len(verdict.groups) - (MOST - 1)
    if omitted > 0:
        yield command("error", "Beacon Gate", f"{omitted} more findings are in the summary and in the reports.")


def warning(title: str, text: str) -> str:
    """A warning that belongs to no finding."""
    return command("warning", title, text)


def text_of(group: Group) -> str:
    """A group of findings in a few lines."""
    finding, more = group.first, f"\n{group.more}" if group.more else ""
    first = ", ".join(finding.tests[:1]) or "the run"
    return (
        f"{finding.where}\nexpected {finding.expected}\ngot {finding.got}\n"
        f"{finding.explanation}\nSeen {counted(finding.times, 'time')}, first in {first}.{more}"
    )
