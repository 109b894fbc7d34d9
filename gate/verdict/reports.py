"""Writes a verdict as JSON, Markdown and one self-contained HTML page, and prints it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from rich.console import Console
from rich.markup import escape

from gate.contract.coverage import by_owner
from gate.core.evidence import Evidence
from gate.core.redaction import Redactor
from gate.verdict.verdict import FindingResult, Verdict, never

_STYLES = {"pass": "bold green", "broken": "bold red", "partial": "bold yellow", "unjudged": "bold magenta"}
_HEADLINES = {
    "pass": "PASS: this build may ship",
    "broken": "BROKEN: this build must not ship",
    "partial": "PARTIAL: nothing wrong was found, but not everything could be checked",
    "unjudged": "UNJUDGED: the gate could not judge this build",
}


def write(verdict: Verdict, directory: Path, redact: Redactor) -> list[Path]:
    """Writes verdict.json, verdict.md and verdict.html to ``directory`` and returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known = view(verdict)
    contents = {
        "verdict.json": verdict.model_dump_json(indent=2) + "\n",
        "verdict.md": environment.get_template("verdict.md").render(known),
        "verdict.html": environment.get_template("verdict.html").render(known),
    }
    written = []
    for name, content in contents.items():
        path = directory / name
        path.write_text(redact(content), encoding="utf-8")
        written.append(path)
    return written


def view(verdict: Verdict) -> dict[str, Any]:
    """What the templates are given."""
    return {
        "v": verdict,
        "headline": _headline(verdict),
        "met": [criterion for criterion in verdict.criteria if criterion.met],
        "unmet": [criterion for criterion in verdict.criteria if not criterion.met],
        "evidence": [str(Evidence(**finding.evidence)) for finding in verdict.findings],
        "never": never(verdict.exercised),
        **_exercised(verdict),
    }


def _exercised(verdict: Verdict) -> dict[str, Any]:
    seen = verdict.exercised
    statuses = {name: bool(times) for name, times in seen.statuses.items()}
    kinds = {"statuses": statuses, "parameters": seen.parameters, "fields": seen.fields, "values": seen.values}
    return {
        "kinds": list(kinds),
        "exercised": by_owner(kinds),
        "keywords": by_owner({"keywords": seen.keywords}),
        "share": lambda names: f"{sum(names.values())} of {len(names)}" if names else "",
        "missing": lambda names: [name for name, there in (names or {}).items() if not there],
    }


def _headline(verdict: Verdict) -> str:
    if verdict.verdict == "pass" and verdict.narrowed:
        return "PASS: nothing wrong in what was selected; the build as a whole was not judged"
    return _HEADLINES[verdict.verdict]


def show(verdict: Verdict, directory: Path, console: Console) -> None:
    """Prints the verdict for a person at a terminal."""
    known = view(verdict)
    for finding in verdict.findings:
        console.print(
            f"\n[bold red]{finding.code}[/] [bold]{escape(finding.title)}[/] "
            f"[dim]({finding.severity}, {finding.times}x)[/]{_flaky(finding, verdict)}"
        )
        console.print(
            f"  {escape(finding.where)}\n  expected {escape(finding.expected)}\n  got      {escape(finding.got)}",
            highlight=False,
        )
        console.print(
            f"  [dim]{escape(', '.join(finding.tests[:3]))}; ./scripts/gate explain {finding.code}[/]", highlight=False
        )
    _show_settled(verdict, console)
    for oracle, why in verdict.oracles_not_checked.items():
        console.print(f"[yellow]not checked[/] oracle {oracle}: {escape(why)}", highlight=False)
    for reason, tests in verdict.not_checked.items():
        console.print(f"[yellow]not checked[/] {len(tests)} tests: {escape(reason)}", highlight=False)
    if verdict.verdict != "unjudged":
        _show_coverage(verdict, known, console)
        _show_fuzzing(verdict, console)
    console.print(
        f"target {verdict.target}, depth {verdict.depth}, seed {verdict.seed}, {verdict.duration_seconds:.1f} s; "
        f"reports in {directory}",
        highlight=False,
    )
    for what in verdict.left_behind:
        console.print(f"[bold red]left behind[/] {escape(what)}", highlight=False)
    console.print(f"\n[{_STYLES[verdict.verdict]}]{known['headline']}[/]. {escape(verdict.reason)}", highlight=False)


def _flaky(finding: FindingResult, verdict: Verdict) -> str:
    seen = ", ".join(map(str, finding.seen_in))
    return f" [yellow]flaky: only repetitions {seen} of {verdict.repetitions} saw it[/]" if finding.flaky else ""


def _show_settled(verdict: Verdict, console: Console) -> None:
    """What the profile accepts, and what changed since the baseline."""
    for one in verdict.accepted:
        told = f"{one.finding.code} {one.finding.where}"
        console.print(
            f"[yellow]accepted[/] {one.deviation} until {one.expires} ({escape(one.owner)}): {escape(told)}",
            highlight=False,
        )
    if verdict.compared:
        for title, found in (
            ("new", verdict.compared.new),
            ("still failing", verdict.compared.still_failing),
            ("fixed", verdict.compared.fixed),
            ("no longer exercised", verdict.compared.no_longer_exercised),
        ):
            console.print(f"since the baseline {title}: {escape(', '.join(found) or 'none')}", highlight=False)


def _show_fuzzing(verdict: Verdict, console: Console) -> None:
    positive = sum(one.positive for one in verdict.fuzz)
    if not positive:
        return
    accepted, cases = (sum(getattr(one, name) for one in verdict.fuzz) for name in ("accepted", "cases"))
    seconds, judging = (sum(getattr(one, name) for one in verdict.fuzz) for name in ("seconds", "oracle_seconds"))
    console.print(
        f"fuzzed {cases} cases, {cases / seconds:.0f}/s in each worker; {accepted / positive:.0%} of {positive} "
        f"positive ones accepted; oracles took {judging / seconds:.0%} of the time",
        highlight=False,
    )


def _show_coverage(verdict: Verdict, known: dict[str, Any], console: Console) -> None:
    seen = verdict.exercised
    if known["unmet"]:
        console.print(f"\ncriteria met {len(known['met'])} of {len(verdict.criteria)}; not met:")
        for criterion in known["unmet"]:
            console.print(f"  [yellow]-[/] {criterion.id}: {escape(criterion.text)}", highlight=False)
    else:
        console.print(f"\ncriteria met {len(known['met'])} of {len(verdict.criteria)}")
    counted = (seen.operations, seen.statuses, seen.error_codes, seen.states, seen.invariants)
    shown = (seen.parameters, seen.values, seen.keywords)
    operations, statuses, codes, states, rules, parameters, values, keywords = (
        f"{sum(1 for times in kind.values() if times)} of {len(kind)}" for kind in (*counted, *shown)
    )
    console.print(
        f"exercised {operations} operations, {statuses} documented statuses, {codes} error codes, "
        f"{states} ways to end, {rules} invariants, {parameters} parameters, {values} enumerated values, "
        f"{keywords} keywords kept or broken; {verdict.counts.exchanges} exchanges, {verdict.counts.jobs} jobs",
        highlight=False,
    )
