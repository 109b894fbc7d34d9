"""The report of a load run: its verdict, figures, findings with the history of their jobs, and its time line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.load.run import Outcome
from benchmarks.load.thresholds import Figures
from benchmarks.load.timeline import svg
from gate.core.errors import Exit, GateError

NAME = "load"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1d2330}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #dde;text-align:right}"
    "td:first-child,th:first-child{text-align:left}pre{background:#f4f5f8;padding:.7rem;overflow-x:auto;font-size:13px}"
    ".pass{color:#1c7a3c}.broken{color:#b3261e}.unjudged{color:#8a5a00}svg{width:100%;height:auto}"
)


def verdict(outcome: Outcome) -> tuple[str, Exit, str]:
    """The verdict, its exit code, and the reason."""
    seen, wanted = outcome.figures, outcome.wanted
    number = len(outcome.judgement.groups)
    if number:
        return "broken", Exit.BROKEN, f"{number} cause{'s' if number > 1 else ''} of findings"
    if seen is not None and not wanted.causes and seen.jobs_per_second < 0.8 * wanted.rate:
        reason = f"the clients sent {seen.jobs_per_second:.0f} of {wanted.rate:g} jobs a second: give more --users"
        return "unjudged", Exit.UNJUDGED, f"{reason} or --processes"
    return "pass", Exit.PASS, "no finding"


def lines(outcome: Outcome) -> Iterator[str]:
    """The summary for a terminal."""
    name, _, reason = verdict(outcome)
    seen, judged = outcome.figures, outcome.judgement
    yield f"{name}: {reason}"
    if seen is not None:
        submissions = max(seen.milliseconds.get(name, 0.0) for name in ("submitJob", "submitCrossRegionJob"))
        yield (
            f"{judged.jobs} jobs accepted, {seen.jobs_per_second:.0f} a second; submissions p95 {submissions:.0f} ms; "
            f"{seen.refusals:.2%} refused; drained in {seen.drain_seconds:.1f} s; "
            f"memory {seen.memory:.0f} MB, {seen.memory_growth:+.0f}"
        )
    yield f"judged in {sum(judged.seconds.values()):.1f} s: all rows by SQL, {judged.sampled} jobs by every oracle"
    for group in judged.groups:
        first = group.first
        yield f"{first.code} {first.kind.title}: {first.line}"
        for other in group.consequences[:5]:
            yield f"    and {other.code} {other.line}"


def document(outcome: Outcome, command: Sequence[str]) -> dict[str, Any]:
    """The content of load.json, which a later run takes as its baseline."""
    name, _, reason = verdict(outcome)
    judged = outcome.judgement
    return {
        "verdict": name,
        "reason": reason,
        "command": shlex.join(command),
        "seed": outcome.wanted.seed,
        "figures": asdict(outcome.figures) if outcome.figures else None,
        "faults": [{**asdict(span), "begin": span.begin - outcome.began} for span in outcome.spans],
        "jobs": judged.jobs,
        "sampled": judged.sampled,
        "judging_seconds": judged.seconds,
        "findings": [[finding.as_dict() for finding in group.findings] for group in judged.groups],
        "histories": outcome.histories,
    }


def baseline(path: Path) -> Figures:
    """The figures of an earlier run; GateError where the file has none."""
    try:
        return Figures(**json.loads(path.read_text(encoding="utf-8"))["figures"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"{path} is no report of a load run: {error}.", "Name the load.json of one.") from error


def write(outcome: Outcome, command: Sequence[str], directory: Path) -> None:
    """Write load.json, load.html and timeline.svg."""
    directory.mkdir(parents=True, exist_ok=True)
    drawing = svg(outcome.answers, outcome.samples, outcome.spans)
    (directory / "timeline.svg").write_text(drawing, encoding="utf-8")
    (directory / f"{NAME}.html").write_text("\n".join(_page(outcome, command, drawing)), encoding="utf-8")
    text = json.dumps(document(outcome, command), indent=2, default=str)
    (directory / f"{NAME}.json").write_text(f"{text}\n", encoding="utf-8")


def _page(outcome: Outcome, command: Sequence[str], drawing: str) -> Iterator[str]:
    name, _, reason = verdict(outcome)
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    yield f'<meta name="viewport" content="width=device-width"><title>Load: {name}</title><style>{_STYLE}</style>'
    yield f'<h1>Load: <span class="{name}">{name}</span></h1><p>{escape(reason)}.</p>'
    yield f"<pre>{escape(shlex.join(command))}</pre>"
    yield from (f"<p>{escape(line)}</p>" for line in list(lines(outcome))[1:3])
    yield f"<h2>Time line</h2>{drawing}"
    yield from _findings(outcome)
    if outcome.figures:
        yield "<h2>Latency</h2><table><tr><th>operation<th>requests<th>p50, ms<th>p95, ms</tr>"
        for operation, value in outcome.figures.milliseconds.items():
            number, median = outcome.figures.requests[operation], outcome.figures.median[operation]
            yield f"<tr><td>{operation}<td>{number}<td>{median:.0f}<td>{value:.0f}</tr>"
        yield "</table>"
    yield "</html>"


def _findings(outcome: Outcome) -> Iterator[str]:
    for group in outcome.judgement.groups:
        first = group.first
        yield f"<h2>{first.code} {escape(first.kind.title)}</h2><p>{escape(first.kind.explanation)}</p>"
        yield f"<pre>{escape(first.where)}\nexpected {escape(first.expected)}\ngot      {escape(first.got)}</pre>"
        if group.consequences:
            yield "<p>Consequences:</p><ul>"
            yield from (f"<li>{escape(f'{each.code} {each.line}')}</li>" for each in group.consequences)
            yield "</ul>"
        jobs = dict.fromkeys(finding.resource for finding in group.findings if finding.resource in outcome.histories)
        for job in jobs:
            history = escape("\n".join(outcome.histories[job]))
            yield f"<details><summary>History of {escape(job)}</summary><pre>{history}</pre></details>"
