"""Reports of a verdict: JSON, Markdown, one self-contained HTML page, and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from rich.console import Console
from rich.markup import escape

from gate.core.redaction import Redactor
from gate.verdict import allure_report, evidence_view, junit, overview, report_directory, sarif
from gate.verdict.verdict import NAME, FindingResult, Verdict

_STYLES = {"pass": "bold green", "broken": "bold red", "partial": "bold yellow", "unjudged": "bold magenta"}
_HEADLINES = {
    "pass": "PASS: this build may ship",
    "broken": "BROKEN: this build must not ship",
    "partial": "PARTIAL: nothing wrong was found, but not everything could be checked",
    "unjudged": "UNJUDGED: the gate could not judge this build",
}
SHOWN_TESTS = 3
"""Tests of a finding that the terminal names."""


def write(verdict: Verdict, directory: Path, redact: Redactor) -> list[Path]:
    """Writes the verdict to ``directory`` in each form, without secrets, and returns their paths.

    The results of JUnit and Allure are completed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    verdict = Verdict.model_validate(redact.within(verdict.model_dump()))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    members = view(verdict)
    contents = {
        NAME: verdict.model_dump_json(indent=2) + "\n",
        "verdict.md": environment.get_template("verdict.md").render(members),
        "verdict.html": environment.get_template("verdict.html").render(members),
    }
    allure_report.complete(directory / f"allure-results{report_directory.PARTIAL}", verdict)
    junit.complete(directory / f"junit.xml{report_directory.PARTIAL}", verdict)
    report_directory.publish(directory, contents | {sarif.NAME: sarif.document(verdict)})
    return [directory / name for name in contents]


def view(verdict: Verdict) -> dict[str, Any]:
    """The members that the templates use."""
    notes = {
        "Missing: had to be judged and was not": verdict.missing,
        "Changes of rows that could not be attributed": verdict.unattributed,
        "Not tried: the run ended with the first group of findings": not_tried(verdict),
        "Left behind": verdict.left_behind,
    }
    parts = {
        "findings": verdict.findings,
        "tests": verdict.tests,
        "criteria": verdict.criteria,
        "coverage": True,
        "invariants": True,
        "fuzzing": verdict.fuzz,
    }
    criteria = Counter(criterion.state for criterion in verdict.criteria)
    return {
        "v": verdict,
        "headline": headline(verdict),
        "notes": [(title, lines) for title, lines in notes.items() if lines],
        "parts": [(id_, id_.capitalize()) for id_, content in parts.items() if content],
        "criteria": ", ".join(f"{number} {state}" for state, number in criteria.items()),
        "states": Counter(test.state for test in verdict.tests),
        "files": overview.by_file(verdict),
        "slowest": overview.slowest(verdict),
        "coverage": list(overview.covered(verdict.coverage)),
        "steps": evidence_view.steps,
        "tables": evidence_view.tables,
        "log": evidence_view.log,
        "difference": evidence_view.difference,
    }


def not_tried(verdict: Verdict) -> list[str]:
    """Tests that the run left out as it ended early, a line for each folder."""
    return [f"{number} tests of {folder}" for folder, number in verdict.not_tried.items()]


def headline(verdict: Verdict) -> str:
    """The verdict in one line."""
    if verdict.verdict == "pass" and verdict.narrowed:
        return "PASS: nothing wrong in what was selected; the build as a whole was not judged"
    return _HEADLINES[verdict.verdict]


def show(verdict: Verdict, directory: Path, console: Console) -> None:
    """Prints the verdict for a person at a terminal."""
    for group in verdict.groups:
        _show_finding(group.first, verdict, console)
        if group.more:
            console.print(f"  {escape(group.more)}", highlight=False)
    _show_settled(verdict, console)
    if verdict.unattributed:
        number, first = len(verdict.unattributed), escape(verdict.unattributed[0])
        console.print(
            f"[yellow]could not be attributed[/] changes of rows in {number} places, as {first}", highlight=False
        )
    for text in verdict.missing:
        console.print(f"[bold magenta]missing[/] {escape(text)}", highlight=False)
    if verdict.not_tried:
        console.print(f"[yellow]not tried[/] {escape(', '.join(not_tried(verdict)))}", highlight=False)
    for oracle, reason in verdict.unavailable_checks.items():
        console.print(f"[yellow]not checked[/] oracle {oracle}: {escape(reason)}", highlight=False)
    for reason, tests in verdict.not_checked.items():
        console.print(f"[yellow]not checked[/] {len(tests)} tests: {escape(reason)}", highlight=False)
    if verdict.verdict != "unjudged":
        _show_criteria(verdict, console)
        _show_coverage(verdict, console)
        _show_fuzzing(verdict, console)
    console.print(
        f"target {verdict.target}, depth {verdict.depth}, seed {verdict.seed}, {verdict.duration_seconds:.1f} s; "
        f"reports in {directory}",
        highlight=False,
    )
    for name in verdict.left_behind:
        console.print(f"[bold red]left behind[/] {escape(name)}", highlight=False)
    console.print(f"\n[{_STYLES[verdict.verdict]}]{headline(verdict)}[/]. {escape(verdict.reason)}", highlight=False)


def _show_finding(finding: FindingResult, verdict: Verdict, console: Console) -> None:
    repetitions = ", ".join(map(str, finding.seen_in))
    flaky = f" [yellow]flaky: only in repetitions {repetitions} of {verdict.repetitions}[/]" if finding.flaky else ""
    console.print(
        f"\n[bold red]{finding.code}[/] [bold]{escape(finding.title)}[/] "
        f"[dim]({finding.severity}, {finding.times}x)[/]{flaky}"
    )
    console.print(
        f"  {escape(finding.where)}\n  expected {escape(finding.expected)}\n  got      {escape(finding.got)}\n"
        f"  [dim]{escape(', '.join(finding.tests[:SHOWN_TESTS]))}; ./scripts/gate explain {finding.code}[/]",
        highlight=False,
    )


def _show_settled(verdict: Verdict, console: Console) -> None:
    """Prints the accepted deviations, and the changes since the baseline."""
    for entry in verdict.accepted:
        console.print(
            f"[yellow]accepted[/] {entry.deviation} until {entry.expires} ({escape(entry.owner)}): "
            f"{entry.finding.code} {escape(entry.finding.where)}",
            highlight=False,
        )
    if verdict.compared:
        for title, names in verdict.compared.sections:
            console.print(f"since the baseline {title}: {escape(', '.join(names) or 'none')}", highlight=False)


def _show_criteria(verdict: Verdict, console: Console) -> None:
    states = Counter(criterion.state for criterion in verdict.criteria)
    console.print(f"\ncriteria: {', '.join(f'{number} {state}' for state, number in states.items())}")
    unmet = [criterion for criterion in verdict.criteria if criterion.state == "not met"]
    for criterion in unmet:
        console.print(f"  [yellow]-[/] {criterion.id}: {escape(criterion.text)}", highlight=False)


def _show_coverage(verdict: Verdict, console: Console) -> None:
    coverage = verdict.coverage
    kinds: dict[str, Mapping[str, int]] = {
        "operations": coverage.operations,
        "documented statuses": coverage.statuses,
        "error codes": coverage.error_codes,
        "terminal states": coverage.states,
        "invariants": coverage.invariants,
        "parameters": coverage.parameters,
        "enumerated values": coverage.values,
        "keywords satisfied or violated": coverage.keywords,
    }
    shares = ", ".join(f"{sum(map(bool, kind.values()))} of {len(kind)} {name}" for name, kind in kinds.items())
    counts = verdict.counts
    console.print(f"covered {shares}; {counts.exchanges} exchanges, {counts.resources} resources", highlight=False)


def _show_fuzzing(verdict: Verdict, console: Console) -> None:
    positive, accepted, cases, seconds, judging = (
        sum(getattr(result, name) for result in verdict.fuzz)
        for name in ("positive", "accepted", "cases", "seconds", "oracle_seconds")
    )
    if positive:
        console.print(
            f"fuzzed {cases} cases, {cases / seconds:.0f}/s in each worker; {accepted / positive:.0%} of {positive} "
            f"positive cases accepted; oracles took {judging / seconds:.0%} of the time",
            highlight=False,
        )
